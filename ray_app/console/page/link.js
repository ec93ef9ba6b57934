// The link to the server: what it sends, and whether it still does.
const SILENT_MS = 12000;
const OPEN_AGAIN_MS = 2000;
const LOST_S = 6;

/** Follows the changes of situations; opens again by itself for as long as the page lives. */
export class Changes {
  constructor({ onHello, onSituation }) {
    this.onHello = onHello;
    this.onSituation = onSituation;
    this.ready = Promise.resolve();
    this.open();
    setInterval(() => this.watch(), 1000);
  }

  open() {
    this.source?.close();
    this.heardAt = Date.now();
    const source = new EventSource("/api/v1/events");
    this.source = source;
    const heard = () => { this.heardAt = Date.now(); };
    source.addEventListener("hello", () => { heard(); this.ready = this.onHello(); });
    source.addEventListener("beat", heard);
    source.addEventListener("trouble", heard);
    source.addEventListener("end", () => this.open());
    source.addEventListener("situation", async (event) => {
      heard();
      await this.ready;  // the list first, then what changed since
      this.onSituation(JSON.parse(event.data));
    });
  }

  watch() {
    const quiet = Date.now() - this.heardAt;
    const closed = this.source.readyState === EventSource.CLOSED;
    if (quiet > SILENT_MS || (closed && quiet > OPEN_AGAIN_MS)) this.open();
  }
}

/** Says for everybody to see whether what is shown is of now. */
export class LinkSign {
  constructor() {
    this.answeredAt = null;
    this.pill = document.getElementById("link");
    this.banner = document.getElementById("lost-banner");
    setInterval(() => this.show(), 500);
  }

  answered() {
    this.answeredAt = performance.now();
    this.show();
  }

  get silentS() {
    return this.answeredAt === null ? 0 : (performance.now() - this.answeredAt) / 1000;
  }

  get isLost() {
    return this.answeredAt !== null && this.silentS > LOST_S;
  }

  show() {
    const lost = this.isLost;
    this.pill.dataset.state = lost || this.answeredAt === null ? "lost" : "live";
    this.pill.textContent = this.answeredAt === null ? "connecting" : lost ? "link lost" : "live";
    this.banner.hidden = !lost;
    document.body.classList.toggle("lost", lost);
    document.title = document.title.replace(/^\(link lost\) /, "");
    if (!lost) return;
    document.title = `(link lost) ${document.title}`;
    this.banner.textContent = `Link to the server lost for ${Math.round(this.silentS)} s. What you see is old. Trying again by itself.`;
  }
}
