// Ties a plotly chart to the player: a click seeks, a line shows where the player is.
// It has no look of its own. `customdata[0]` of a mark is its second.
const send = (name, detail) => window.dispatchEvent(new CustomEvent(name, { detail }));

function build() {
  const my = { data: {}, plot: null, line: null, t: null };

  const onClick = (event) => {
    const seconds = event.points?.[0]?.customdata?.[0];
    if (Number.isFinite(seconds)) send("wb:seek", { asset: my.data.asset, t: seconds });
  };

  const attach = () => {
    const plot = document.querySelector(`.st-key-${CSS.escape(my.data.chart_key)} .js-plotly-plot`);
    if (!plot || !plot._fullLayout?.xaxis) return false;
    if (plot !== my.plot || !my.line.isConnected) {
      my.line?.remove();
      my.plot = plot;
      my.line = document.createElement("div");
      my.line.className = "wb-playhead";
      my.line.setAttribute("aria-hidden", "true");
      plot.style.position = "relative";
      plot.append(my.line);
    }
    plot.removeListener?.("plotly_click", onClick);
    plot.on("plotly_click", onClick);
    return true;
  };

  const draw = () => {
    if (my.t === null || !attach()) return;
    const { xaxis, _size: size } = my.plot._fullLayout;
    const x = xaxis._offset + xaxis.l2p(my.t);
    Object.assign(my.line.style, {
      position: "absolute", width: "2px", pointerEvents: "none", background: my.data.colour,
      left: `${x - 1}px`, top: `${size.t}px`, height: `${size.h}px`,
    });
  };

  const onTime = ({ detail }) => {
    if (detail.asset !== my.data.asset) return;
    my.t = detail.t;
    draw();
  };
  window.addEventListener("wb:time", onTime);
  window.addEventListener("resize", draw);
  // The chart is drawn after this component, and again when its lanes change.
  const timer = window.setInterval(draw, 500);

  my.update = (data) => {
    my.data = data;
    send("wb:ask", {});
    draw();
  };
  my.remove = () => {
    window.clearInterval(timer);
    window.removeEventListener("wb:time", onTime);
    window.removeEventListener("resize", draw);
    my.plot?.removeListener?.("plotly_click", onClick);
    my.line?.remove();
  };
  return my;
}

export default function (component) {
  const root = component.parentElement.querySelector(".link");
  root.holder ??= build();
  root.holder.update(component.data);
  return () => {
    root.holder?.remove();
    root.holder = null;
  };
}
