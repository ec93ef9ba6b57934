// One camera, larger, with all its numbers; pausing asks twice.
import { ask } from "/page/api.js";
import { element, write } from "/page/element.js";
import { age, clock, count, OUTCOMES, percent, state, VALUES } from "/page/words.js";

const CLOCKS = { sender: "the camera's", arrival: "ours, at arrival" };

export class CameraDialog {
  constructor(person) {
    this.mayChange = person.role !== "viewer";
    this.node = document.getElementById("camera-dialog");
    this.node.addEventListener("close", () => { this.tile = null; });
  }

  open(tile) {
    this.tile = tile;
    this.image = element("img", { alt: `Camera ${tile.camera.id}, people pixelated` });
    this.veil = element("span", { class: "veil" });
    this.view = element("div", { class: "tile" }, element("div", { class: "view" }, this.image, this.veil));
    this.facts = element("dl");
    this.fault = element("p", { class: "fault", role: "alert" });
    this.change = element("button", { type: "button", hidden: !this.mayChange, onclick: () => this.press() });
    this.node.replaceChildren(
      element("div", { class: "top" }, element("h2", { id: "camera-dialog-title" }, `Camera ${tile.camera.id}`),
        element("button", { type: "button", onclick: () => this.node.close() }, "Close")),
      this.view, this.facts, this.change, this.fault);
    this.sure = false;
    this.tick();
    this.node.showModal();
  }

  tick() {
    if (!this.tile) return;
    const { camera, image, veil, node } = this.tile;
    if (image.src && this.image.src !== image.src) this.image.src = image.src;
    this.image.hidden = image.hidden;
    for (const name of ["not-now", "late", "resting"]) this.view.classList.toggle(name, node.classList.contains(name));
    if (this.veil.textContent !== veil.textContent) this.veil.replaceChildren(...[...veil.childNodes].map((part) => part.cloneNode(true)));
    this.write([
      ["State", `${state(camera)}${camera.trouble ? `: ${camera.trouble}` : ""}`],
      ["Newest picture analysed", camera.frame_age_s == null ? "none yet" : `${age(this.tile.ageS)} ago (95 % within ${age(camera.age_p95_s)})`],
      ["Analysed", `${camera.rate_hz.toFixed(1)} a second; worth: ${VALUES[camera.value] ?? camera.value}`],
      ...(camera.input_work < 1 ? [["Coarser for now", `capacity is short: looked at with ${percent(camera.input_work)} of the usual work, small people are missed`]] : []),
      ...Object.entries(OUTCOMES).filter(([key]) => camera.frames[key]).map(([key, words]) => [`Frames ${words}`, camera.frames[key].toLocaleString("en").replaceAll(",", "\u202F")]),
      ["Stream", `${camera.address}, opened ${count(camera.openings, "time")}, ${count(camera.broken, "broken packet")}`],
      ["Picture", camera.source_size_px ? `${camera.source_size_px.join(" \u00D7 ")} pixels; clock: ${CLOCKS[camera.clock] ?? "not known"}` : "none came yet"],
      ["Read by", `${camera.reader}, told at ${clock(camera.told_at)}`],
    ]);
    const paused = camera.idle_reason === "paused";
    if (!this.busy) write(this.change, paused ? "Resume" : this.sure ? "Yes, stop looking at this camera" : "Pause this camera");
  }

  write(rows) {
    const text = rows.flat().join("|");
    if (text === this.written) return;
    this.written = text;
    this.facts.replaceChildren(...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  }

  async press() {
    const { camera } = this.tile;
    const paused = camera.idle_reason === "paused";
    if (!paused && !this.sure) { this.sure = true; this.tick(); return; }
    this.busy = this.change.disabled = true;
    try {
      const answer = await ask(`cameras/${encodeURIComponent(camera.id)}/${paused ? "resume" : "pause"}`, { method: "POST" });
      if (this.tile) Object.assign(this.tile, { camera: await answer.json(), readAt: performance.now() });
      write(this.fault, "");
    } catch (error) {
      write(this.fault, error.message);
    }
    this.busy = this.change.disabled = this.sure = false;
    this.tick();
  }
}
