// SPDX-License-Identifier: BSD-2-Clause
// The day of all cameras: recorded, lost, events; the moment shown; a marked range.
import { get } from './api.js';

const DAY_MS = 86400e3;
const LEAST_MS = 20e3;
const TOP = 20;
const LEFT = 34;
const STEPS_S = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800];

export class Timeline {
  /** @param seek called with the moment that is pointed at */
  constructor(canvas, seek) {
    Object.assign(this, { canvas, seek, data: null, rows: [], time: null, marks: [null, null], pointers: new Map() });
    this.setDay(Date.now());
    new ResizeObserver(() => this.draw()).observe(canvas);
    canvas.onpointerdown = (event) => this.down(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = canvas.onpointercancel = (event) => this.pointers.delete(event.pointerId);
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  setDay(time) {
    const day = new Date(time);
    day.setHours(0, 0, 0, 0);
    this.show(day.getTime(), day.getTime() + DAY_MS);
  }

  show(from, to) {
    const span = Math.min(Math.max(to - from, LEAST_MS), 7 * DAY_MS);
    this.from = from;
    this.to = from + span;
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), 150);
  }

  async load() {
    const from = Math.floor(this.from), to = Math.ceil(this.to);
    try {
      this.data = await get(`/api/timeline?from=${from}&to=${to}`);
    } catch { return; }
    this.draw();
  }

  /** When something is recorded: the first and the last moment of each channel, after @time; [] if nothing is. */
  recorded(time) {
    return (this.data?.channels ?? []).map(({ spans }) => spans.filter(([, to]) => to > time))
      .filter((spans) => spans.length).map((spans) => [spans[0][0], spans.at(-1)[1]]);
  }

  setRows(channels) { this.rows = channels; this.draw(); }

  x(time) { return LEFT + (time - this.from) / (this.to - this.from) * (this.width - LEFT); }
  at(x) { return this.from + (x - LEFT) / (this.width - LEFT) * (this.to - this.from); }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event.offsetX);
    if (this.pointers.size === 1 && !event.shiftKey) this.seek(this.at(event.offsetX));
  }

  move(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const before = [...this.pointers.values()];
    this.pointers.set(event.pointerId, event.offsetX);
    const now = [...this.pointers.values()];
    if (now.length === 2) {
      this.pinch(before, now);
    } else if (event.shiftKey) {
      const moved = (before[0] - now[0]) / (this.width - LEFT) * (this.to - this.from);
      this.show(this.from + moved, this.to + moved);
    } else {
      this.seek(this.at(event.offsetX));
    }
  }

  pinch(before, now) {
    const spread = Math.abs(now[0] - now[1]) || 1;
    this.zoom((before[0] + before[1]) / 2, Math.abs(before[0] - before[1]) / spread);
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(event.offsetX, Math.exp(event.deltaY / 400));
  }

  zoom(x, factor) {
    const centre = this.at(x);
    const span = Math.min(Math.max((this.to - this.from) * factor, LEAST_MS), 7 * DAY_MS);
    const from = centre - (centre - this.from) / (this.to - this.from) * span;
    this.show(from, from + span);
  }

  draw() {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    if (!this.width) return;
    canvas.width = Math.round(this.width * scale);
    canvas.height = Math.round(this.height * scale);
    const pen = canvas.getContext('2d');
    pen.scale(scale, scale);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    pen.fillStyle = colour('raised');
    pen.fillRect(0, 0, this.width, this.height);
    pen.font = '11px system-ui, sans-serif';
    this.drawHours(pen, colour);
    this.drawRows(pen, colour);
    this.drawMarks(pen, colour);
  }

  drawHours(pen, colour) {
    const perPixel = (this.to - this.from) / (this.width - LEFT);
    const step = (STEPS_S.find((s) => s * 1000 / perPixel > 64) ?? 21600) * 1000;
    const zone = new Date(this.from).getTimezoneOffset() * 60e3;
    pen.textBaseline = 'middle';
    pen.textAlign = 'center';
    for (let t = Math.ceil((this.from - zone) / step) * step + zone; t < this.to; t += step) {
      const x = Math.round(this.x(t)) + 0.5;
      pen.strokeStyle = colour('line');
      pen.beginPath(); pen.moveTo(x, TOP - 3); pen.lineTo(x, this.height); pen.stroke();
      pen.fillStyle = colour('dim');
      pen.fillText(new Date(t).toTimeString().slice(0, step < 60e3 ? 8 : 5), x, TOP / 2);
    }
  }

  drawRows(pen, colour) {
    const rows = this.rows.length || 1;
    const height = (this.height - TOP) / rows;
    const inner = Math.max(2, height - Math.min(4, height * 0.3));
    this.rows.forEach((row, i) => {
      const y = TOP + i * height;
      const data = this.data?.channels.find((c) => c.board === row.board && c.channel === row.channel);
      if (row.chosen) {
        pen.fillStyle = colour('line');
        pen.fillRect(0, y, this.width, height);
      }
      pen.fillStyle = colour(row.chosen ? 'text' : 'dim');
      pen.textAlign = 'right';
      if (height >= 9) {
        pen.font = `${row.chosen ? '600 ' : ''}${Math.min(11, height)}px system-ui, sans-serif`;
        pen.fillText(row.label, LEFT - 8, y + height / 2);
      }
      const bar = (from, to, name, least) => {
        const x = Math.max(this.x(from), LEFT);
        const end = Math.min(this.x(to), this.width);
        if (end < LEFT || x > this.width) return;
        pen.fillStyle = colour(name);
        pen.fillRect(x, y + (height - inner) / 2, Math.max(end - x, least), inner);
      };
      data?.spans.forEach(([from, to]) => bar(from, to, 'rec', 1));
      data?.gaps.forEach(([from, to]) => bar(from, to, 'bad', 2));
    });
    pen.fillStyle = colour('warn');
    for (const event of this.data?.events ?? []) {
      const row = this.rows.findIndex((r) => r.board === event.board && r.channel === event.channel);
      const x = this.x(event.from_ms);
      if (x < LEFT || x > this.width) continue;
      if (event.channel >= 0 && row >= 0) {
        pen.beginPath();
        pen.arc(x, TOP + (row + 0.5) * height, Math.min(3, height / 3), 0, 7);
        pen.fill();
      } else if (event.channel < 0) {
        pen.fillRect(x - 1, TOP - 5, 2, 5);
      }
    }
  }

  drawMarks(pen, colour) {
    const [begin, end] = this.marks;
    if (begin !== null || end !== null) {
      const x = Math.max(LEFT, begin === null ? LEFT : this.x(begin));
      const to = end === null ? this.width : this.x(end);
      pen.globalAlpha = 0.22;
      pen.fillStyle = colour('accent');
      if (to > x) pen.fillRect(x, TOP, to - x, this.height - TOP);
      pen.globalAlpha = 1;
    }
    if (this.time === null) return;
    const x = this.x(this.time);
    if (x < LEFT || x > this.width) return;
    pen.fillStyle = colour('text');
    pen.fillRect(x - 0.75, TOP - 4, 1.5, this.height);
    pen.beginPath();
    pen.moveTo(x - 5, TOP - 8); pen.lineTo(x + 5, TOP - 8); pen.lineTo(x, TOP - 1);
    pen.fill();
  }
}
