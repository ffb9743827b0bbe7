// SPDX-License-Identifier: BSD-2-Clause
// One camera, live: fragments from a WebSocket into a video element, kept
// close to the newest picture.
import { skew } from './api.js';
import { startOf } from './fragment.js';

const BEHIND_S = 0.35;      // wanted distance to the newest frame
const HURRY_S = 0.6;        // further behind, it plays a little faster
const JUMP_S = 1.2;         // and further still, it jumps
const KEEP_S = 8;           // kept behind the picture shown
const QUEUE_BYTES = 16 << 20;
const RETRY_MS = [500, 1000, 2000, 5000];

export class Live {
  /** @param report called with what changed: {state, message} */
  constructor(video, path, report) {
    Object.assign(this, { video, path, report, retries: 0, skipped: 0, offsetMs: null });
    this.open();
  }

  open() {
    this.queue = [];
    this.queued = 0;
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}${this.path}`, 'netra-live');
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => {
      if (typeof event.data === 'string') this.told(JSON.parse(event.data));
      else this.take(event.data);
    };
    socket.onclose = () => this.lost();
    this.socket = socket;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket.onclose = this.socket.onmessage = null;
    this.socket.close();
    this.detach();
  }

  lost() {
    if (this.closed) return;
    this.report({ state: 'lost', message: 'No connection; trying again' });
    this.detach();
    this.timer = setTimeout(() => this.open(), RETRY_MS[Math.min(this.retries++, RETRY_MS.length - 1)]);
  }

  detach() {
    this.source = this.buffer = null;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.video.removeAttribute('src');
    this.video.load();
  }

  told(message) {
    if (message.type === 'skip') { this.skipped += message.frames; return; }
    if (message.type !== 'stream') return;
    // Another stream has times of its own: all begins anew.
    const type = `video/mp4; codecs="${message.codec}"`;
    this.detach();
    this.queue = [];
    this.queued = 0;
    if (!MediaSource.isTypeSupported(type)) {
      this.report({ state: 'lost', message: `This browser cannot play ${message.codec}` });
      return;
    }
    const source = new MediaSource();
    this.source = source;
    this.url = URL.createObjectURL(source);
    source.onsourceopen = () => {
      if (this.source !== source) return;
      this.buffer = source.addSourceBuffer(type);
      this.buffer.onupdateend = () => this.appended();
      this.append();
    };
    this.video.src = this.url;
  }

  take(data) {
    this.offsetMs = startOf(data) ?? this.offsetMs;
    this.queue.push(data);
    this.queued += data.byteLength;
    // The browser does not keep up at all: begin anew at a key frame.
    if (this.queued > QUEUE_BYTES) { this.socket.close(); return; }
    this.append();
  }

  append() {
    if (!this.buffer || this.buffer.updating || !this.queue.length) return;
    const data = this.queue.shift();
    this.queued -= data.byteLength;
    try {
      this.buffer.appendBuffer(data);
    } catch (error) {
      if (error.name === 'QuotaExceededError') this.trim(2);
      else this.socket.close();
    }
  }

  appended() {
    if (!this.buffer) return;
    this.retries = 0;
    this.keepUp();
    if (!this.trim(KEEP_S)) this.append();
  }

  trim(keep) {
    const ranges = this.buffer.buffered;
    const until = this.video.currentTime - keep;
    if (!ranges.length || this.buffer.updating || ranges.start(0) > until - keep) return false;
    this.buffer.remove(0, until);
    return true;
  }

  keepUp() {
    const { video } = this;
    const ranges = this.buffer.buffered;
    if (!ranges.length) return;
    const end = ranges.end(ranges.length - 1);
    const start = ranges.start(ranges.length - 1);
    const behind = end - video.currentTime;
    if (behind > JUMP_S || video.currentTime < start) {
      video.currentTime = Math.max(start, end - BEHIND_S);
      video.playbackRate = 1;
    } else if (behind > HURRY_S) {
      video.playbackRate = 1.1;
    } else if (behind < BEHIND_S) {
      video.playbackRate = 1;
    }
    if (video.paused) video.play().catch(() => {});
    this.report({ state: 'live', message: '' });
  }

  /** Seconds from the camera to the screen; null before the first picture. */
  latency() {
    if (this.offsetMs === null || this.video.readyState < 2) return null;
    return (Date.now() + skew - this.offsetMs - this.video.currentTime * 1000) / 1000;
  }
}
