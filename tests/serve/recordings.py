# SPDX-License-Identifier: BSD-2-Clause
"""What tests of recordings share: times in URLs, and packets back to pictures."""

import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import FOLDER  # noqa: E402
from harness import Failure, run  # noqa: E402


def clock(moment):
    return moment.strftime("%Y%m%dT%H%M%S.") + f"{moment.microsecond // 1000:03d}Z"


class Depacketizer:
    """RTP packets to Annex B (RFC 6184), and the number of frames."""

    def __init__(self):
        self.data = bytearray()
        self.frames = self.keys = 0
        self.times = []
        self.last = None

    def packet(self, packet):
        sequence, stamp = struct.unpack(">HI", packet[2:8])
        if self.last is not None and sequence != (self.last + 1) & 0xffff:
            raise Failure(f"packet {sequence} after {self.last}")
        self.last = sequence
        payload = packet[12:]
        kind = payload[0] & 31
        if kind == 24:
            at = 1
            while at < len(payload):
                size, = struct.unpack(">H", payload[at:at + 2])
                self.data += b"\0\0\0\1" + payload[at + 2:at + 2 + size]
                at += 2 + size
        elif kind == 28:
            if payload[1] & 0x80:
                self.data += b"\0\0\0\1" + bytes([payload[0] & 0xe0 | payload[1] & 31])
                self.keys += payload[1] & 31 == 5
            self.data += payload[2:]
        else:
            self.data += b"\0\0\0\1" + payload
            self.keys += kind == 5
        if packet[1] & 0x80:
            self.frames += 1
            self.times.append(stamp)


def decoded(data):
    with tempfile.NamedTemporaryFile(dir=FOLDER, suffix=".264") as file:
        file.write(data)
        file.flush()
        out = run("ffmpeg", "-v", "error", "-i", file.name, "-fps_mode", "passthrough", "-f", "framemd5", "-").stdout
    return [line.split(",")[5].strip() for line in out.splitlines() if line[0] != "#"]
