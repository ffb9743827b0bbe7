// SPDX-License-Identifier: BSD-2-Clause
// One camera's recordings in a video element: pieces of files are fetched by
// range from the key frame before the moment shown, and follow the player's time.
import { get, bytes } from './api.js';
import { startOf } from './fragment.js';

const PIECE_BYTES = 512 << 10;
const HEAD_BYTES = 16 << 10;
const AHEAD_S = 8;          // fetched ahead of the picture, times the speed
const BEHIND_S = 20;        // kept behind it
const OFF_S = 0.4;          // so far from the player's time it is put right
const WINDOW_MS = 15 * 60e3;
const PATIENCE_MS = 1000;   // so long a seek may take before it is tried again
const STALE_MS = 3000;      // how old the list of files may be near its end

/** Size of the init segment, and the codec, of a file's first bytes. */
function readHead(data) {
  const view = new DataView(data);
  let at = 0;
  while (at + 8 <= view.byteLength && view.getUint32(at + 4) !== 0x6d6f6f66) {
    const size = view.getUint32(at);
    if (size < 8) break;
    at += size;
  }
  for (let i = 0; i + 8 <= Math.min(at, view.byteLength); i++) {
    if (view.getUint32(i) !== 0x61766343) continue;
    const hex = [5, 6, 7].map((n) => view.getUint8(i + n).toString(16).padStart(2, '0'));
    return { bytes: at, codec: `avc1.${hex.join('')}` };
  }
  throw new Error('not a recording');
}

export class Recording {
  /** @param place "board/channel" @param report called with what changed: {state, message} */
  constructor(video, place, player, report) {
    Object.assign(this, { video, place, player, report, files: [], listed: null, file: null, wanted: null });
    video.pause();
    player.add(this);
    this.seek(player.time);
  }

  close() {
    this.closed = true;
    this.player.remove(this);
    this.unload();
  }

  unload() {
    this.fetching?.abort();
    this.fetching = null;
    this.file = this.source = this.buffer = null;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.video.removeAttribute('src');
    this.video.load();
  }

  async list(time) {
    const known = this.listed;
    const end = this.files.at(-1)?.end_ms ?? 0;
    if (known && time >= known.from && time < known.to - 60e3 &&
        (time < end - 5000 || Date.now() - known.at < STALE_MS)) return;
    const from = Math.floor(time - WINDOW_MS / 5), to = Math.ceil(time + WINDOW_MS);
    const answer = await get(`/api/recordings/${this.place}?from=${from}&to=${to}`);
    this.files = answer.files;
    this.listed = { from, to, at: Date.now() };
    const now = this.file && this.files.find((f) => f.name === this.file.name);
    if (now) Object.assign(this.file, now);
  }

  /** Show the picture of this moment. Only the newest wish counts. */
  async seek(time) {
    this.wanted = time;
    if (this.seeking) return;
    this.seeking = true;
    try {
      while (this.wanted !== null && !this.closed) {
        const wish = this.wanted;
        this.wanted = null;
        await this.go(wish);
      }
    } catch (error) {
      // It is tried again when the list of files is old enough.
      this.unload();
      this.listed = { from: 0, to: 0, at: Date.now() };
      this.report({ state: 'lost', message: error.message });
    } finally {
      this.seeking = false;
    }
  }

  async go(time) {
    await this.list(time);
    if (this.closed) return;
    const file = this.files.find((f) => time >= f.start_ms && time < f.end_ms);
    if (!file) {
      this.unload();
      this.report({ state: 'lost', message: 'Nothing recorded here' });
      return;
    }
    if (this.file?.name !== file.name) await this.load(file);
    if (this.closed || !this.buffer) return;
    const at = (time - this.file.zero) / 1000;
    if (!this.holds(at)) await this.fetchFrom(time);
    if (this.closed || !this.buffer) return;
    this.video.currentTime = at;
    this.soughtAt = performance.now();
    this.report({ state: 'play', message: '' });
    this.pump();
  }

  async load(file) {
    this.unload();
    // `zero` is what second 0 is: known better with each fragment that is fetched.
    this.file = { ...file, zero: file.start_ms };
    this.path = `/api/media/${this.place}/${file.name}`;
    const start = await bytes(this.path, 0, HEAD_BYTES);
    const head = readHead(start);
    const type = `video/mp4; codecs="${head.codec}"`;
    if (!MediaSource.isTypeSupported(type)) throw new Error(`This browser cannot play ${head.codec}`);
    const source = new MediaSource();
    this.source = source;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    await new Promise((resolve) => { source.onsourceopen = resolve; });
    if (this.source !== source) return;
    this.buffer = source.addSourceBuffer(type);
    // Else nobody could go further than what has been fetched.
    source.duration = Infinity;
    await this.change((buffer) => buffer.appendBuffer(start.slice(0, head.bytes)));
    this.position = head.bytes;
  }

