// One list for everything that has a time. A row seeks; the list follows the player.
const send = (name, detail) => window.dispatchEvent(new CustomEvent(name, { detail }));

const TABS_PX = 54; // The choice above the list, with its gap.

const part = (kind, text, extra = "") => {
  const span = document.createElement("span");
  span.className = `${kind} ${extra}`.trim();
  // Text comes from media and models: it is only ever text, never markup.
  for (const [words, strong] of Array.isArray(text) ? text : [[text || "", false]]) {
    const node = strong ? document.createElement("b") : document.createTextNode(words);
    if (strong) node.textContent = words;
    span.append(node);
  }
  return span;
};

function build(root) {
  const list = root.querySelector("ul"), empty = root.querySelector(".empty");
  const my = { data: { items: [] }, stamp: null, current: -1, isInside: false, height: 0 };

  const row = (item, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = index === 0 ? 0 : -1;
    button.append(part("time", item.time));
    if (item.title) button.append(part("title", item.title));
    if (item.text && item.text.length) button.append(part(item.title ? "text" : "text alone", item.text));
    if (item.note) {
      const note = part("note", "", item.tag ? `tag ${item.tag}` : "");
      note.append(part("word", item.note));
      button.append(note);
    }
    button.onclick = () => choose(index);
    const line = document.createElement("li");
    line.append(button);
    return line;
  };

  const button = (index) => list.children[index]?.firstChild;

  const mark = (index) => {
    if (index === my.current) return;
    button(my.current)?.removeAttribute("aria-current");
    my.current = index;
    const now = button(index);
    if (!now) return;
    now.setAttribute("aria-current", "true");
    if (my.isInside || root.contains(root.getRootNode().activeElement)) return;
    // Only the list scrolls, never the page.
    const top = now.offsetTop, bottom = top + now.offsetHeight;
    if (top < list.scrollTop) list.scrollTop = top - 8;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight + 8;
  };

  const choose = (index) => {
    const item = my.data.items[index];
    mark(index);
    send("wb:seek", { asset: item.asset, t: item.t, id: item.id, play: Boolean(my.data.plays) });
  };

  const onTime = ({ detail }) => {
    if (!my.data.follows) return;
    const items = my.data.items;
    let at = -1;
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      if (item.asset === detail.asset && item.t <= detail.t + 0.05 && detail.t < item.end) {
        if (at < 0 || item.t >= items[at].t) at = index;
      }
    }
    mark(at);
  };

  const fit = () => {
    const most = my.data.fits ? Math.max(220, my.height || 460) : my.data.most_px;
    list.style.maxHeight = most ? `${most}px` : "none";
    list.style.height = my.data.fits && my.height ? `${Math.max(220, my.height)}px` : "";
  };
  const onSize = ({ detail }) => {
    my.height = Math.round(detail.height) - TABS_PX - (my.data.spare_px || 0);
    fit();
  };

  list.addEventListener("keydown", (event) => {
    const at = [...list.children].findIndex((line) => line.contains(event.target));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.children.length - 1 }[event.key];
    if (to === undefined || !button(to)) return;
    event.preventDefault();
    button(at).tabIndex = -1;
    button(to).tabIndex = 0;
    button(to).focus();
  });
  list.addEventListener("pointerenter", () => { my.isInside = true; });
  list.addEventListener("pointerleave", () => { my.isInside = false; });
  window.addEventListener("wb:time", onTime);
  window.addEventListener("wb:size", onSize);

  my.update = (data) => {
    my.data = data;
    root.className = `moments ${data.look} ${data.fits ? "boxed" : ""} ${data.theme}`;
    list.setAttribute("aria-label", data.label);
    if (data.stamp !== my.stamp) {
      my.stamp = data.stamp;
      my.current = -1;
      list.replaceChildren(...data.items.map(row));
      list.scrollTop = 0;
    }
    empty.hidden = data.items.length > 0;
    empty.textContent = data.empty;
    list.hidden = !data.items.length;
    fit();
    send("wb:ask", {});
  };
  my.remove = () => {
    window.removeEventListener("wb:time", onTime);
    window.removeEventListener("wb:size", onSize);
  };
  return my;
}

export default function (component) {
  const root = component.parentElement.querySelector(".moments");
  root.holder ??= build(root);
  root.holder.update(component.data);
  return () => {
    root.holder?.remove();
    root.holder = null;
  };
}
