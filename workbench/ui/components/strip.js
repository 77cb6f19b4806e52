// Pictures of a film and its loudness, on the time axis of a chart. A click seeks ("wb:seek"), a
// line shows where the player is ("wb:time"), and the pointer is followed by the picture it is at.
const SVG = "http://www.w3.org/2000/svg";
const LANE_PX = 54, SPACE_PX = 72, MARGIN_PX = 8, COLUMNS = 1200;

const send = (name, detail) => window.dispatchEvent(new CustomEvent(name, { detail }));

const clock = (moment) => {
  const whole = Math.floor(moment), two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

// One curve above and below the middle, from the largest value in each column.
const curve = (values, loudest) => {
  const count = Math.min(COLUMNS, values.length), up = [], down = [];
  for (let column = 0; column < count; column += 1) {
    const from = Math.floor((column * values.length) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / count));
    const half = Math.max(0.4, (Math.max(...values.slice(from, to)) / loudest) * 50);
    up.push(`${column} ${(50 - half).toFixed(1)} ${column + 1} ${(50 - half).toFixed(1)}`);
    down.unshift(`${column + 1} ${(50 + half).toFixed(1)} ${column} ${(50 + half).toFixed(1)}`);
  }
  return { count, path: `M${up.join(" ")} ${down.join(" ")}Z` };
};

function build(root) {
  const find = (name) => root.querySelector(name);
  const rows = { pictures: find(".pictures"), sound: find(".sound") };
  const lanes = { pictures: find(".pictures .lane"), sound: find(".sound .lane") };
  const head = find(".head"), glimpse = find(".glimpse");
  const my = { data: {}, from: {}, strip: null, place: null, t: null };

  const axis = () => {
    const plot = document.querySelector(`.st-key-${CSS.escape(my.data.chart_key)} .js-plotly-plot`);
    const x = plot?._fullLayout?.xaxis;
    if (x && x._length > 0) return { left: x._offset, width: x._length };
    return { left: SPACE_PX, width: Math.max(0, root.clientWidth - SPACE_PX - MARGIN_PX) };
  };

  const shownAt = (moment) => Math.max(0, my.strip.moments.findLastIndex((s) => s <= moment + 0.001));

  // One cell of the sheet, at a height.
  const paint = (place, number, height) => {
    const { cell, columns, moments, picture } = my.strip;
    const width = (cell[0] * height) / cell[1], lines = Math.ceil(moments.length / columns);
    Object.assign(place.style, {
      width: `${width}px`, height: `${height}px`, backgroundImage: `url("${picture}")`,
      backgroundSize: `${columns * width}px ${lines * height}px`,
      backgroundPosition: `${-(number % columns) * width}px ${-Math.floor(number / columns) * height}px`,
    });
  };

  const drawPictures = () => {
    const { width } = my.place, each = (my.strip.cell[0] * LANE_PX) / my.strip.cell[1];
    const count = Math.ceil(width / each);
    lanes.pictures.replaceChildren(...Array.from({ length: count }, (_, number) => {
      const place = document.createElement("i");
      paint(place, shownAt((Math.min(1, ((number + 0.5) * each) / width)) * my.data.duration), LANE_PX);
      place.style.left = `${number * each}px`;
      return place;
    }));
  };

  const drawSound = (told) => {
    const picture = document.createElementNS(SVG, "svg"), loudest = Math.max(26, ...told.peaks);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.setAttribute("aria-hidden", "true");
    for (const name of ["peaks", "loudness"]) {
      const { count, path } = curve(told[name], loudest), part = document.createElementNS(SVG, "path");
      picture.setAttribute("viewBox", `0 0 ${count} 100`);
      part.setAttribute("d", path);
      part.setAttribute("class", name);
      picture.append(part);
    }
    lanes.sound.replaceChildren(picture);
  };

  const drawHead = () => {
    const { duration, playhead } = my.data, isShown = my.t !== null && !(rows.pictures.hidden && rows.sound.hidden);
    head.hidden = !isShown || !my.place;
    if (head.hidden) return;
    const x = my.place.left + (Math.min(my.t, duration) / duration) * my.place.width;
    Object.assign(head.style, { left: `${x - 1}px`, background: playhead });
  };

  const draw = () => {
    const place = axis();
    if (my.place?.left === place.left && my.place?.width === place.width) return;
    my.place = place;
    for (const name of ["pictures", "sound"]) {
      rows[name].firstElementChild.style.width = `${place.left}px`;
      lanes[name].style.width = `${place.width}px`;
    }
    if (my.strip) drawPictures();
    drawHead();
  };

  const fetched = async (address) => {
    try {
      const answer = await fetch(address);
      return answer.ok ? await answer.json() : {};
    } catch {
      return {};
    }
  };

  const load = async (name, show) => {
    const address = my.data[name];
    if (my.from[name] === address) return;
    my.from[name] = address;
    lanes[name].replaceChildren();
    // Its room is kept while it is fetched; where there is nothing, the lane goes.
    rows[name].hidden = !address;
    const told = address ? await fetched(address) : {};
    if (my.from[name] !== address) return;
    rows[name].hidden = !(told.moments || told.peaks);
    if (!rows[name].hidden) show(told);
    drawHead();
  };

  const momentAt = (event) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return (Math.min(1, Math.max(0, (event.clientX - left) / width))) * my.data.duration;
  };

  for (const lane of Object.values(lanes)) {
    lane.addEventListener("click", (event) => send("wb:seek", { asset: my.data.asset, t: momentAt(event) }));
    lane.addEventListener("pointermove", (event) => {
      const moment = momentAt(event);
      glimpse.hidden = false;
      glimpse.lastElementChild.textContent = clock(moment);
      glimpse.firstElementChild.hidden = !my.strip;
      if (my.strip) paint(glimpse.firstElementChild, shownAt(moment), 90);
      const box = root.getBoundingClientRect(), half = glimpse.offsetWidth / 2;
      const x = Math.min(box.width - half, Math.max(half, event.clientX - box.left));
      glimpse.style.left = `${x - half}px`;
    });
    lane.addEventListener("pointerleave", () => { glimpse.hidden = true; });
  }

  const onTime = ({ detail }) => {
    if (detail.asset !== my.data.asset) return;
    my.t = detail.t;
    drawHead();
  };
  window.addEventListener("wb:time", onTime);
  window.addEventListener("resize", draw);
  // The chart whose axis this takes is drawn later, and again when its lanes change.
  const timer = window.setInterval(draw, 300);

  my.update = (data) => {
    if (my.data.asset !== data.asset) my.strip = null;
    my.data = data;
    root.style.setProperty("--peaks", data.peaks);
    root.style.setProperty("--loudness", data.loudness);
    draw();
    const every = clock(data.duration);
    lanes.pictures.setAttribute("aria-label", `Pictures of the film over its ${every}`);
    lanes.sound.setAttribute("aria-label", `How loud it is over its ${every}`);
    load("pictures", (told) => { my.strip = told; drawPictures(); });
    load("sound", drawSound);
    send("wb:ask", {});
  };
  my.remove = () => {
    window.clearInterval(timer);
    window.removeEventListener("wb:time", onTime);
    window.removeEventListener("resize", draw);
  };
  return my;
}

export default function (component) {
  const root = component.parentElement.querySelector(".strip");
  root.holder ??= build(root);
  root.holder.update(component.data);
  return () => {
    root.holder?.remove();
    root.holder = null;
  };
}
