# SPDX-License-Identifier: BSD-2-Clause
"""The link between an emulated board and Wine, which has no AF_UNIX.

One side is a client of the board's vfio-user socket. The other listens on the
loopback: a first connection asks (struct request below, answered one by one),
a second one receives a byte for each MSI. Memory is shared by files that Wine
opens by name: the memory that the board may reach, and its BARs.
"""

import argparse
import array
import os
import selectors
import socket
import struct
import sys

# vfio-user (QEMU docs/interop/vfio-user.rst) and <linux/vfio.h>
VERSION, DMA_MAP, DMA_UNMAP, REGION_INFO, SET_IRQS, REGION_READ, REGION_WRITE = 1, 2, 3, 5, 8, 9, 10
HEADER = struct.Struct("<HHIII")
ACCESS = struct.Struct("<QII")
CONFIG_REGION = 7
MSI_INDEX = 1
SET_EVENTFD = 0x24              # ACTION_TRIGGER | DATA_EVENTFD
UNMAP_ALL = 2
BARS = 6

# From Wine: operation, region, offset, length. A write's bytes follow.
REQUEST = struct.Struct("<IIQQ")
ASK_READ, ASK_WRITE, ASK_MAP, ASK_UNMAP, ASK_FILES = range(5)
PATH_BYTES = 64


class Board:
    """A client of the emulated board."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.number = 0
        self.call(VERSION, struct.pack("<HH", 0, 0) + b'{"capabilities":{"max_msg_fds":8}}\0')

    def call(self, command, body, fd=-1):
        """One request; the reply's body and its descriptors."""
        self.number = (self.number + 1) & 0xFFFF
        head = HEADER.pack(self.number, command, HEADER.size + len(body), 0, 0)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd >= 0 else []
        self.socket.sendmsg([head + body], control)
        data, fds, _, _ = socket.recv_fds(self.socket, 65536, 4)
        while len(data) < HEADER.size or len(data) < HEADER.unpack_from(data)[2]:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the board's process ended")
            data += more
        error = HEADER.unpack_from(data)[4]
        if error:
            raise OSError(error, f"the board refused request {command}: {os.strerror(error)}")
        return data[HEADER.size:], fds

    def read(self, region, offset, length):
        body, _ = self.call(REGION_READ, ACCESS.pack(offset, region, length))
        return body[ACCESS.size:]

    def write(self, region, offset, data):
        self.call(REGION_WRITE, ACCESS.pack(offset, region, len(data)) + data)

    def bar(self, number):
        """Bytes of a BAR, and a descriptor if it can be mapped."""
        body, fds = self.call(REGION_INFO, struct.pack("<IIIIQQ", 32, 0, number, 0, 0, 0))
        return struct.unpack_from("<IIIIQQ", body)[4], fds[0] if fds else -1

    def map(self, fd, offset, address, length):
        self.call(DMA_MAP, struct.pack("<IIQQQ", 32, 3, offset, address, length), fd)

    def unmap(self, address, length):
        self.call(DMA_UNMAP, struct.pack("<IIQQ", 24, 0, address, length))

    def unmap_all(self):
        self.call(DMA_UNMAP, struct.pack("<IIQQ", 24, UNMAP_ALL, 0, 0))

    def interrupts(self, eventfd):
        self.call(SET_IRQS, struct.pack("<IIIII", 20, SET_EVENTFD, MSI_INDEX, 0, 1), eventfd)


def receive(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Bridge:
    def __init__(self, board, memory_bytes):
        self.board = board
        self.memory = os.memfd_create("memory")
        os.ftruncate(self.memory, memory_bytes)
        self.files = [(self.memory, memory_bytes)]
        for number in range(BARS):
            size, fd = board.bar(number)
            self.files.append((fd, size))

    def describe_files(self):
        """Length and name of the memory's file and of each BAR's; "" = by request."""
        text = b""
        for fd, size in self.files:
            path = f"/proc/{os.getpid()}/fd/{fd}" if fd >= 0 else ""
            text += struct.pack(f"<Q{PATH_BYTES}s", size, path.encode())
        return text

    def answer(self, connection):
        what, region, offset, length = REQUEST.unpack(receive(connection, REQUEST.size))
        if what == ASK_READ:
            connection.sendall(self.board.read(region, offset, length))
        elif what == ASK_WRITE:
            self.board.write(region, offset, receive(connection, length))
            connection.sendall(b"\0")
        elif what == ASK_MAP:
            (address,) = struct.unpack("<Q", receive(connection, 8))
            self.board.map(self.memory, offset, address, length)
            connection.sendall(b"\0")
        elif what == ASK_UNMAP:
            self.board.unmap(offset, length)
            connection.sendall(b"\0")
        elif what == ASK_FILES:
            connection.sendall(self.describe_files())
        else:
            raise ValueError(f"request {what}")

    def serve(self, listener):
        """Until the client goes away: True to wait for the next one."""
        requests = listener.accept()[0]
        requests.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        events = listener.accept()[0]
        events.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        interrupts = os.eventfd(0, os.EFD_CLOEXEC)
        self.board.interrupts(interrupts)
        wait = selectors.DefaultSelector()
        wait.register(requests, selectors.EVENT_READ)
        wait.register(interrupts, selectors.EVENT_READ)
        wait.register(self.board.socket, selectors.EVENT_READ)
        try:
            while True:
                for key, _ in wait.select():
                    if key.fileobj is requests:
                        self.answer(requests)
                    elif key.fileobj is self.board.socket:
                        return False
                    else:
                        count = os.eventfd_read(interrupts)
                        events.sendall(b"\1" * min(count, 256))
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return True
        finally:
            # Wine's memory ends with it; the board stays as it is.
            self.board.unmap_all()
            requests.close()
            events.close()
            os.close(interrupts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket", help="the emulated board's")
    parser.add_argument("port_file", help="receives the port that Wine connects to")
    parser.add_argument("--memory", type=int, default=128, help="MB that the board may reach")
    options = parser.parse_args()
    bridge = Bridge(Board(options.socket), options.memory << 20)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        temporary = options.port_file + ".new"
        with open(temporary, "w", encoding="ascii") as file:
            file.write(str(listener.getsockname()[1]))
        os.rename(temporary, options.port_file)
        while bridge.serve(listener):
            pass


if __name__ == "__main__":
    try:
        main()
    except (ConnectionError, OSError) as why:
        sys.exit(f"netra: bridge: {why}")
