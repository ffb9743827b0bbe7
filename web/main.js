// SPDX-License-Identifier: BSD-2-Clause
// The page: what belongs to what, buttons and keys.
import { get, post, onLoggedOut } from './api.js';
import { Player } from './player.js';
import { Timeline } from './timeline.js';
import { Wall } from './wall.js';
import * as status from './status.js';

const STATUS_MS = 2000;
const SHORT_MS = 600e3;     // recordings of less are shown alone, not in their day
const $ = (id) => document.getElementById(id);

// Exported for tests and for the console.
export const wall = new Wall($('wall'));
export const timeline = new Timeline($('timeline'), (time) => player?.seek(time));
export const seek = (time) => player.seek(time);
let session = null;
let player = null;
let now = null;             // the last status

/* ---- who is there --------------------------------------------------------- */

async function start() {
  session = await get('/api/session');
  if (!session.known) { showLogin(); return; }
  $('logout').hidden = !session.users;
  $('logout').textContent = `Log out ${session.user}`;
  $('go-play').hidden = !session.store;
  await refresh();
}

function showLogin() {
  goLive();
  wall.clear();
  now = null;
  $('status').hidden = true;
  $('facts').replaceChildren();
  $('logout').hidden = true;
  if (!$('login').open) $('login').showModal();
}

onLoggedOut(showLogin);

$('login').addEventListener('cancel', (event) => event.preventDefault());
$('login').querySelector('form').onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  const error = form.querySelector('.error');
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    await post('/api/login', { user: form.user.value, password: form.password.value });
    form.reset();
    error.textContent = '';
    $('login').close();
    await start();
  } catch (problem) {
    error.textContent = problem.message;
    if (problem.waitMs) await new Promise((resolve) => { setTimeout(resolve, problem.waitMs); });
  }
  button.disabled = false;
};

$('logout').onclick = async () => { await post('/api/logout', {}); showLogin(); };

/* ---- how it stands ---------------------------------------------------------- */

async function refresh() {
  now = await get('/api/status');
  wall.set(now.channels);
  status.facts($('facts'), now);
  $('alarm-count').hidden = !now.alarms.length;
  $('alarm-count').textContent = now.alarms.length;
  if (!$('status').hidden) {
    const { events } = await get('/api/events');
    status.fill($('status'), now, events);
  }
  if (player) showRows();
}

setInterval(() => {
  if (now && !document.hidden) refresh().catch(() => {});
}, STATUS_MS);

function toggleStatus() {
  $('status').hidden = !$('status').hidden;
  $('show-status').setAttribute('aria-expanded', String(!$('status').hidden));
  refresh().catch(() => {});
}

/* ---- live or recorded --------------------------------------------------------- */

function goLive() {
  if (!player) return;
  player.close();
  player = null;
  wall.setPlayer(null);
  $('player').hidden = true;
  showMode();
}

function goPlay() {
  if (player || !session?.store) return;
  player = new Player(Date.now() - 30e3);
  player.changed = showTime;
  $('player').hidden = false;
  wall.setPlayer(player);
  chooseLead();
  showMode();
  timeline.setDay(player.time);
  showRows();
  showTime();
  goWherePicturesAre(player);
  clearInterval(timeline.refresh);
  timeline.refresh = setInterval(() => { if (player && !document.hidden) timeline.load(); }, 10e3);
}

/** Recording may have begun just now: then the day is nearly empty, and half a minute ago was nothing. */
async function goWherePicturesAre(opened) {
  const begun = opened.time;
  await timeline.load();
  const all = timeline.recorded(0), then = timeline.recorded(begun);
  if (player !== opened || opened.time !== begun || !all.length) return;
  const first = Math.min(...all.map(([from]) => from));
  if (then.length && then.every(([from]) => from > begun)) player.seek(Math.max(...then.map(([from]) => from)) + 1);
  if (Date.now() - first < SHORT_MS) timeline.show(first - SHORT_MS / 20, first + SHORT_MS);
}

function showMode() {
  $('go-live').setAttribute('aria-pressed', String(!player));
  $('go-play').setAttribute('aria-pressed', String(Boolean(player)));
}

function chooseLead() {
  if (!player) return;
  player.lead = wall.chosen?.source?.moment ? wall.chosen.source : null;
}

function showRows() {
  const several = now.boards.length > 1;
  const { board, channel } = wall.chosen?.info ?? {};
  timeline.setRows(now.channels.map((c) => ({
    board: c.board, channel: c.channel, label: several ? `${c.board}/${c.channel}` : `${c.channel}`,
    chosen: c.board === board && c.channel === channel,
  })));
}

