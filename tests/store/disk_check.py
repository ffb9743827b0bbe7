#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is the disk of the power cuts (disk.py) what it says? What was flushed before
a cut is there after it; of the rest, each sector is there or not."""

import pathlib
import socket
import struct
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "store")]
from harness import equal, expect, main, test  # noqa: E402
from disk import FLUSH, READ, SECTOR, WRITE, Disk, receive  # noqa: E402

BLOCK = 8 * SECTOR
BLOCKS = 256


class Client:
    """As much of an NBD client as it takes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        receive(self.socket, 18)
        self.socket.sendall(struct.pack(">I8sII", 3, b"IHAVEOPT", 1, 0))
        receive(self.socket, 10)

    def ask(self, kind, offset=0, length=0, data=b""):
        self.socket.sendall(struct.pack(">IHH8sQI", 0x25609513, 0, kind, b"handle..", offset, length or len(data)) + data)
        magic, status, _ = struct.unpack(">II8s", receive(self.socket, 16))
        equal(magic, 0x67446698, "answer's magic")
        return status, receive(self.socket, length) if kind == READ and not status else b""

    def write(self, block, letter):
        equal(self.ask(WRITE, block * BLOCK, data=letter * BLOCK)[0], 0, "status of a write")


def with_disk(function):
    with tempfile.TemporaryDirectory(prefix="netra-disk-") as name:
        folder = pathlib.Path(name)
        image = folder / "start"
        image.write_bytes(b"." * (BLOCK * BLOCKS))
        with Disk(folder, image) as disk:
            function(disk, Client(disk.socket))


def sectors(image):
    data = image.read_bytes()
    return [data[at:at + 1] for at in range(0, len(data), SECTOR)]


@test
def flushed_is_there_and_the_rest_by_chance():
    def check(disk, client):
        for block in range(100):
            client.write(block, b"a")
        equal(client.ask(FLUSH)[0], 0, "status of a flush")
        for block in range(50, 150):
            client.write(block, b"b")
        cuts = [disk.cut(1, 0.0), disk.cut(2, 1.0), disk.cut(3, 0.5)]
        equal(client.ask(READ, 99 * BLOCK, BLOCK), (0, b"b" * BLOCK), "what the machine reads")
        client.ask(FLUSH)
        cuts.append(disk.cut(4, 0.0))
        found = {cut: sectors(image) for cut, image in disk.images(cuts)}
        n = BLOCK // SECTOR
        nothing = [b"a"] * 100 * n + [b"."] * (BLOCKS - 100) * n
        everything = [b"a"] * 50 * n + [b"b"] * 100 * n + [b"."] * (BLOCKS - 150) * n
        equal(found[cuts[0]], nothing, "nothing kept")
        equal(found[cuts[1]], everything, "all kept")
        equal(found[cuts[3]], everything, "all flushed")
        half = found[cuts[2]]
        expect(all(got in pair for got, pair in zip(half, zip(nothing, everything))), "a sector that was never written")
        torn = sum(len(set(half[at:at + n])) > 1 for at in range(50 * n, 150 * n, n))
        expect(0.4 < half.count(b"b") / 100 / n < 0.6 and torn > 80, f"{half.count(b'b')} sectors kept, {torn} writes torn")
    with_disk(check)


@test
def the_last_cut_ends_it():
    def check(disk, client):
        client.write(0, b"a")
        client.ask(FLUSH)
        cut = disk.cut(1, 1.0, last=True)
        try:
            client.ask(WRITE, 0, data=b"b" * BLOCK)
            raise AssertionError("a write was answered after the power was cut")
        except ConnectionError:
            pass
        for _, image in disk.images([cut]):
            equal(sectors(image)[0], b"a", "first sector")
    with_disk(check)


@test
def it_stalls_and_fails():
    def check(disk, client):
        disk.stall(0.5)
        begin = time.monotonic()
        client.write(1, b"a")
        expect(0.4 < time.monotonic() - begin < 5, "it did not stall")
        disk.fail()
        expect(client.ask(WRITE, 0, data=b"b" * BLOCK)[0] and client.ask(FLUSH)[0], "it did not fail")
        equal(client.ask(READ, BLOCK, 1)[1], b"a", "a read meanwhile")
        disk.fail(None)
        client.write(2, b"c")
    with_disk(check)


if __name__ == "__main__":
    main()
