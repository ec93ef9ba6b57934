// One card a situation, mended in place as it goes on.
import { drawn, element, write } from "/page/element.js";
import { clock, duration, place, SEVERITIES, VERDICTS } from "/page/words.js";

const REASONS = ["false alarm: light", "false alarm: nothing there", "part of the programme", "staff at work", "people standing still"];

export class SituationCard {
  /** @param acknowledge called with (situation, verdict, reason), or null for who may only look. */
  constructor(situation, acknowledge) {
    this.acknowledge = acknowledge;
    this.build(situation);
    this.update(situation);
  }

  build({ id, situation }) {
    this.title = element("h3");
    this.severity = element("span", { class: "severity" });
    this.still = element("div", { class: "still none" }, "no picture kept yet");
    this.level = element("b");
    this.alarm = element("small");
    this.scale = element("div", { class: "scale" });
    this.lasting = element("span");
    this.measures = element("small", { class: "note" });
    this.doubt = element("p", { class: "note doubt" });
    this.said = element("p", { class: "said", hidden: true });
    this.actions = element("div", { class: "actions", hidden: this.acknowledge === null });
    this.fault = element("p", { class: "fault", role: "alert" });
    this.node = element("li", { class: "card", tabindex: "-1", "data-id": id, "data-kind": situation },
      element("div", { class: "card-head" }, this.title, this.severity),
      element("div", { class: "card-body" }, this.still,
        element("div", { class: "facts" }, element("p", { class: "level" }, this.level, " ", this.alarm), this.scale,
          element("p", { class: "lasting" }, this.lasting, " ", this.measures), this.doubt)),
      this.said, this.actions, this.fault);
  }

  update(situation) {
    const before = this.situation;
    this.situation = situation;
    const said = situation.acknowledgement;
    this.node.dataset.severity = situation.severity;
    this.node.classList.toggle("over", this.isOver);
    this.node.classList.toggle("answered", said !== null);
    this.node.setAttribute("aria-label", `${situation.title}, ${place(situation.place)}, camera ${situation.camera_id}`);
    if (!before) this.title.append(situation.title, " ", element("small", {}, `${place(situation.place)} · camera ${situation.camera_id}`));
    write(this.severity, SEVERITIES[situation.severity]);
    write(this.level, situation.level_words);
    this.level.title = situation.meaning;
    write(this.alarm, situation.alarm_words);
    this.scale.replaceChildren(scaleOf(situation));
    write(this.measures, Object.entries(situation.measures).map(([name, value]) => `${name.replaceAll("_", " ")} ${+value.toFixed(2)}`).join(" · "));
    write(this.doubt, `Known to fail: ${situation.known_to_fail}`);
    this.said.hidden = said === null;
    if (said) write(this.said, `${VERDICTS[said.verdict]} by ${said.person} at ${clock(said.at)}${said.reason ? `: ${said.reason}` : ""}`);
    if (!before || (before.acknowledgement === null) !== (said === null)) this.offer();
    this.showEvidence();
    this.tick(situation.at);
  }

  get isOver() {
    return this.situation.phase === "closed";
  }

  /** Lets time pass. */
  tick(nowS) {
    const { started_at: began, duration_s: lasted, ended_by: endedBy } = this.situation;
    const text = this.isOver
      ? `Over after ${duration(lasted)}, began ${clock(began)}${endedBy === "footage" ? ": the stream ended first" : ""}`
      : `On for ${duration(Math.max(lasted, nowS - began))}, since ${clock(began)}`;
    write(this.lasting, text);
  }

  showEvidence() {
    const [still, clip] = ["still", "clip"].map((kind) => this.situation.evidence.find((file) => file.kind === kind));
    const shown = `${still?.sha256}${clip?.sha256}`;
    if (shown === this.shown || (!still && !clip)) return;
    this.shown = shown;
    this.still.classList.remove("none");
    this.still.replaceChildren(
      still ? element("img", { src: still.url, alt: `Picture of ${this.node.getAttribute("aria-label")}, people pixelated`, loading: "lazy" }) : "no picture kept",
      ...(clip ? [element("a", { href: clip.url, target: "_blank", rel: "noopener" }, "\u25B6 Clip")] : []));
  }

  offer() {
    const button = (verdict, text, key, act) => element("button", {
      type: "button", class: verdict === "confirmed" ? "main" : null, "data-verdict": verdict,
      "aria-label": `${text}: ${this.node.getAttribute("aria-label")}`, title: `Key ${key}`, onclick: act }, text);
    if (this.situation.acknowledgement) {
      this.actions.replaceChildren(element("button", { type: "button", class: "plain", onclick: () => this.offerAll(button) }, "Say otherwise"));
    } else this.offerAll(button);
  }

  offerAll(button) {
    this.actions.replaceChildren(
      button("confirmed", "Confirm", "C", () => this.say("confirmed", "")),
      button("dismissed", "Dismiss\u2026", "D", () => this.askReason()),
      button("doubt_lifted", "Doubt lifted", "L", () => this.say("doubt_lifted", "")));
  }

  askReason() {
    const list = `reasons-${Math.random().toString(36).slice(2)}`;
    const input = element("input", { id: `${list}-text`, list, maxlength: "500", required: true, autocomplete: "off" });
    const form = element("form", { class: "actions", onsubmit: (event) => { event.preventDefault(); this.say("dismissed", input.value); } },
      element("label", { for: `${list}-text` }, "Why is it dismissed?"), input,
      element("datalist", { id: list }, ...REASONS.map((reason) => element("option", { value: reason }))),
      element("button", { type: "submit", class: "main" }, "Dismiss"),
      element("button", { type: "button", onclick: () => this.offer() }, "Cancel"));
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") this.offer(); });
    this.actions.replaceChildren(form);
    input.focus();
  }

  async say(verdict, reason) {
    if (this.acknowledge === null) return;
    for (const part of this.actions.querySelectorAll("button")) part.disabled = true;
    try {
      await this.acknowledge(this.situation, verdict, reason);
      write(this.fault, "");
      this.offer();
    } catch (error) {
      write(this.fault, `Not kept: ${error.message}`);
      for (const part of this.actions.querySelectorAll("button")) part.disabled = false;
    }
  }
}

/** Returns the level as a bar, with the alarm level as a mark and the peak dashed. */
function scaleOf({ level, open_at: alarm, peak, level_words: words, alarm_words: alarmWords }) {
  const full = Math.max(1.25 * alarm, 1.05 * peak, 1e-9), x = (value) => 600 * Math.min(1, Math.max(0, value / full));
  const mark = (value, name) => drawn("line", { class: name, x1: x(value), x2: x(value), y1: 0, y2: 18 });
  return drawn("svg", { viewBox: "0 0 600 18", preserveAspectRatio: "none", role: "img", "aria-label": `${words}, ${alarmWords}` },
    drawn("rect", { class: "track", x: 0, y: 4, width: 600, height: 10, rx: 3 }),
    drawn("rect", { class: "fill", x: 0, y: 4, width: x(level), height: 10, rx: 3 }),
    mark(alarm, "threshold"), peak > 1.02 * level ? mark(peak, "peak") : null);
}