  /** Change what is in memory, one change at a time; false if the file is another by now. */
  async change(action) {
    const { buffer, source } = this;
    const quiet = () => new Promise((resolve) => { buffer.addEventListener('updateend', resolve, { once: true }); });
    while (buffer.updating) await quiet();
    if (this.buffer !== buffer || source.readyState !== 'open') return false;
    action(buffer);
    if (buffer.updating) await quiet();
    return this.buffer === buffer;
  }

  /** Is the picture of this second in memory? */
  holds(at) {
    const { buffered } = this.buffer;
    for (let i = 0; i < buffered.length; i++) {
      if (at >= buffered.start(i) && at < buffered.end(i) - 0.001) return true;
    }
    return false;
  }

  /** Go on fetching at the key frame before this moment. */
  async fetchFrom(time) {
    const { keys } = this.file;
    let key = keys[0];
    for (const candidate of keys) {
      if (candidate[0] > time) break;
      key = candidate;
    }
    const fetching = new AbortController();
    this.fetching?.abort();
    this.fetching = fetching;
    // What was appended in part must not be joined with what comes.
    if (await this.change((buffer) => buffer.abort()) && key) this.position = this.begun = key[1];
    if (this.fetching === fetching) this.fetching = null;
  }

  ahead() {
    const { buffered } = this.buffer;
    const at = this.video.currentTime;
    for (let i = 0; i < buffered.length; i++) {
      if (at >= buffered.start(i) - 0.1 && at < buffered.end(i)) return buffered.end(i) - at;
    }
    return 0;
  }

  async pump() {
    if (this.fetching || !this.buffer || this.closed) return;
    const fetching = new AbortController();
    this.fetching = fetching;
    try {
      while (this.fetching === fetching && this.buffer && this.position < this.file.bytes &&
             this.ahead() < AHEAD_S * Math.max(1, this.player.rate)) {
        const to = Math.min(this.position + PIECE_BYTES, this.file.bytes);
        const data = await bytes(this.path, this.position, to, fetching.signal);
        if (this.fetching !== fetching || !data.byteLength) break;
        if (this.position === this.begun) this.file.zero = startOf(data) ?? this.file.zero;
        if (!await this.change((buffer) => buffer.appendBuffer(data)) || this.fetching !== fetching) break;
        this.position += data.byteLength;
        await this.trim();
      }
    } catch (error) {
      // With too much in memory, fetching goes on when some of it has been shown.
      if (error.name !== 'AbortError' && error.name !== 'QuotaExceededError') this.report({ state: 'lost', message: error.message });
    } finally {
      if (this.fetching === fetching) this.fetching = null;
    }
  }

  async trim() {
    const { buffer, video } = this;
    const until = video.currentTime - BEHIND_S;
    if (!buffer.buffered.length || buffer.buffered.start(0) > until - BEHIND_S) return;
    await this.change((b) => b.remove(0, until));
  }

  /** The moment of the picture shown; null: none is. */
  moment() {
    return this.file && this.buffer ? this.file.zero + this.video.currentTime * 1000 : null;
  }

  ready() {
    return Boolean(this.buffer) && !this.seeking && !this.video.seeking && this.video.readyState >= 3;
  }

  /** Follow the player; ten times a second. */
  follow() {
    const { player, video } = this;
    if (this.seeking) return;
    const { time } = player;
    if (!this.file) {
      const next = this.files.find((f) => time >= f.start_ms && time < f.end_ms);
      if (next || !this.listed || Date.now() - this.listed.at > STALE_MS) this.seek(time);
      return;
    }
    if (time < this.file.start_ms || time >= this.file.end_ms) { this.seek(time); return; }
    if (!this.buffer) return;
    video.playbackRate = player.rate;
    if (player.playing && video.paused) video.play().catch(() => {});
    if (!player.playing && !video.paused) video.pause();
    const off = Math.abs(this.moment() - time) / 1000;
    if (off > (player.playing ? OFF_S * Math.max(1, player.rate) : 0.002) &&
        (!video.seeking || performance.now() - this.soughtAt > PATIENCE_MS)) this.seek(time);
    this.pump();
    if (time > this.file.end_ms - 5000) this.list(time).catch(() => {});
  }

  /** Where pictures go on after a place where none are; null: not known. */
  next() {
    const { time } = this.player;
    if (this.buffer) {
      const { buffered } = this.buffer;
      for (let i = 0; i < buffered.length; i++) {
        const start = this.file.zero + buffered.start(i) * 1000;
        if (start > time + 1) return start;
      }
    }
    return this.files.find((f) => f.start_ms > time)?.start_ms ?? null;
  }
}
