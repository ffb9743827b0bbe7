// SPDX-License-Identifier: BSD-2-Clause
// The wall: a tile per camera, one of them chosen, maybe enlarged.
import { Live } from './live.js';
import { Recording } from './recording.js';

// What a live picture hides.
const MESSAGES = { 'no signal': 'No signal', ended: 'Ended', lost: 'Board lost; waiting for it' };

class Tile {
  constructor(info, wall) {
    Object.assign(this, { info, wall, seen: false, source: null });
    const element = document.createElement('button');
    element.className = 'tile';
    element.innerHTML = '<video muted playsinline disablepictureinpicture></video><div class="message"></div>' +
      '<div class="label"><span class="name"></span><span class="numbers"></span></div>';
    this.element = element;
    this.video = element.querySelector('video');
    this.video.muted = true;
    element.dataset.board = info.board;
    element.dataset.channel = info.channel;
    element.setAttribute('aria-label', info.name);
    element.querySelector('.name').textContent = info.name;
    element.onclick = () => wall.toggle(this);
  }

  /** Take its picture from where it now comes from, if anybody looks. */
  update() {
    const { player } = this.wall;
    const wanted = !this.seen ? 'none' : player ? 'play' : 'live';
    if (wanted === this.kind) return;
    this.source?.close();
    this.source = null;
    this.kind = wanted;
    const report = ({ state, message }) => this.show(state, message);
    if (wanted === 'live') {
      this.show('', 'Connecting');
      this.source = new Live(this.video, this.info.live, report);
    } else if (wanted === 'play') {
      this.show('play', '');
      this.source = new Recording(this.video, `${this.info.board}/${this.info.channel}`, player, report);
    }
  }

  show(state, message) {
    this.element.dataset.state = state;
    this.element.querySelector('.message').textContent =
      message || (state === 'live' && MESSAGES[this.info.state]) || '';
  }

  tick() {
    const latency = this.source?.latency?.() ?? null;
    const numbers = [];
    if (latency !== null) numbers.push(`${latency.toFixed(1)} s`);
    if (this.kind === 'live') {
      numbers.push(`${this.info.frame_rate} fps`, `${(this.info.bit_rate / 1e6).toFixed(1)} Mbit/s`);
    }
    this.element.dataset.latency = latency === null ? '' : latency.toFixed(3);
    this.element.querySelector('.numbers').textContent = numbers.join('  ');
  }
}

export class Wall {
  constructor(element) {
    Object.assign(this, { element, tiles: [], chosen: null, big: null, player: null });
    this.observer = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const tile = this.tiles.find((t) => t.element === entry.target);
        if (tile) { tile.seen = entry.isIntersecting; tile.update(); }
      }
    }, { root: element });
    setInterval(() => this.tiles.forEach((tile) => tile.tick()), 500);
  }

  /** Show these cameras, as /api/status lists them. */
  set(channels) {
    const same = channels.length === this.tiles.length &&
      channels.every((c, i) => c.live === this.tiles[i].info.live);
    if (same) {
      channels.forEach((c, i) => {
        const tile = this.tiles[i];
        const changed = c.state !== tile.info.state;
        tile.info = c;
        if (changed && tile.kind === 'live') tile.show(tile.element.dataset.state, '');
      });
      return;
    }
    this.clear();
    for (const info of channels) {
      const tile = new Tile(info, this);
      this.tiles.push(tile);
      this.element.append(tile.element);
      this.observer.observe(tile.element);
    }
    this.element.style.setProperty('--columns', Math.ceil(Math.sqrt(channels.length)) || 1);
    if (this.tiles.length) this.choose(this.tiles[0]);
  }

  clear() {
    this.enlarge(null);
    for (const tile of this.tiles) { tile.seen = false; tile.update(); tile.element.remove(); }
    this.observer.disconnect();
    this.tiles = [];
    this.chosen = null;
  }

  /** Show recordings as @player says; null: live. */
  setPlayer(player) {
    this.player = player;
    this.tiles.forEach((tile) => tile.update());
  }

  choose(tile) {
    this.chosen?.element.removeAttribute('aria-current');
    this.chosen = tile;
    tile.element.setAttribute('aria-current', 'true');
    if (this.big && this.big !== tile) this.enlarge(tile);
    this.onchoose?.(tile);
  }

  toggle(tile) {
    this.choose(tile);
    this.enlarge(this.big === tile ? null : tile);
  }

  enlarge(tile) {
    this.big?.element.classList.remove('big');
    this.big = tile;
    tile?.element.classList.add('big');
    this.element.classList.toggle('one', Boolean(tile));
    this.onchoose?.(this.chosen);
  }

  /** Choose the tile @columns to the right and @rows down. */
  move(columns, rows) {
    const width = getComputedStyle(this.element).gridTemplateColumns.split(' ').length;
    const step = columns + rows * (this.big ? 1 : width);
    const next = this.tiles.indexOf(this.chosen) + step;
    if (next >= 0 && next < this.tiles.length) {
      this.choose(this.tiles[next]);
      this.chosen.element.focus({ preventScroll: Boolean(this.big) });
    }
  }
}
