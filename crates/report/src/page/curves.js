// Learning curves: one chart for every number that `metrics.jsonl` has.

/** Titles by key; `nameCurves` adds those of the metrics. */
const CURVES = { loss: "Loss" };

/** Names the curves of the rows of the table of metrics. */
function nameCurves(metrics) {
  for (const { epoch_name, short_label } of metrics) CURVES[epoch_name] = `${short_label[0].toUpperCase()}${short_label.slice(1)}, %`;
  Object.assign(CURVES, { lr: "Learning rate", seconds: "Seconds per epoch" });
}

/** The metrics with the one first that the best epoch is chosen by. */
function mainFirst(metrics) {
  const main = metrics.filter((metric) => metric.chooses).at(-1);
  return [main, ...metrics.filter((metric) => metric !== main)];
}

/** All charts of the page, also for who looks from outside. */
const charts = [];

/** Names of the numbers in `rows`, the known ones first. */
function metricNames(rows) {
  const found = new Set();
  for (const row of rows) {
    for (const [key, value] of Object.entries(row)) if (typeof value === "number" && key !== "epoch") found.add(key);
  }
  const known = Object.keys(CURVES);
  const place = (key) => (known.includes(key) ? known.indexOf(key) : known.length);
  return [...found].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** The values of `key` at `epochs` on one split; 100 times where it is a fraction. */
function valuesOf(rows, split, key, epochs) {
  const factor = /, %$/.test(CURVES[key] || "") ? 100 : 1;
  const values = new Map();
  for (const row of rows) if (row.split === split && typeof row[key] === "number") values.set(row.epoch, factor * row[key]);
  return values.size ? epochs.map((epoch) => values.get(epoch) ?? null) : null;
}

const epochsOf = (rows) => [...new Set(rows.map((row) => row.epoch))].sort((a, b) => a - b);

/** One chart: `lines` have label, values, the name of a colour and perhaps a dash; `best` is an epoch to be marked. */
function chart(title, epochs, lines, best) {
  const box = make("div");
  const legend = lines.map((line, index) => {
    const value = make("b");
    const button = make("button", {
      type: "button", class: "line", "aria-pressed": true, title: "show or hide",
      onclick: () => {
        const show = button.getAttribute("aria-pressed") === "false";
        button.setAttribute("aria-pressed", show);
        line.hidden = !show;
        plot.setSeries(index + 1, { show });
      },
    }, make("i", { style: { "border-color": `var(${line.color})`, "border-top-style": line.dash ? "dashed" : "solid" } }), line.label, value);
    return { button, value };
  });
  const tell = (plot) => {
    const at = plot.cursor.idx;
    for (const [index, line] of lines.entries()) {
      const last = line.values.findLastIndex((value) => value !== null);
      legend[index].value.textContent = short(line.values[at === null || at === undefined ? last : at] ?? undefined);
    }
  };
  let plot = null;
  const build = () => {
    if (plot) plot.destroy();
    const axis = { stroke: color("--muted"), font: "12px system-ui", ticks: { show: false }, grid: { stroke: color("--line"), width: 1 } };
    plot = new uPlot({
      width: Math.max(240, box.clientWidth || 430), height: 220, legend: { show: false }, padding: [10, 8, 0, 0],
      cursor: { sync: { key: "epochs", setSeries: false }, y: false, points: { size: 7 } },
      scales: { x: { time: false, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) } },
      series: [{ label: "epoch" }, ...lines.map((line) => ({
        label: line.label, stroke: color(line.color), width: line.thin ? 1.4 : 2, dash: line.dash, spanGaps: true, show: !line.hidden,
        points: { show: epochs.length < 16, size: 5, fill: color("--card") },
      }))],
      axes: [
        { ...axis, size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], label: "epoch", labelSize: 16, labelFont: "12px system-ui", labelGap: -2 },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => short(tick)) },
      ],
      hooks: {
        setCursor: [tell],
        draw: [(plot) => {
          if (!best) return;
          const left = plot.valToPos(best, "x", true);
          const { ctx, bbox } = plot;
          ctx.save();
          ctx.strokeStyle = ctx.fillStyle = color("--muted");
          ctx.setLineDash([2, 4]);
          ctx.beginPath();
          ctx.moveTo(left, bbox.top);
          ctx.lineTo(left, bbox.top + bbox.height);
          ctx.stroke();
          ctx.font = `${11 * devicePixelRatio}px system-ui`;
          const right = left > bbox.left + bbox.width / 2;
          ctx.textAlign = right ? "right" : "left";
          ctx.fillText("best", left + (right ? -4 : 4) * devicePixelRatio, bbox.top + bbox.height - 6 * devicePixelRatio);
          ctx.restore();
        }],
      },
    }, [epochs, ...lines.map((line) => line.values)], box);
    tell(plot);
  };
  const entry = { title, lines, epochs, build, box, get plot() { return plot; } };
  charts.push(entry);
  return make("div", { class: "chart" }, make("div", { class: "head" }, make("h3", null, title), make("div", { class: "lines" }, legend.map((line) => line.button))), box);
}

/** Draws the charts, which must be on the page by now, and draws them again when the page changes. */
function buildCharts() {
  for (const chart of charts) chart.build();
}
dark.addEventListener("change", buildCharts);
let resized = 0;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => {
    for (const { plot, box } of charts) if (plot && box.clientWidth && box.clientWidth !== plot.width) plot.setSize({ width: box.clientWidth, height: 220 });
  }, 80);
});
