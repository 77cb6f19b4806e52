// Draws the charts of a report, in the reader's theme, and again in the light one on paper.
(function () {
  "use strict";
  const darkOfLight = JSON.parse(document.getElementById("nova-colours").textContent);
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const PAPER_PX = 690;

  function parsed(text, isDark) {
    return JSON.parse(text, function (key, value) {
      return isDark && typeof value === "string" && darkOfLight[value] ? darkOfLight[value] : value;
    });
  }

  function draw(isDark, widthPx) {
    document.querySelectorAll(".nova-figure").forEach(function (figure) {
      const chart = parsed(figure.querySelector("script").textContent, isDark);
      const place = figure.querySelector(".nova-chart");
      if (widthPx) {
        chart.layout.width = widthPx;
        chart.layout.autosize = false;
      }
      Plotly.react(place, chart.data, chart.layout, { displayModeBar: false, responsive: !widthPx });
    });
  }

  draw(prefersDark.matches);
  prefersDark.addEventListener("change", function () { draw(prefersDark.matches); });
  window.addEventListener("beforeprint", function () { draw(false, PAPER_PX); });
  window.addEventListener("afterprint", function () { draw(prefersDark.matches); });
})();
