# SPDX-License-Identifier: BSD-2-Clause
"""Reads a store's files as docs/store.md says, independently of the recorder."""

import dataclasses
import datetime
import struct

UUID = bytes.fromhex("d3b9f2a66e0f4d0c9c536e6574726101")
GAP, START, NO_SIGNAL, OVERRUN, DISK, CLOCK = (1 << bit for bit in range(6))
TICKS = 90000


@dataclasses.dataclass
class Fragment:
    offset: int       # of moof
    bytes: int        # with mdat
    header: bytes     # moof, and mdat's header
    payload: bytes
    decode_90k: int
    samples: list     # (offset in payload, bytes, duration, is a key frame)
    flags: int
    channel: int
    sequence: int
    position: int
    durable: int
    wall_ns: int
    lost: int
    payload_sum: int
    header_sum: int

    @property
    def duration_90k(self):
        return sum(sample[2] for sample in self.samples)

    @property
    def end_ns(self):
        """Clock time of the last frame's end."""
        return self.wall_ns + self.duration_90k * 1000000000 // TICKS

    def units(self):
        """NAL units of each sample."""
        return [nal_units(self.payload[offset:offset + size]) for offset, size, _, _ in self.samples]


def nal_units(sample):
    units, at = [], 0
    while at + 4 <= len(sample):
        length = int.from_bytes(sample[at:at + 4], "big")
        units.append(sample[at + 4:at + 4 + length])
        at += 4 + length
    return units


def boxes(data, begin=0, end=None):
    """(type, offset, content's offset, end) of the whole boxes in data."""
    end = len(data) if end is None else end
    while begin + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, begin)
        content = begin + 8
        if size == 1 and begin + 16 <= end:
            size, content = struct.unpack_from(">Q", data, content)[0], content + 8
        if size < content - begin or begin + size > end:
            return
        yield kind.decode("latin-1"), begin, content, begin + size
        begin += size


def _moof(data, begin, end):
    """What a moof's boxes say; None if it is not as docs/store.md says."""
    found = {}
    for kind, _, content, stop in boxes(data, begin + 8, end):
        found[kind] = (content, stop)
    traf = {kind: content for kind, _, content, _ in boxes(data, *found["traf"])}
    flags, count = struct.unpack_from(">II", data, traf["trun"])
    if flags != 0x01000f01:
        return None
    base = struct.unpack_from(">i", data, traf["trun"] + 8)[0] - (end - begin) - 8
    samples = []
    for number in range(count):
        duration, size, sample_flags, _ = struct.unpack_from(">IIIi", data, traf["trun"] + 12 + 16 * number)
        samples.append((base, size, duration, not sample_flags & 0x10000))
        base += size
    decode = struct.unpack_from(">Q", data, traf["tfdt"] + 4)[0]
    content, stop = found["uuid"]
    if stop - content != 68 or data[content:content + 16] != UUID:
        return None
    return decode, samples, struct.unpack_from(">IIIIQQqIII", data, content + 16)


def fragments(data):
    """The whole fragments of a file's bytes, in order, up to its end or where it is torn."""
    moof = None
    for kind, begin, content, end in boxes(data):
        if kind == "moof":
            moof = (begin, end)
        elif kind == "mdat" and moof and moof[1] == begin:
            try:
                read = _moof(data, *moof)
            except (KeyError, struct.error):
                return
            if not read or read[2][0] != 1:
                return
            decode, samples, fields = read
            yield Fragment(moof[0], end - moof[0], data[moof[0]:content], data[content:end], decode, samples, *fields[1:])


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = _CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def sums_hold(fragment):
    """Both checksums, as stored and as they should be."""
    header = bytearray(fragment.header)
    header[-12:-8] = bytes(4)  # the field itself; mdat's header follows
    return (crc32c(header), crc32c(fragment.payload)) == (fragment.header_sum, fragment.payload_sum)


def name_ns(path):
    """Time in a file's name."""
    stamp = path.name.split(".mp4")[0]
    when = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return round(when.timestamp() * 1000) * 1000000


def recordings(store, channel):
    """A channel's files, oldest first, also those being written."""
    folder = store / f"ch{channel:02d}"
    return sorted(path for path in folder.glob("*.mp4*") if not path.name.endswith(".damaged"))
