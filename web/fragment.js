// SPDX-License-Identifier: BSD-2-Clause
// What a fragment says of time (docs/store.md).

const MOOF = 0x6d6f6f66, TRAF = 0x74726166, TFDT = 0x74666474, UUID = 0x75756964;
const NOTE_BYTES = 76;

/** Where a box in moof or its traf begins; 0: there is none. */
function find(view, end, type) {
  for (let at = 8; at + 8 <= end;) {
    const kind = view.getUint32(at + 4);
    if (kind === type) return at;
    at += kind === TRAF ? 8 : Math.max(8, view.getUint32(at));
  }
  return 0;
}

/**
 * The moment, in ms since 1970, at which second 0 of a stream was taken, by a
 * fragment's first bytes: the note at the end of moof has the clock, tfdt the
 * stream's time. null: these are no fragment's first bytes.
 */
export function startOf(data) {
  const view = new DataView(data);
  if (view.byteLength < 8 || view.getUint32(4) !== MOOF) return null;
  const end = view.getUint32(0);
  const note = end - NOTE_BYTES;
  if (note < 8 || end > view.byteLength || view.getUint32(note + 4) !== UUID) return null;
  const tfdt = find(view, end, TFDT);
  if (!tfdt) return null;
  return Number(view.getBigInt64(note + 56)) / 1e6 - Number(view.getBigUint64(tfdt + 12)) / 90;
}
