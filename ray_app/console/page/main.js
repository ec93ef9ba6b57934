// The live page: signs in, then keeps situations, cameras and load as they are.
import { read, Refusal } from "/page/api.js";
import { Alarm } from "/page/alarm.js";
import { CameraDialog } from "/page/camera_dialog.js";
import { CameraWall } from "/page/camera_wall.js";
import { Changes, LinkSign } from "/page/link.js";
import { LoadView } from "/page/load_view.js";
import { ProgrammeView } from "/page/programme_view.js";
import { signedIn } from "/page/sign_in.js";
import { SituationList } from "/page/situation_list.js";
import { age, clock, percent } from "/page/words.js";

const EVERY_MS = 2000, TICK_MS = 250;
const byId = (id) => document.getElementById(id);

const session = await signedIn();
byId("site").textContent = session.site;
byId("test-banner").hidden = session.is_authorised;
byId("person").textContent = `${session.person}, ${session.role}`;
byId("site-view").hidden = byId("who").hidden = false;
document.title = `${session.site}: Vigie live`;

const sign = new LinkSign(), alarm = new Alarm(), dialog = new CameraDialog(session), load = new LoadView();
const programme = new ProgrammeView(session);
const list = new SituationList(session, (situation) => alarm.tell(situation));
const wall = new CameraWall({
  previewHz: session.preview_hz, situationsOf: (id) => list.on(id), onOpen: (id) => dialog.open(wall.tiles.get(id)) });
new Changes({ onHello: loadList, onSituation: (situation) => list.changed(situation) });
let aheadS = 0;  // of the server's clock before ours
let fleet = null;

async function loadList() {
  for (;;) {
    try {
      return await list.load();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return location.reload();
      await new Promise((go) => setTimeout(go, EVERY_MS));
    }
  }
}

async function readOn() {
  for (;;) {
    try {
      const page = await read("cameras");
      aheadS = page.now - Date.now() / 1000;
      wall.update(page.cameras);
      sign.answered();
      fleet = await read("fleet");
      load.update(fleet, page.now);
      await programme.update();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) location.reload();
    }
    await new Promise((go) => setTimeout(go, EVERY_MS));
  }
}

function tick() {
  const nowS = Date.now() / 1000 + aheadS;
  byId("clock").textContent = clock(nowS);
  list.tick(nowS);
  wall.tick();
  dialog.tick();
  tiles();
}

function tile(id, text, note, isWarning) {
  const [node, value] = [byId(id), byId(id).querySelector("dd")];
  node.classList.toggle("warn", isWarning);
  const told = `${text}|${note}`;
  if (value.dataset.told === told) return;
  value.dataset.told = told;
  const small = document.createElement("small");
  small.textContent = note ? ` ${note}` : "";
  value.replaceChildren(text, small);
}

function tiles() {
  byId("nothing").textContent = sign.isLost ? "Nobody knows what there is to look at: the link is lost."
    : `Nothing to look at in the pictures of ${wall.fresh()} of ${wall.tiles.size} cameras.`;
  const { all, urgent } = list.waiting();
  tile("tile-open", `${all}`, urgent ? `${urgent} urgent` : "", urgent > 0);
  tile("tile-cameras", `${wall.fresh()}`, `of ${wall.tiles.size}`, wall.fresh() < wall.tiles.size);
  if (!fleet) return;
  const kept = fleet.offered_per_s > 0 ? Math.min(1, fleet.analysed_per_s / fleet.offered_per_s) : null;
  tile("tile-kept", kept === null ? "\u2013" : percent(kept), "", kept !== null && kept < 0.9);
  tile("tile-age", fleet.age_p95_s == null ? "\u2013" : age(fleet.age_p95_s), "95 % are younger", fleet.age_p95_s > 2);
  const wanted = fleet.replicas_wanted;
  tile("tile-replicas", `${fleet.replicas}`, wanted !== null && wanted !== fleet.replicas ? `\u2192 ${wanted} wanted` : "", wanted > fleet.replicas);
}

setInterval(tick, TICK_MS);
readOn();
