# SPDX-License-Identifier: BSD-2-Clause
"""Makes one program's disk, or clock, misbehave while it runs; see bad_disk.c."""

import errno
import mmap
import os
import struct
import time

from harness import BUILD

LIBRARY = (BUILD / "tests" / "libbad_disk.so").resolve()
LAYOUT = "=qqqqqQ208s"


class BadDisk:
    """Run the program with .environment. where: what paths must have in them
    to be concerned; all of the program's files by default."""

    def __init__(self, folder):
        path = folder / "bad_disk"
        path.write_bytes(bytes(struct.calcsize(LAYOUT)))
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), struct.calcsize(LAYOUT))
        self._where = b"/"
        self._set(left_bytes=-1)
        self.environment = {**os.environ, "LD_PRELOAD": str(LIBRARY), "NETRA_BAD_DISK": str(path)}

    def _set(self, stall_until_ns=0, write_error=0, sync_error=0, left_bytes=-1, clock_ns=None):
        if clock_ns is None:
            clock_ns, = struct.unpack_from("=q", self._memory, 8)
        struct.pack_into("=qqqqq", self._memory, 0, stall_until_ns, clock_ns, write_error, sync_error, left_bytes)
        struct.pack_into("=208s", self._memory, 48, self._where)

    @property
    def hits(self):
        """Calls that were delayed or failed up to now."""
        return struct.unpack_from("=Q", self._memory, 40)[0]

    def well(self):
        self._set()

    def stall(self, seconds, where="/"):
        self._where = where.encode()
        self._set(stall_until_ns=time.monotonic_ns() + int(seconds * 1e9))

    def fail_writes(self, where="/", error=errno.EIO):
        self._where = where.encode()
        self._set(write_error=error)

    def fail_syncs(self, where="/", error=errno.EIO):
        self._where = where.encode()
        self._set(sync_error=error)

    def fill(self, left_bytes, where="/"):
        """So many bytes fit, then it is full."""
        self._where = where.encode()
        self._set(left_bytes=left_bytes)

    def set_clock(self, seconds):
        """The system's clock, from now on off by so many seconds."""
        self._set(clock_ns=int(seconds * 1e9))
