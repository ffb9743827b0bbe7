// SPDX-License-Identifier: BSD-2-Clause
// Boards, disk, alarms and events in words and numbers.

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

export function size(bytes) {
  let i = 0;
  for (; bytes >= 1000 && i < UNITS.length - 1; i++) bytes /= 1000;
  return `${bytes.toFixed(i && bytes < 100 ? 1 : 0)} ${UNITS[i]}`;
}

function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function list(rows) {
  const dl = element('dl');
  for (const [name, value] of rows) dl.append(element('dt', name), element('dd', value));
  return dl;
}

function board(b) {
  if (b.state === 'lost') return list([['State', 'lost; tried again and again'], ['Why', b.error], ['Attempts', b.attempts]]);
  const troubles = b.resyncs + b.firmware_restarts + b.resets;
  return list([
    ['State', b.state], ['Reached by', b.driver], ['Chip', b.soc], ['Firmware', b.firmware || '–'],
    ['Windows', `${b.window_count} × ${b.window_bytes / 1048576} MB`],
    ['Memory', `${b.arena_bytes / 1048576} MB, ${b.memory}`], ['Shared by', b.mode],
    ['Recoveries', troubles ? `${b.resyncs} channel, ${b.firmware_restarts} firmware, ${b.resets} reset` : 'none'],
    ['Refused transfers', b.dma_faults], ['Losses', b.losses || 'none'],
  ]);
}

function channels(rows) {
  const table = element('table');
  const head = element('tr');
  for (const name of ['', 'fps', 'Mbit/s', 'lost', 'viewers']) head.append(element('th', name));
  table.append(head);
  for (const c of rows) {
    const row = element('tr');
    for (const cell of [c.name, c.frame_rate, (c.bit_rate / 1e6).toFixed(1), c.lost, c.clients]) row.append(element('td', cell));
    table.append(row);
  }
  return table;
}

/** What an alarm or event is of: "Board 1, camera 3: ". */
function where({ board, channel }, status) {
  const words = [];
  if (board >= 0 && status.boards.length > 1) words.push(`board ${board}`);
  if (channel >= 0) words.push(`camera ${channel}`);
  const text = words.join(', ');
  return text && `${text[0].toUpperCase()}${text.slice(1)}: `;
}

/** The panel's content. */
export function fill(panel, status, events) {
  const parts = [element('h2', 'Alarms')];
  for (const alarm of status.alarms) {
    parts.push(element('p', where(alarm, status) + alarm.text, 'alarm'));
  }
  if (!status.alarms.length) parts.push(element('p', 'None', 'calm'));
  if (status.disk) {
    const { bytes, free_bytes: free } = status.disk;
    const meter = element('meter');
    Object.assign(meter, { min: 0, max: bytes + free || 1, value: bytes });
    parts.push(element('h2', 'Disk'), meter, list([['Recordings', size(bytes)], ['Free', size(free)]]));
  }
  for (const b of status.boards) parts.push(element('h2', status.boards.length > 1 ? `Board ${b.board}` : 'Board'), element('p', b.name, 'name'), board(b));
  parts.push(element('h2', 'Cameras'), channels(status.channels));
  parts.push(element('h2', 'Events'));
  const ol = element('ol');
  for (const event of events.slice(-60).reverse()) {
    const li = element('li');
    li.append(element('time', new Date(event.time_ms).toTimeString().slice(0, 8)),
      element('span', where(event, status) + event.text));
    ol.append(li);
  }
  parts.push(ol, element('p', `netra ${status.version}`));
  panel.replaceChildren(...parts);
}

/** The header's facts. */
export function facts(line, status) {
  const running = status.channels.filter((c) => c.state === 'running').length;
  const rate = status.channels.reduce((sum, c) => sum + c.bit_rate, 0);
  const fact = (value, text, bad) => {
    const span = element('span', undefined, bad ? 'bad' : '');
    span.append(element('b', value), ` ${text}`);
    return span;
  };
  const parts = [fact(`${running} of ${status.channels.length}`, 'cameras', running < status.channels.length),
    fact((rate / 1e6).toFixed(1), 'Mbit/s')];
  if (status.disk) parts.push(fact(size(status.disk.free_bytes), 'free'));
  line.replaceChildren(...parts);
}
