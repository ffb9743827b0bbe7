// SPDX-License-Identifier: BSD-2-Clause
// The moment that all recordings show. The chosen camera leads: while it has
// no picture, time waits for it.

const TICK_MS = 100;
const STUCK_MS = 1500;

export class Player {
  constructor(time) {
    Object.assign(this, { time, rate: 1, playing: false, followers: new Set(), lead: null, changed: () => {} });
    this.ticked = performance.now();
    this.stuck = 0;
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  close() { clearInterval(this.timer); this.playing = false; }

  add(recording) { this.followers.add(recording); }

  remove(recording) {
    this.followers.delete(recording);
    if (this.lead === recording) this.lead = null;
  }

  seek(time) {
    this.time = Math.min(time, Date.now());
    this.stuck = 0;
    for (const recording of this.followers) recording.seek(this.time);
    this.changed();
  }

  toggle() { this.playing = !this.playing; this.changed(); }

  setRate(rate) { this.rate = rate; this.changed(); }

  step(ms) {
    this.playing = false;
    this.seek(this.time + ms);
  }

  tick() {
    const now = performance.now();
    const passed = now - this.ticked;
    this.ticked = now;
    if (this.playing) this.advance(passed);
    for (const recording of this.followers) recording.follow();
    if (this.playing) this.changed();
  }

  advance(passed) {
    const { lead } = this;
    if (!lead || !this.followers.has(lead)) {
      this.time += passed * this.rate;
    } else if (lead.ready()) {
      const moment = lead.moment();
      // The lead's own clock, once it runs; before, ours.
      this.time = lead.video.paused || Math.abs(moment - this.time) > 1000 ?
        this.time + passed * this.rate : moment;
      this.stuck = 0;
    } else {
      this.stuck += passed;
      const next = this.stuck > STUCK_MS ? lead.next() : null;
      if (next !== null) this.seek(next);
      else if (this.stuck > STUCK_MS && lead.moment() === null) this.time += passed * this.rate;
      else if (this.stuck > STUCK_MS && lead.file && lead.position >= lead.file.bytes) this.time += passed;
    }
    if (this.time > Date.now() - 1000) { this.time = Date.now() - 1000; }
  }
}
