# SPDX-License-Identifier: BSD-2-Clause
"""A disk with a volatile cache, for a virtual machine, whose power can be cut.

An NBD server on a unix socket. It is honest: a write is durable once a flush
that came after it has been answered, and not before. A cut keeps each sector
that was not flushed, or not, at random, as a disk does that writes its cache
out in an order of its own.

The disk is a log of writes upon an empty image. A cut is a place in that log
and a seed for the fate of what was not durable there; so the machine may run
on after a cut that is only to be looked at, and the next one is as honest.

It can also stall, and fail: see stall() and fail()."""

import collections
import dataclasses
import errno
import os
import pathlib
import random
import shutil
import socket
import struct
import threading
import time

# What is written whole or not at all. With 512 bytes even ext4's superblock tears.
SECTOR = 4096
MAGIC, OPTION_MAGIC, REPLY_MAGIC = b"NBDMAGIC", b"IHAVEOPT", 0x3e889045565a9
EXPORT_NAME, ABORT, GO = 1, 2, 7
ACK, INFO, UNSUPPORTED = 1, 3, (1 << 31) | 1
READ, WRITE, DISCONNECT, FLUSH = range(4)
# has flags, takes flush
FLAGS = 1 | 4
REQUEST_MAX = 32 << 20


@dataclasses.dataclass(frozen=True)
class Cut:
    """What a cut at time (CLOCK_MONOTONIC) left: the first `durable` writes of
    the log, and each sector of those up to `written` with probability `kept`."""
    time: float
    durable: int
    written: int
    seed: int
    kept: float


class Disk:
    """Served at folder/disk.sock while in a `with`. image: what it starts from."""

    def __init__(self, folder, image):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "disk.sock"
        self.start_image = pathlib.Path(image)
        self.image = self.folder / "disk.image"  # as the machine sees it
        self.writes = []       # (offset on disk, offset in log, length)
        self.durable = 0       # so many of them
        self.flushes = 0
        self._answers = collections.deque(maxlen=4000)  # (when, seconds it took)
        self._log_bytes = 0
        self._lock = threading.Lock()
        self._cut = False
        self._stall_until = 0.0
        self._errors = None
        self.closed = threading.Event()

    def __enter__(self):
        shutil.copyfile(self.start_image, self.image)
        self._data = os.open(self.image, os.O_RDWR)
        self._log = os.open(self.folder / "disk.log", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self.bytes = os.stat(self.image).st_size
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut = True
        self._thread.join(10)
        os.close(self._data)
        os.close(self._log)
        self.image.unlink()
        self.socket.unlink()

    def cut(self, seed, kept, last=False):
        """A Cut here and now; after the last one nothing is written any more."""
        with self._lock:
            self._cut |= last
            return Cut(time.monotonic(), self.durable, len(self.writes), seed, kept)

    def slowest(self, seconds):
        """Longest answer of the last so many seconds."""
        since = time.monotonic() - seconds
        return max((took for when, took in list(self._answers) if when > since), default=0.0)

    def stall(self, seconds):
        """Answer nothing for so long."""
        self._stall_until = time.monotonic() + seconds

    def fail(self, error=errno.EIO):
        """Fail writes and flushes from now on; None: no longer."""
        self._errors = error

    def images(self, cuts):
        """(cut, image) for each cut: what the disk holds after it. The image
        is the caller's until the next one is asked for."""
        work, result = self.folder / "cut.base", self.folder / "cut.image"
        copy_sparse(self.start_image, work)
        done = 0
        with open(work, "r+b", buffering=0) as base:
            for cut in sorted(cuts, key=lambda cut: cut.durable):
                for number in range(done, cut.durable):
                    self._apply(base, number)
                done = cut.durable
                copy_sparse(work, result)
                self._lose(cut, result)
                yield cut, result
        work.unlink()
        result.unlink(missing_ok=True)

    def _apply(self, file, number):
        offset, at, length = self.writes[number]
        os.pwrite(file.fileno(), os.pread(self._log, length, at), offset)

    def _lose(self, cut, image):
        """The cache's sectors, each written out or lost."""
        fate = random.Random(cut.seed)
        with open(image, "r+b", buffering=0) as file:
            for offset, at, length in self.writes[cut.durable:cut.written]:
                data = os.pread(self._log, length, at)
                for begin in range(0, length, SECTOR):
                    if fate.random() < cut.kept:
                        os.pwrite(file.fileno(), data[begin:begin + SECTOR], offset + begin)

    def _serve(self):
        try:
            client, _ = self._listener.accept()
            with client:
                client.settimeout(None)
                if self._greet(client):
                    while self._request(client):
                        pass
        except OSError:
            pass  # the machine, or this disk, has gone
        self.closed.set()

    def _greet(self, client):
        """NBD's fixed newstyle handshake."""
        client.sendall(MAGIC + OPTION_MAGIC + struct.pack(">H", 3))
        receive(client, 4)
        while True:
            magic, option, length = struct.unpack(">8sII", receive(client, 16))
            receive(client, length)
            if magic != OPTION_MAGIC or option == ABORT:
                return False
            if option == EXPORT_NAME:
                client.sendall(struct.pack(">QH", self.bytes, FLAGS))
                return True
            if option != GO:
                client.sendall(struct.pack(">QIII", REPLY_MAGIC, option, UNSUPPORTED, 0))
                continue
            for kind, body in ((INFO, struct.pack(">HQH", 0, self.bytes, FLAGS)), (ACK, b"")):
                client.sendall(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(body)) + body)
            return True

    def _request(self, client):
        magic, _, kind, handle, offset, length = struct.unpack(">IHH8sQI", receive(client, 28))
        if magic != 0x25609513 or kind == DISCONNECT or length > REQUEST_MAX:
            return False
        data = receive(client, length) if kind == WRITE else b""
        begin = time.monotonic()
        while not self._cut and time.monotonic() < self._stall_until:
            time.sleep(0.02)
        status, answer = self._do(kind, offset, length, data)
        if self._cut:
            return False
        self._answers.append((begin, time.monotonic() - begin))
        client.sendall(struct.pack(">II8s", 0x67446698, status, handle) + answer)
        return True

    def _do(self, kind, offset, length, data):
        if offset + length > self.bytes or kind > FLUSH:
            return errno.EINVAL, b""
        if kind == READ:
            return 0, os.pread(self._data, length, offset)
        if self._errors:
            return self._errors, b""
        with self._lock:
            if self._cut:
                return errno.EIO, b""
            if kind == FLUSH:
                self.durable = len(self.writes)
                self.flushes += 1
            else:
                os.pwrite(self._log, data, self._log_bytes)
                os.pwrite(self._data, data, offset)
                self.writes.append((offset, self._log_bytes, length))
                self._log_bytes += length
        return 0, b""


def receive(client, length):
    data = bytearray()
    while len(data) < length:
        piece = client.recv(length - len(data))
        if not piece:
            raise ConnectionError("closed")
        data += piece
    return bytes(data)


def copy_sparse(source, target):
    """Copy a file, holes as holes; quick, as most of a new disk is one."""
    with open(source, "rb", buffering=0) as a, open(target, "wb", buffering=0) as b:
        size = os.fstat(a.fileno()).st_size
        b.truncate(size)
        at = 0
        while at < size:
            try:
                begin = os.lseek(a.fileno(), at, os.SEEK_DATA)
            except OSError:
                break  # only a hole is left
            at = os.lseek(a.fileno(), begin, os.SEEK_HOLE)
            os.lseek(b.fileno(), begin, os.SEEK_SET)
            while begin < at:
                begin += os.sendfile(b.fileno(), a.fileno(), begin, at - begin)
