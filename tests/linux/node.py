# SPDX-License-Identifier: BSD-2-Clause
"""The calls of /dev/netraN (os/linux/netra_ioctl.h) for programs that tests run in the guest."""

import ctypes
import errno
import fcntl
import mmap
import os
import select

OPEN_ALL = 4
START, STOP, KEY_FRAME = 1, 2, 7
POST = 1


def _number(direction, number, kind):
    return direction << 30 | ctypes.sizeof(kind) << 16 | ord("N") << 8 | number


class Command(ctypes.Structure):
    _fields_ = [("channel", ctypes.c_uint32), ("opcode", ctypes.c_uint32), ("arg", ctypes.c_uint32 * 2),
                ("flags", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("error_text", ctypes.c_char * 320)]


class Reader(ctypes.Structure):
    _fields_ = [("channel", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("reader", ctypes.c_uint32),
                ("reserved", ctypes.c_uint32)]


class Take(ctypes.Structure):
    _fields_ = [("reader", ctypes.c_uint32), ("count", ctypes.c_uint32), ("frames", ctypes.c_uint64),
                ("more", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]


class Node:
    """A file that is open on a board."""

    def __init__(self, path, flags=os.O_RDWR):
        self.fd = os.open(path, flags)

    def _call(self, direction, number, argument):
        fcntl.ioctl(self.fd, _number(direction, number, argument), argument)
        return argument

    def status(self):
        return self._call(2, 0xa0, (ctypes.c_uint8 * 1072)())

    def command(self, channel, opcode, flags=0):
        self._call(3, 0xa3, Command(channel=channel, opcode=opcode, flags=flags))

    def reader(self, channel, flags=OPEN_ALL):
        """Open one; its number."""
        return self._call(3, 0xa4, Reader(channel=channel, flags=flags)).reader

    def take(self, reader, count=64):
        """(How many frames, may there be more): they are held until the node is closed."""
        frames = (ctypes.c_uint64 * (10 * count))()
        take = self._call(3, 0xa6, Take(reader=reader, count=count, frames=ctypes.addressof(frames)))
        return take.count, take.more

    def drain(self, reader):
        """Take all there is; how many frames, and the errno that ended it."""
        frames = 0
        while True:
            try:
                frames += self.take(reader)[0]
            except OSError as why:
                return frames, errno.errorcode[why.errno]

    def ready(self):
        """Numbers of the readers that have something."""
        bits = self._call(2, 0xab, ctypes.c_uint64()).value
        return [reader for reader in range(64) if bits >> reader & 1]

    def map(self, size):
        return mmap.mmap(self.fd, size, mmap.MAP_SHARED, mmap.PROT_READ)

    def poll(self, seconds=60, events=select.POLLIN):
        """Those of @events that came, and errors; 0 = none did."""
        poll = select.poll()
        poll.register(self.fd, events)
        return sum(events for _, events in poll.poll(1000 * seconds))
