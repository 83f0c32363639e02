// A data visualization block: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
import { el, table } from "./text.js";

const values = (chart) => chart.series ?? [{ name: "", data: chart.segments ?? [] }];
const labels = (chart) => chart.axis_config?.categories ?? values(chart)[0].data.map((point) => point.label);
const value = (series, label) => series.data.find((point) => point.label === label)?.value ?? 0;

function bars(chart) {
  const most = Math.max(1, ...values(chart).flatMap((series) => series.data.map((point) => point.value)));
  const bar = (series, index, label) => {
    const node = el("span", { class: `bar series-${index}`, title: `${label}, ${series.name}: ${value(series, label)}` });
    node.style.height = `${(100 * value(series, label)) / most}%`;
    return node;
  };
  const column = (label) => el("div", { class: "column" },
    el("div", { class: "bars" }, values(chart).map((series, index) => bar(series, index, label))),
    el("small", {}, label));
  return el("div", { class: "columns" }, labels(chart).map(column));
}

/** Bars are drawn; other charts are shown as a table of their values. */
export function chart(block) {
  const shown = block.chart;
  if (shown.type !== "bar") return table(["", ...values(shown).map((series) => series.name)], labels(shown).map((label) => [label, ...values(shown).map((series) => String(value(series, label)))]));
  const words = labels(shown).map((label) => `${label}: ${values(shown).map((series) => `${series.name} ${value(series, label)}`).join(", ")}`);
  return el("figure", { class: "chart" },
    el("figcaption", {}, block.title),
    el("div", { role: "img", "aria-label": `${block.title}. ${words.join("; ")}` }, bars(shown)),
    el("div", { class: "legend", "aria-hidden": "true" }, values(shown).map((series, index) => el("span", {}, el("i", { class: `series-${index}` }), series.name))));
}
