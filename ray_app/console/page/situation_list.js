// All situations: sorted by severity, then age; nothing that nobody looked at is hidden.
import { read, situationPath } from "/page/api.js";
import { arrange, write } from "/page/element.js";
import { SituationCard } from "/page/situation_card.js";
import { place } from "/page/words.js";

const RANK = { urgent: 0, high: 1, notice: 2 };
const MOST_EARLIER = 50;

export class SituationList {
  constructor(person, alarm) {
    this.mayAcknowledge = person.role !== "viewer";
    this.alarm = alarm;
    this.cards = new Map();
    this.candidates = new Map();
    this.selected = null;
    for (const name of ["cards", "earlier", "earlier-cards", "earlier-count", "nothing", "building"]) {
      this[name.replace("-", "_") + "_node"] = document.getElementById(name);
    }
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("focusin", (event) => this.select(event.target.closest?.(".card")?.dataset.id ?? this.selected));
  }

  /** Reads the whole list; what is on is never cut off by what is over. */
  async load() {
    const pages = await Promise.all(["opened", "updated", "candidate", "closed"].map((phase) =>
      read(`situations?limit=${phase === "closed" ? 200 : 1000}&phase=${phase}`).catch((error) => {
        if (error.status === 422) return { situations: [] };
        throw error;
      })));
    this.candidates.clear();
    for (const situation of pages.flatMap((page) => page.situations)) this.take(situation, false);
    this.show();
  }

  changed(situation) {
    this.take(situation, true);
    this.show();
  }

  take(situation, isNews) {
    if (["candidate", "lapsed"].includes(situation.phase)) {
      if (situation.phase === "candidate") this.candidates.set(situation.id, situation);
      else this.candidates.delete(situation.id);
      return;
    }
    this.candidates.delete(situation.id);
    const card = this.cards.get(situation.id);
    if (card) return card.update(situation);
    const acknowledge = this.mayAcknowledge ? (...said) => this.acknowledge(...said) : null;
    const added = new SituationCard(situation, acknowledge);
    this.cards.set(situation.id, added);
    if (isNews && !added.isOver) {
      added.node.classList.add("new");
      this.alarm(situation);
    }
  }

  show() {
    const all = [...this.cards.values()].sort(before);
    const earlier = all.filter((card) => card.isOver && card.situation.acknowledgement).sort((a, b) => b.situation.at - a.situation.at);
    for (const card of earlier.splice(MOST_EARLIER)) this.cards.delete(card.situation.id);
    const here = all.filter((card) => !(card.isOver && card.situation.acknowledgement));
    arrange(this.cards_node, here.map((card) => card.node));
    arrange(this.earlier_cards_node, earlier.map((card) => card.node));
    this.order = here;
    this.earlier_node.hidden = earlier.length === 0;
    this.nothing_node.hidden = here.length > 0;
    write(this.earlier_count_node, String(earlier.length));
    const growing = [...this.candidates.values()].map((each) => `${each.title}, ${place(each.place)} (${each.camera_id})`);
    this.building_node.hidden = growing.length === 0;
    write(this.building_node, `Over its level, not yet for long enough: ${growing.join("; ")}`);
  }

  tick(nowS) {
    for (const card of this.cards.values()) card.tick(nowS);
  }

  /** Returns how many wait for a person, and how many of them are urgent. */
  waiting() {
    const waiting = [...this.cards.values()].filter((card) => card.situation.acknowledgement === null);
    return { all: waiting.length, urgent: waiting.filter((card) => card.situation.severity === "urgent" && !card.isOver).length };
  }

  /** Returns what is on in the view of a camera. */
  on(cameraId) {
    return [...this.cards.values()].filter((card) => !card.isOver && card.situation.camera_id === cameraId).map((card) => card.situation);
  }

  async acknowledge(situation, verdict, reason) {
    const kept = await read(`${situationPath(situation.id)}/acknowledgements`, { method: "POST", body: { verdict, reason } });
    this.changed(kept);
  }

  select(id) {
    if (id === this.selected && this.cards.has(id)) return;
    this.cards.get(this.selected)?.node.classList.remove("selected");
    this.selected = id;
    this.cards.get(id)?.node.classList.add("selected");
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    const card = this.cards.get(this.selected);
    const step = { j: 1, k: -1 }[key];
    if (step) this.move(step);
    else if (!card || !this.mayAcknowledge || card.situation.acknowledgement) return;
    else if (key === "c") card.say("confirmed", "");
    else if (key === "d") card.askReason();
    else if (key === "l") card.say("doubt_lifted", "");
    else return;
    event.preventDefault();
  }

  move(step) {
    if (!this.order?.length) return;
    const at = this.order.findIndex((card) => card.situation.id === this.selected);
    const next = this.order[at < 0 ? 0 : Math.min(this.order.length - 1, Math.max(0, at + step))];
    this.select(next.situation.id);
    next.node.focus({ preventScroll: true });
    next.node.scrollIntoView({ block: "nearest" });
  }
}

function before(a, b) {
  const [one, two] = [a.situation, b.situation];
  const group = (each) => (each.acknowledgement ? 2 : 0) + (each.phase === "closed" ? 1 : 0);
  return group(one) - group(two) || RANK[one.severity] - RANK[two.severity] || one.started_at - two.started_at || one.id.localeCompare(two.id);
}
