// Two charts on uPlot: the course of a figure, and a spark of messages a second.

import { count, NB, period, reach } from "/static/words.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const size = (node) => ({ width: Math.max(120, node.clientWidth), height: Math.max(40, node.clientHeight) });
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** Keeps a chart as large as its place, and in the colours of the scheme. */
function kept(node, make) {
  let plot = null;
  const again = () => { plot?.destroy(); plot = make(); };
  new ResizeObserver(() => (plot ? plot.setSize(size(node)) : null)).observe(node);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  return { again, get plot() { return plot; }, clear() { plot?.destroy(); plot = null; } };
}

/**
 * The course of one figure. `rows` are those of /api/cijfers, by period; a stock is a line and a
 * flow is bars, what is preliminary is dashed or pale.
 */
export function chartOf(node, readout) {
  let rows = [], flow = false;
  const chart = kept(node, () => {
    const x = rows.map((_, i) => i);
    const values = rows.map((row) => row.waarde);
    const final = rows.map((row) => (row.status === "definitief" ? row.waarde : null));
    const firstOpen = rows.findIndex((row) => row.status === "voorlopig");
    // The dashed line begins where the drawn one ends.
    const open = rows.map((row, i) => (firstOpen >= 0 && i >= firstOpen - (flow ? 0 : 1) ? row.waarde : null));
    const ink = css("--inkt-zacht"), line = css("--lijn"), mark = css("--merk"), pale = css("--merk-licht");
    const font = `${0.8 * rem()}px "Source Sans 3", system-ui, sans-serif`;
    const bars = flow ? uPlot.paths.bars({ size: [0.68, 60], radius: 0.15 }) : undefined;
    const points = { show: (u, s) => !flow && rows.length < 14, size: 0.42 * rem(), fill: mark };
    const series = (extra) => ({
      stroke: mark, width: flow ? 0 : 2.2, points, paths: bars, spanGaps: false, ...extra,
    });
    return new uPlot({
      ...size(node),
      padding: [0.6 * rem(), 2.2 * rem(), 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: !flow, size: 9 } },
      scales: {
        x: { time: false, range: () => [-0.6, Math.max(rows.length - 0.4, 1)] },
        y: { range: (u, low, high) => bounds(low ?? 0, high ?? 0, flow) },
      },
      axes: [
        {
          stroke: ink, font, grid: { show: false }, ticks: { show: false }, gap: 6,
          size: 2 * rem(), splits: () => spread(rows, node.clientWidth / (5.2 * rem())),
          values: (u, splits) => splits.map((i) => (rows[i] ? period(rows[i].periode_soort, rows[i].periode) : "")),
        },
        {
          stroke: ink, font, gap: 8, size: 3.6 * rem(), space: 2.6 * rem(),
          grid: { stroke: line, width: 1 }, ticks: { show: false },
          incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 20000, 50000],
          values: (u, splits) => splits.map((v) => count(v)),
        },
      ],
      series: [
        {},
        series({ fill: flow ? mark : undefined }),
        series({ dash: flow ? undefined : [2, 5], fill: flow ? pale : undefined }),
      ],
      hooks: { setCursor: [(u) => tell(u.cursor.idx)], draw: [(u) => strokes(u, rows, ink)] },
    }, [x, final, open], node);

    function tell(i) {
      const row = i == null ? null : rows[i];
      const when = row ? [period(row.periode_soort, row.periode), reach(row.tot_en_met)].filter(Boolean).join(" ") : "";
      readout.textContent = row ? `${when}: ${row.waarde == null ? NB : count(values[i])}` : "";
    }
  });
  return {
    draw(found, isFlow) {
      rows = found;
      flow = isFlow;
      node.hidden = false;
      chart.again();
    },
    clear() {
      chart.clear();
      node.hidden = true;
    },
  };
}

/** A flow is seen from 0; a stock that hardly moves is seen from nearer, with its scale beside it. */
function bounds(low, high, flow) {
  const top = Math.max(high * 1.04, 10);
  const near = low - 2 * (high - low);
  return [flow || near < high / 2 ? 0 : Math.floor(near), top];
}

/** A short stroke on the floor for each period of which the figure is not shown. */
function strokes(u, rows, ink) {
  const { ctx, bbox } = u, thick = Math.max(2, devicePixelRatio * 1.5);
  const half = Math.min((bbox.width / Math.max(rows.length, 1)) * 0.3, 8 * devicePixelRatio);
  ctx.save();
  ctx.fillStyle = ink;
  rows.forEach((row, i) => {
    if (row.waarde == null) ctx.fillRect(u.valToPos(i, "x", true) - half, bbox.top + bbox.height - thick, 2 * half, thick);
  });
  ctx.restore();
}

/** Places for labels below the chart: no more than fit, and the last one always. */
function spread(rows, fits) {
  const step = Math.max(1, Math.ceil(rows.length / Math.max(2, Math.floor(fits))));
  const places = [];
  for (let i = rows.length - 1; i >= 0; i -= step) places.unshift(i);
  return places;
}

/** A spark of messages a second over the last minutes. */
export function spark(node) {
  let data = [[0], [0]];
  const chart = kept(node, () => new uPlot({
    ...size(node),
    padding: [2, 0, 1, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [0, 180] }, y: { range: (u, low, high) => [0, Math.max(1, high)] } },
    axes: [{ show: false }, { show: false }],
    series: [{}, { stroke: css("--merk"), fill: css("--merk-waas"), width: 1.5, points: { show: false } }],
  }, data, node));
  return (course) => {
    const first = 180 - course.length + 1;
    data = [course.map((_, i) => first + i), course];
    if (chart.plot) chart.plot.setData(data);
    else if (node.clientWidth) chart.again();
  };
}
