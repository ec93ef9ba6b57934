// Load of the whole site: frames due and analysed over the last five minutes, what was kept, the sinks.
import { drawn, element } from "/page/element.js";
import { duration, percent, VALUES } from "/page/words.js";

const SPAN_S = 300, WIDTH = 640, HEIGHT = 130, LEFT = 34, BOTTOM = 18, TOP = 8;

export class LoadView {
  constructor() {
    this.node = document.getElementById("load");
    this.past = [];
  }

  update(fleet, nowS) {
    this.past.push({ at: nowS, offered: fleet.offered_per_s, analysed: fleet.analysed_per_s });
    while (this.past[0].at < nowS - SPAN_S) this.past.shift();
    this.node.replaceChildren(
      element("ul", { class: "legend" },
        element("li", { class: "offered" }, element("i"), `due: ${fleet.offered_per_s.toFixed(1)} frames a second`),
        element("li", {}, element("i"), `analysed: ${fleet.analysed_per_s.toFixed(1)}`),
        element("li", {}, `given up: ${fleet.shed_per_s.toFixed(1)}`)),
      this.chart(nowS), shares(fleet), sinks(fleet.sinks));
  }

  chart(nowS) {
    const top = niceTop(Math.max(...this.past.map((each) => each.offered), 1));
    const x = (at) => LEFT + (WIDTH - LEFT - 4) * (1 - (nowS - at) / SPAN_S);
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(1, value / top));
    const line = (key) => this.past.map((each) => `${x(each.at).toFixed(1)},${y(each[key]).toFixed(1)}`).join(" ");
    const first = x(this.past[0].at).toFixed(1), last = x(nowS).toFixed(1);
    const rows = [0, top / 2, top].flatMap((value) => [
      drawn("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
      drawn("text", { class: "end", x: LEFT - 5, y: y(value) + 4 }, `${value}`)]);
    const told = `Frames a second over five minutes: due and analysed, now ${this.past.at(-1).offered.toFixed(1)} and ${this.past.at(-1).analysed.toFixed(1)}`;
    return element("figure", { class: "figure" }, drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told }, ...rows,
      drawn("polygon", { class: "analysed", points: `${first},${y(0)} ${line("analysed")} ${last},${y(0)}` }),
      drawn("polyline", { class: "offered", points: line("offered") }),
      drawn("text", { x: LEFT, y: HEIGHT - 3 }, "5 min ago"), drawn("text", { class: "end", x: WIDTH - 4, y: HEIGHT - 3 }, "now")));
  }
}

function niceTop(largest) {
  const step = 10 ** Math.floor(Math.log10(largest));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((times) => times * step).find((top) => top >= largest) ?? 10 * step;
}

function shares({ kept_share: kept }) {
  const rows = Object.keys(VALUES).filter((value) => value in kept).flatMap((value) => [
    element("span", {}, `${VALUES[value]} cameras`),
    element("meter", { min: 0, max: 1, low: 0.5, high: 0.9, optimum: 1, value: kept[value], "aria-label": `frames kept of ${VALUES[value]} cameras` }),
    element("b", {}, `${percent(kept[value])} kept`)]);
  return element("div", { class: "shares" }, ...rows);
}

function sinks(all) {
  const told = (sink) => [
    `${sink.delivered.toLocaleString("en").replaceAll(",", "\u202F")} delivered`,
    sink.waiting ? `${sink.waiting} waiting${sink.oldest_s ? ` for ${duration(sink.oldest_s)}` : ""}` : null, sink.dead ? `${sink.dead} given up` : null, sink.lost ? `${sink.lost} lost` : null, sink.trouble].filter(Boolean).join(", ");
  return element("ul", { class: "sinks" }, ...all.map((sink) =>
    element("li", { class: sink.trouble || sink.dead || sink.lost ? "warn" : null }, `Receiver ${sink.name}: ${told(sink)}`)));
}
