// The camera wall. Every tile says how old its picture is, and greys what is not of now.
import { ask } from "/page/api.js";
import { arrange, element, write } from "/page/element.js";
import { age, percent, state, VALUES } from "/page/words.js";

const LATE_S = 2, STALE_S = 5;
const AT_ONCE = 3;  // a browser keeps six connections to one server; the events hold one

export class CameraWall {
  constructor({ previewHz, situationsOf, onOpen }) {
    this.periodMs = 1000 / Math.min(1, previewHz);
    this.situationsOf = situationsOf;
    this.onOpen = onOpen;
    this.tiles = new Map();
    this.wall = document.getElementById("wall");
    for (let lane = 0; lane < AT_ONCE; lane += 1) this.fetchOn();
  }

  update(cameras) {
    const readAt = performance.now();
    for (const camera of cameras) {
      if (!this.tiles.has(camera.id)) this.tiles.set(camera.id, new CameraTile(camera, this.onOpen));
      Object.assign(this.tiles.get(camera.id), { camera, readAt });
    }
    const ids = new Set(cameras.map((camera) => camera.id));
    for (const [id, tile] of this.tiles) if (!ids.has(id)) { tile.forget(); this.tiles.delete(id); }
    arrange(this.wall, cameras.map((camera) => this.tiles.get(camera.id).node));
    this.tick();
  }

  /** Lets time pass: pictures grow old even when nobody answers. */
  tick() {
    for (const tile of this.tiles.values()) tile.show(this.situationsOf(tile.camera.id));
  }

  /** Returns how many cameras show what is there now. */
  fresh() {
    return [...this.tiles.values()].filter((tile) => tile.isOfNow).length;
  }

  async fetchOn() {
    for (;;) {
      const due = [...this.tiles.values()].filter((tile) => tile.isDue(this.periodMs)).sort((a, b) => a.askedAt - b.askedAt)[0];
      if (due && !document.hidden) await due.fetch();
      else await new Promise((go) => setTimeout(go, 60));
    }
  }
}

class CameraTile {
  constructor(camera, onOpen) {
    this.camera = camera;
    this.askedAt = -Infinity;
    this.image = element("img", { alt: "", hidden: true });
    this.veil = element("span", { class: "veil" });
    this.watched = element("span", { class: "watched" });
    [this.age, this.state, this.kept, this.worth] = ["age", "state", "kept", "worth"].map((name) => element("span", { class: name }));
    this.button = element("button", { type: "button", onclick: () => onOpen(camera.id) },
      element("span", { class: "view" }, this.image, this.veil, this.watched),
      element("span", { class: "tile-text" },
        element("span", { class: "name" }, element("b", {}, camera.id), this.age),
        this.state, element("br"), this.worth, this.kept));
    for (const part of this.button.children) part.style.display = "block";
    this.node = element("li", { class: "tile", "data-camera": camera.id }, this.button);
  }

  get ageS() {
    const { frame_age_s: known } = this.camera;
    return known == null ? null : known + (performance.now() - this.readAt) / 1000;
  }

  get isResting() {
    return this.camera.state === null;
  }

  get isOfNow() {
    return !this.isResting && this.ageS !== null && this.ageS <= STALE_S && !this.isFrozen;
  }

  show(situations) {
    const { camera } = this;
    this.isFrozen = situations.some((each) => each.situation === "camera_health" && each.place === "frozen");
    this.node.classList.toggle("resting", this.isResting);
    this.node.classList.toggle("not-now", !this.isOfNow);
    this.node.classList.toggle("late", this.isOfNow && this.ageS > LATE_S);
    write(this.age, age(this.isResting ? null : this.ageS));
    if (this.isResting) write(this.age, "resting");
    const rate = camera.rate_hz > 0 && this.isOfNow ? `, ${camera.rate_hz.toFixed(1)} a second` : "";
    const past = this.isFrozen ? "live, but frozen" : "was live";
    write(this.state, this.isOfNow || camera.state !== "live" ? `${state(camera)}${rate}` : past);
    write(this.worth, VALUES[camera.value] ?? camera.value);
    write(this.kept, camera.offered ? `${percent(camera.frames.analysed / Math.max(1, camera.offered - camera.frames.in_flight))} of frames kept` : "no frame was due yet");
    const others = situations.filter((each) => each.situation !== "camera_health");
    write(this.watched, others.length ? `${others[0].title}${others.length > 1 ? ` +${others.length - 1}` : ""}` : "");
    this.showVeil();
    this.button.setAttribute("aria-label", `Camera ${camera.id}: ${this.isOfNow ? `${state(camera)}, picture ${age(this.ageS)} old` : this.veil.textContent}`);
  }

  showVeil() {
    if (this.isOfNow) return this.veil.replaceChildren();
    const since = this.ageS === null ? "no picture yet" : `last picture ${age(this.ageS)} ago`;
    const title = document.body.classList.contains("lost") ? "Link lost" : this.isFrozen ? "Picture frozen" : this.isResting ? "Resting" : this.camera.state === "live" ? "Not analysed" : state(this.camera);
    const why = this.isFrozen ? "the camera repeats one picture" : this.isResting ? this.camera.idle_reason ?? "" : since;
    const told = `${title[0].toUpperCase()}${title.slice(1)}|${why}`;
    if (told === this.toldVeil && this.veil.firstChild) return undefined;
    this.toldVeil = told;
    return this.veil.replaceChildren(told.split("|")[0], element("small", {}, why));
  }

  isDue(periodMs) {
    return !this.asking && !this.isResting && performance.now() - this.askedAt >= periodMs;
  }

  async fetch() {
    this.asking = true;
    this.askedAt = performance.now();
    try {
      const headers = this.tag ? { "If-None-Match": this.tag } : {};
      const answer = await ask(`cameras/${encodeURIComponent(this.camera.id)}/preview.jpg`, { headers });
      if (answer.status === 200) this.put(await answer.blob(), answer.headers.get("ETag"));
    } catch {
      // The picture grows old by itself, for everybody to see.
    } finally {
      this.asking = false;
    }
  }

  put(picture, tag) {
    this.tag = tag;
    const before = this.image.src;
    this.image.src = URL.createObjectURL(picture);
    this.image.hidden = false;
    if (before) URL.revokeObjectURL(before);
  }

  forget() {
    if (this.image.src) URL.revokeObjectURL(this.image.src);
  }
}
