// The programme the scaling policy plans with: what is planned when, and a button for when it really is.
import { ask, read } from "/page/api.js";
import { element, write } from "/page/element.js";
import { clock } from "/page/words.js";

const EVERY_MS = 10000;

export class ProgrammeView {
  constructor(person) {
    this.mayChange = person.role !== "viewer";
    this.section = document.getElementById("programme");
    this.list = document.getElementById("moments");
    this.fault = document.getElementById("programme-fault");
    this.sure = null;
    this.readAt = -EVERY_MS;
  }

  async update() {
    if (performance.now() - this.readAt < EVERY_MS) return;
    this.readAt = performance.now();
    this.show((await read("moments")).moments);
  }

  show(moments) {
    const told = JSON.stringify([moments, this.sure]);
    this.moments = moments;
    this.section.hidden = moments.length === 0;
    if (told === this.told) return;
    this.told = told;
    this.list.replaceChildren(...moments.map((moment) => this.row(moment)));
  }

  row(moment) {
    const name = moment.name.replaceAll("_", " "), at = (text) => clock(Date.parse(text) / 1000);
    const words = moment.real_at ? "As planned again" : this.sure === moment.name ? `Yes, ${name} is now` : "It is now";
    return element("li", {},
      element("b", {}, name), element("span", {}, `planned ${at(moment.planned_at)}`),
      element("span", { class: moment.real_at ? "real" : null }, moment.real_at ? `really ${at(moment.real_at)}` : ""),
      element("button", { type: "button", hidden: !this.mayChange, "aria-label": `${name}: ${words}`, onclick: () => this.press(moment) }, words));
  }

  async press(moment) {
    const takesBack = Boolean(moment.real_at);
    if (!takesBack && this.sure !== moment.name) { this.sure = moment.name; this.show(this.moments); return; }
    this.sure = null;
    try {
      await ask(`moments/${encodeURIComponent(moment.name)}`, takesBack ? { method: "DELETE" } : { method: "PUT", body: {} });
      write(this.fault, "");
    } catch (error) {
      write(this.fault, error.message);
    }
    this.readAt = -EVERY_MS;
    await this.update();
  }
}
