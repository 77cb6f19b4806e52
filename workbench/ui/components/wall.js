// All assets as cards, however many: pictures are fetched as they come near, cards drawn as they come into sight.
const FIRST = 48; // More than a screen of cards: what is seen is not waiting for the rest.
const AT_ONCE = 250;

const part = (kind, text, tag = "span") => {
  const node = document.createElement(tag);
  node.className = kind;
  // Names come from files: they are only ever text, never markup.
  node.textContent = text;
  return node;
};

const icon = (name) => {
  const node = part("icon", name);
  node.setAttribute("aria-hidden", "true");
  node.translate = false;
  return node;
};

const row = (...parts) => {
  const node = part("row", "", "div");
  node.append(...parts);
  return node;
};

function build(root) {
  const my = { stamp: null, open: () => {} };

  const card = (item, data) => {
    const line = document.createElement("li");
    const picture = document.createElement("img");
    picture.loading = "lazy";
    picture.decoding = "async";
    picture.alt = item.alt;
    picture.src = data.poster.replace("{id}", item.id);
    const link = part("name", item.name, "a");
    link.href = data.href.replace("{id}", item.id);
    link.title = item.name;
    link.onclick = (event) => {
      // With a key held the browser opens a tab of its own.
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      my.open(item.id);
    };
    const look = data.looks[item.state];
    const badge = part(`badge ${look.colour}`, "");
    badge.append(icon(look.icon), part("word", item.word || look.word));
    if (item.help) badge.title = item.help;
    const shape = part("shape", "");
    shape.append(icon(data.kinds[item.kind]), part("", item.shape));
    const sizes = row(part("size", item.size));
    if (item.saved) sizes.append(part(item.saved.endsWith("smaller") ? "saved" : "", item.saved));
    line.append(picture, link, row(badge, shape), sizes);
    return line;
  };

  my.update = (data, open) => {
    my.open = open;
    root.setAttribute("aria-label", data.label);
    if (data.stamp === my.stamp) return;
    my.stamp = data.stamp;
    const add = (from, count) => {
      if (my.stamp !== data.stamp) return; // others are shown by now
      root.append(...data.items.slice(from, from + count).map((item) => card(item, data)));
      if (from + count < data.items.length) setTimeout(() => add(from + count, AT_ONCE), 0);
    };
    root.replaceChildren();
    add(0, FIRST);
  };
  return my;
}

export default function (component) {
  const root = component.parentElement.querySelector(".wall");
  root.holder ??= build(root);
  root.holder.update(component.data, (id) => component.setTriggerValue("open", id));
  return () => { root.holder = null; };
}
