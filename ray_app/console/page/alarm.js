// Tells what is new: to ears that want it, and to screen readers.
import { place } from "/page/words.js";

const TONES_HZ = { urgent: [880, 660, 880], high: [660], notice: [] };

export class Alarm {
  constructor() {
    this.told = document.getElementById("told");
    this.button = document.getElementById("sound");
    this.button.addEventListener("click", () => this.switch());
  }

  switch() {
    this.context = this.context ? void this.context.close() : new AudioContext();
    const on = Boolean(this.context);
    this.button.textContent = on ? "Sound on" : "Sound off";
    this.button.setAttribute("aria-pressed", String(on));
    if (on) this.play([660]);
  }

  tell(situation) {
    this.told.textContent = `New, ${situation.severity}: ${situation.title}, ${place(situation.place)}, camera ${situation.camera_id}`;
    this.play(TONES_HZ[situation.severity]);
  }

  play(tones) {
    if (!this.context) return;
    tones.forEach((tone, number) => {
      const sound = this.context.createOscillator(), volume = this.context.createGain(), start = this.context.currentTime + 0.22 * number;
      sound.frequency.value = tone;
      volume.gain.setValueAtTime(0.15, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.2);
      sound.connect(volume).connect(this.context.destination);
      sound.start(start);
      sound.stop(start + 0.2);
    });
  }
}
