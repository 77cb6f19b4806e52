// A video or sound with its chapters. It listens to "wb:seek" and says "wb:time" and "wb:size".
// Nothing is sent to the server while it plays.
const send = (name, detail) => window.dispatchEvent(new CustomEvent(name, { detail }));

const clock = (moment) => {
  const whole = Math.floor(moment || 0), two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

const isTyping = (event) => {
  const at = event.composedPath()[0];
  return event.ctrlKey || event.metaKey || event.altKey || (at && at.matches &&
    at.matches("input, textarea, select, [contenteditable], [role=combobox], [role=slider]"));
};

function build(root) {
  const find = (name) => root.querySelector(name);
  const video = find("video"), bar = find(".bar");
  const my = { data: {}, source: null, wanted: null, last: null, playWhenReady: false, n: null, act: () => {} };

  const chapterAt = (moment) => my.source.chapters.findLastIndex((c) => c.start <= moment + 0.05);

  const show = () => {
    const moment = my.wanted ?? video.currentTime, at = chapterAt(moment), chapters = my.source.chapters;
    const length = my.source.duration || video.duration || 0;
    find(".clock").textContent = `${clock(moment)} / ${clock(length)}`;
    find(".chapter").textContent = at >= 0 ? `${at + 1}. ${chapters[at].title}` : "";
    chapters.forEach((c, index) => {
      const share = Math.min(1, Math.max(0, (moment - c.start) / Math.max(0.01, c.end - c.start)));
      bar.children[index].firstChild.style.width = `${share * 100}%`;
    });
    find(".previous").disabled = !chapters.length;
    find(".next").disabled = !chapters.length || at >= chapters.length - 1;
    send("wb:time", { asset: my.source.asset, t: moment });
  };

  const load = (source) => {
    my.source = source;
    find(".trouble").hidden = true;
    video.replaceChildren();
    if (source.captions) {
      const track = document.createElement("track");
      Object.assign(track, { kind: "captions", src: source.captions, label: "Captions" });
      if (source.language) track.srclang = source.language;
      video.append(track);
    }
    video.poster = source.poster || "";
    video.src = source.src;
    video.setAttribute("aria-label", source.title);
    drawBar();
  };

  const drawBar = () => {
    const chapters = my.source.chapters;
    bar.replaceChildren(...chapters.map((c, index) => {
      const part = document.createElement("button");
      part.type = "button";
      part.tabIndex = -1;
      part.style.flex = `${Math.max(0.01, c.end - c.start)} 1 0`;
      part.title = `${clock(c.start)} ${c.title}`;
      part.setAttribute("aria-label", `Chapter ${index + 1}, ${clock(c.start)}, ${c.title}`);
      part.append(document.createElement("i"));
      part.onclick = () => seek({ asset: my.source.asset, t: c.start });
      return part;
    }));
  };

  const remember = (detail) => {
    const name = my.data.link_key;
    if (!name || !detail) return;
    my.last = detail;
    const value = name === "t" ? String(Math.floor(detail.t)) : detail.id;
    if (!value) return;
    const url = new URL(window.location.href);
    url.searchParams.set(name, value);
    window.history.replaceState(window.history.state, "", url);
  };

  const seek = (detail) => {
    if (!detail || !Number.isFinite(detail.t)) return;
    if (detail.asset !== my.source.asset) {
      const other = (my.data.sources || {})[detail.asset];
      if (!other) return;
      load(other);
    }
    my.playWhenReady = Boolean(detail.play);
    if (video.readyState >= 1) {
      my.wanted = null;
      video.currentTime = detail.t;
      if (my.playWhenReady) video.play().catch(() => {});
    } else {
      my.wanted = detail.t;
    }
    remember(detail);
    show();
  };

  const step = (by) => {
    const moment = video.currentTime, chapters = my.source.chapters;
    if (!chapters.length) return;
    let to = chapterAt(moment) + by;
    // "Previous" goes to the start of a chapter first, as players do.
    if (by < 0 && moment - (chapters[to + 1]?.start ?? 0) > 3) to += 1;
    const chapter = chapters[Math.max(0, to)];
    if (chapter) seek({ asset: my.source.asset, t: chapter.start });
  };

  const link = () => {
    const url = new URL(window.location.href);
    if (my.data.link_key === "t") url.searchParams.set("t", String(Math.floor(video.currentTime)));
    return url.href;
  };

  const copy = async () => {
    const button = find(".copy");
    try {
      await navigator.clipboard.writeText(link());
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy link"; }, 1500);
    } catch {
      window.prompt("Link to this moment", link());
    }
  };

  const keys = {
    k: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
    j: () => { video.currentTime = Math.max(0, video.currentTime - 5); },
    l: () => { video.currentTime += 5; },
    "[": () => step(-1),
    "]": () => step(1),
  };
  const onKey = (event) => {
    if (isTyping(event) || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };
  const onSeek = (event) => seek(event.detail);
  const size = () => send("wb:size", { height: root.getBoundingClientRect().height });
  const onAsk = () => { size(); show(); };
  const watch = new ResizeObserver(size);

  video.addEventListener("loadedmetadata", () => {
    if (my.wanted !== null) video.currentTime = my.wanted;
    my.wanted = null;
    if (my.playWhenReady) video.play().catch(() => {});
    show();
  });
  for (const name of ["timeupdate", "seeked", "play", "pause"]) video.addEventListener(name, show);
  video.addEventListener("error", () => {
    const note = find(".trouble");
    note.textContent = "This browser cannot play the file. A preview proxy can be played: Library, Make proxies.";
    note.hidden = !video.src;
  });
  find(".previous").onclick = () => step(-1);
  find(".next").onclick = () => step(1);
  find(".copy").onclick = copy;
  find(".open").onclick = () =>
    my.act("open", { asset: my.source.asset, t: Math.floor(video.currentTime) });
  window.addEventListener("wb:seek", onSeek);
  window.addEventListener("wb:ask", onAsk);
  document.addEventListener("keydown", onKey);
  watch.observe(root);

  my.update = (data, act) => {
    const first = my.source === null;
    my.data = data;
    my.act = act;
    root.classList.toggle("dark", data.theme === "dark");
    const open = find(".open");
    open.hidden = !data.open_label;
    open.textContent = data.open_label || "";
    const moved = first || data.n !== my.n || data.source.asset !== my.data_asset;
    my.n = data.n;
    my.data_asset = data.source.asset;
    if (first || (moved && data.source.asset !== my.source.asset)) load(data.source);
    else if (data.source.asset === my.source.asset) {
      // Chapters may change (another analysis); the video element and its position stay.
      my.source = data.source;
      drawBar();
    }
    if (moved && data.start !== null && (data.start > 0 || !first)) {
      const stay = my.data.link_key;
      my.data = { ...data, link_key: null };
      seek({ asset: my.source.asset, t: data.start });
      my.data = { ...data, link_key: stay };
    }
    if (moved) my.last = null;
    // Streamlit writes the address anew when a choice changes, with a moment it knew before.
    setTimeout(() => remember(my.last), 400);
    show();
    size();
  };
  my.remove = () => {
    window.removeEventListener("wb:seek", onSeek);
    window.removeEventListener("wb:ask", onAsk);
    document.removeEventListener("keydown", onKey);
    watch.disconnect();
    video.removeAttribute("src");
    video.load();
  };
  return my;
}

export default function (component) {
  const root = component.parentElement.querySelector(".player");
  root.holder ??= build(root);
  root.holder.update(component.data, (name, value) => component.setTriggerValue(name, value));
  return () => {
    root.holder?.remove();
    root.holder = null;
  };
}
