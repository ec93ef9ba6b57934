// Words and numbers as a person reads them.
export const VERDICTS = { confirmed: "Confirmed", dismissed: "Dismissed", doubt_lifted: "Doubt lifted" };
export const SEVERITIES = { urgent: "\u25B2 Urgent", high: "\u25C6 High", notice: "\u25CB Notice" };
export const VALUES = { critical: "critical", normal: "normal", best_effort: "best effort" };
export const OUTCOMES = {
  analysed: "analysed", shed: "shed: capacity was short", late: "too old when their turn came",
  lost: "lost with a detector", not_seen: "no picture came", in_flight: "under way",
};
const STATES = {
  connecting: "connecting", live: "live", stalled: "no pictures come", waiting: "lost, tried again soon",
  refused: "password refused", ended: "ended",
};

/** Returns a length of time: 8 s, 2 min 05 s, 3 h 20 min. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const two = (number) => String(number).padStart(2, "0");
  if (hours) return `${hours} h ${two(minutes)} min`;
  return minutes ? `${minutes} min ${two(whole % 60)} s` : `${whole} s`;
}

/** Returns the age of a picture, with tenths while they matter. */
export function age(seconds) {
  if (seconds == null) return "no picture yet";
  return seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

/** Returns a count with its noun. */
export function count(number, one) {
  return `${number.toLocaleString("en").replaceAll(",", "\u202F")} ${one}${number === 1 ? "" : "s"}`;
}

/** Returns a time of day. */
export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

/** Returns a share as a whole percentage; 100 % only when nothing is missing. */
export function percent(share) {
  const whole = Math.round(share * 100);
  return `${whole === 100 && share < 1 ? 99 : whole} %`;
}

/** Returns a place as it is shown. */
export function place(name) {
  return name === "view" ? "whole view" : name.replaceAll("_", " ");
}

/** Returns the state of a camera in words. */
export function state(camera) {
  if (camera.idle_reason) return camera.idle_reason;
  return camera.state ? STATES[camera.state] ?? camera.state : "resting";
}