function showTime() {
  if (!player) return;
  chooseLead();
  const date = new Date(player.time);
  timeline.time = player.time;
  if (!timeline.pointers.size && player.playing && (player.time > timeline.to || player.time < timeline.from)) {
    timeline.show(player.time - 1000, player.time - 1000 + timeline.to - timeline.from);
  }
  timeline.draw();
  $('at').textContent = `${date.toTimeString().slice(0, 8)}.${Math.floor(date.getMilliseconds() / 100)}`;
  $('at').dataset.time = player.time;
  $('play').textContent = player.playing ? '❚❚' : '▶';
  $('day').value = `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
  $('speed').value = String(player.rate);
  const [begin, end] = timeline.marks;
  $('export').disabled = begin === null || end === null || end <= begin;
}

wall.onchoose = () => { chooseLead(); if (player && now) showRows(); };

function step(direction) {
  const rate = wall.chosen?.info.frame_rate || 25;
  player.step(direction * 1000 / rate);
}

function changeSpeed(direction) {
  const options = [...$('speed').options].map((o) => Number(o.value));
  const next = options.indexOf(player.rate) + direction;
  if (next >= 0 && next < options.length) player.setRate(options[next]);
}

function changeDay(days) {
  const date = new Date(player.time);
  date.setDate(date.getDate() + days);
  player.seek(date.getTime());
  timeline.setDay(player.time);
}

function mark(which) {
  timeline.marks[which] = Math.round(player.time);
  showTime();
}

function save() {
  const [from, to] = timeline.marks;
  if ($('export').disabled || !wall.chosen) return;
  const link = document.createElement('a');
  const { board, channel } = wall.chosen.info;
  link.href = `/api/export/${board}/${channel}?from=${from}&to=${to}`;
  link.download = '';
  link.click();
  toast(`${wall.chosen.info.name}, ${((to - from) / 1000).toFixed(1)} s, is being saved`);
}

function toast(text) {
  $('toast').textContent = text;
  $('toast').hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $('toast').hidden = true; }, 4000);
}

/* ---- light and dark ------------------------------------------------------------- */

const dark = matchMedia('(prefers-color-scheme: dark)');

function applyTheme() {
  document.documentElement.dataset.theme = localStorage.getItem('theme') || (dark.matches ? 'dark' : 'light');
  timeline.draw();
}

function toggleTheme() {
  localStorage.setItem('theme', document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
  applyTheme();
}

dark.onchange = applyTheme;
applyTheme();

/* ---- buttons and keys -------------------------------------------------------------- */

$('go-live').onclick = goLive;
$('go-play').onclick = goPlay;
$('show-status').onclick = toggleStatus;
$('theme').onclick = toggleTheme;
$('help').onclick = () => $('keys').showModal();
$('play').onclick = () => player.toggle();
$('step-back').onclick = () => step(-1);
$('step-on').onclick = () => step(1);
$('speed').onchange = () => player.setRate(Number($('speed').value));
$('day-back').onclick = () => changeDay(-1);
$('day-on').onclick = () => changeDay(1);
$('day').onchange = () => {
  const [year, month, day] = $('day').value.split('-').map(Number);
  const date = new Date(player.time);
  date.setFullYear(year, month - 1, day);
  player.seek(date.getTime());
  timeline.setDay(player.time);
};
$('mark-in').onclick = () => mark(0);
$('mark-out').onclick = () => mark(1);
$('export').onclick = save;

const keys = {
  ArrowLeft: (shift) => (shift && player ? player.seek(player.time - 10e3) : wall.move(-1, 0)),
  ArrowRight: (shift) => (shift && player ? player.seek(player.time + 10e3) : wall.move(1, 0)),
  ArrowUp: () => wall.move(0, -1),
  ArrowDown: () => wall.move(0, 1),
  Enter: () => wall.chosen && wall.toggle(wall.chosen),
  Escape: () => wall.enlarge(null),
  f: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  l: goLive, t: goPlay, s: toggleStatus, d: toggleTheme,
  '?': () => $('keys').showModal(),
};
const playKeys = {
  ' ': () => player.toggle(), ',': () => step(-1), '.': () => step(1),
  '-': () => changeSpeed(-1), '+': () => changeSpeed(1),
  i: () => mark(0), o: () => mark(1), e: save,
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
  if (event.target.matches('input, select') || !now) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = keys[key] || (player && playKeys[key]);
  if (!action) return;
  event.preventDefault();
  action(event.shiftKey);
});

start().catch((error) => toast(error.message));
