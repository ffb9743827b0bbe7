#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The emulated board as a process: its socket, its options, its end."""

import errno
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import EMULATOR, Emulator, equal, expect, main, run, test, wait_for  # noqa: E402

VERSION, DEVICE_INFO, REGION_READ = 1, 4, 9
CONFIG = 7
_folder = tempfile.TemporaryDirectory(prefix="netra-serve-")
FOLDER = pathlib.Path(_folder.name)
CLIP = FOLDER / "clip.264"


def clip():
    """Any H.264 at all."""
    if not CLIP.exists():
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=128x96:rate=30", "-t", 1,
            "-c:v", "libx264", "-preset", "ultrafast", "-f", "h264", CLIP)
    return CLIP


class Client:
    """A vfio-user client of a few lines."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(5)
        self.socket.connect(str(path))

    def send(self, command, body):
        self.socket.sendall(struct.pack("<HHIII", 9, command, 16 + len(body), 0, 0) + body)

    def receive(self):
        """Error number and body of the next reply."""
        head = self.take(16)
        number, _, size, flags, error = struct.unpack("<HHIII", head)
        equal(number, 9, "message id")
        body = self.take(size - 16)
        return (error if flags & 0x20 else 0), body

    def take(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            expect(piece, "the board hung up")
            data += piece
        return data

    def ask(self, command, body):
        self.send(command, body)
        return self.receive()

    def read(self, region, offset, count):
        error, body = self.ask(REGION_READ, struct.pack("<QII", offset, region, count))
        equal(error, 0, "error of a read")
        return body[16:]

    def hello(self):
        error, body = self.ask(VERSION, struct.pack("<HH", 0, 1))
        equal(error, 0, "error of the version")
        equal(body[:4], struct.pack("<HH", 0, 1), "version")
        return self

    def close(self):
        self.socket.close()


def ids(client):
    return struct.unpack("<HH", client.read(CONFIG, 0, 4))


@test
def serves_and_counts():
    """A client connects, reads the ids, goes; the counters say so."""
    with Emulator("--source", clip(), "--soc", "dm8148") as board:
        client = Client(board.socket).hello()
        equal(ids(client), (0x104c, 0xb801), "ids")
        board.process.send_signal(signal.SIGUSR1)
        wait_for(board.stats_file.exists, 5, "counters on SIGUSR1")
        client.close()
        stats = board.stats()
        equal(board.process.returncode, 0, "exit status")
        expect(not board.socket.exists(), "the socket is still there")
    equal(stats["clients"], 1, "clients")
    equal(stats["config_reads"], 1, "reads of configuration space")


@test
def one_client_at_a_time():
    """A second client is told EBUSY at once; when the first goes, the next may come."""
    with Emulator("--source", clip()) as board:
        first = Client(board.socket).hello()
        second = Client(board.socket)
        error, _ = second.ask(VERSION, struct.pack("<HH", 0, 1))
        equal(error, errno.EBUSY, "error of the second client")
        equal(second.socket.recv(1), b"", "connection of the second client")
        equal(ids(first), (0x104c, 0xb800), "ids for the first client")
        first.close()
        third = Client(board.socket).hello()
        equal(ids(third), (0x104c, 0xb800), "ids for the third client")
        equal(board.stats()["clients_refused"], 1, "clients refused")


@test
def half_a_message():
    """A client that stops in the middle of a message harms nobody."""
    with Emulator("--source", clip()) as board:
        slow = Client(board.socket).hello()
        slow.socket.sendall(struct.pack("<HHI", 9, REGION_READ, 32))
        other = Client(board.socket)
        equal(other.ask(VERSION, struct.pack("<HH", 0, 1))[0], errno.EBUSY, "answer to another")
        slow.close()
        equal(ids(Client(board.socket).hello()), (0x104c, 0xb800), "ids for the next")


@test
def rubbish_hangs_up():
    """Lengths that cannot be, and replies to nothing, end the connection only."""
    with Emulator("--source", clip()) as board:
        for head in (struct.pack("<HHIII", 9, 1, 15, 0, 0), struct.pack("<HHIII", 9, 1, 1 << 30, 0, 0),
                     struct.pack("<HHIII", 9, 1, 16, 1, 0)):
            client = Client(board.socket)
            client.socket.sendall(head)
            equal(client.socket.recv(16), b"", "answer to rubbish")
        equal(ids(Client(board.socket).hello()), (0x104c, 0xb800), "ids for the next")


@test
def left_over_socket():
    """The socket of a killed board is taken over; that of a living one is not."""
    path = FOLDER / "left.sock"
    command = [str(EMULATOR), "--socket", str(path), "--source", str(clip())]
    for _ in range(2):
        with subprocess.Popen(command) as board:
            wait_for(lambda: path.exists() and answers(path), 10, "the board")
            late = run(*command, check=False)
            equal(late.returncode, 1, "exit status of the second board")
            expect("another board" in late.stderr, late.stderr)
            board.kill()
        expect(path.exists(), "a killed board cannot remove its socket")


def answers(path):
    try:
        client = Client(path)
    except ConnectionError:
        return False
    client.close()
    return True


@test
def ends_with_its_parent():
    """--parent-death: no board outlives the program that started it."""
    path = FOLDER / "parent.sock"
    shell = f"'{EMULATOR}' --socket '{path}' --source '{clip()}' --parent-death & echo $!; exec sleep 60"
    with subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, text=True) as parent:
        board = int(parent.stdout.readline())
        wait_for(path.exists, 10, "the board")
        parent.kill()
        wait_for(lambda: not alive(board), 5, "the board's end")
    expect(not path.exists(), "the socket is still there")


def alive(pid):
    try:
        os.kill(pid, 0)
        state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


@test
def inherited_connection():
    """--listen-fd with one end of a socket pair: the board ends with its client."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen([str(EMULATOR), "--listen-fd", str(theirs.fileno()), "--source", str(clip())],
                          pass_fds=[theirs.fileno()]) as board:
        theirs.close()
        client = Client.__new__(Client)
        client.socket = ours
        ours.settimeout(5)
        equal(ids(client.hello()), (0x104c, 0xb800), "ids")
        client.close()
        equal(board.wait(5), 0, "exit status")


@test
def wrong_usage():
    """One clear line and exit status 2 for what makes no sense."""
    good = ["--socket", FOLDER / "no.sock"]
    for words in ([], ["--nonsense"], good + ["stray"], good + ["--channels", "65"], good + ["--channels", "0"],
                  good + ["--soc", "dm9999"], good + ["--pace", "fast"], good + ["--bars", "4K,3M"],
                  good + ["--bars", "8K,8M"], good + ["--size", "12"], good + ["--fault", "nothing"],
                  good + ["--fault", "boot-hang"], good + ["--fault", "boot-hang:moon"],
                  good + ["--fault", "gone:ch=1"], good + ["--loops", "-1"], ["--socket"]):
        result = run(EMULATOR, *words, check=False)
        equal(result.returncode, 2, f"exit status for {words}")
        equal(len(result.stderr.splitlines()), 1, f"lines of error for {words}: {result.stderr}")
        expect(result.stderr.startswith("netra: "), result.stderr)


@test
def failures():
    """One clear line and exit status 1 for what cannot be done."""
    noise = FOLDER / "noise.264"
    noise.write_bytes(os.urandom(50000))
    for words in (["--socket", FOLDER / "a.sock", "--source", noise],
                  ["--socket", FOLDER / "a.sock", "--source", FOLDER / "absent.mp4"],
                  ["--socket", "/nowhere/a.sock", "--source", clip()],
                  ["--socket", "/" + 200 * "a", "--source", clip()]):
        result = run(EMULATOR, *words, check=False)
        equal(result.returncode, 1, f"exit status for {words}")
        equal(len(result.stderr.splitlines()), 1, f"lines of error for {words}: {result.stderr}")
        expect(not (FOLDER / "a.sock").exists(), "a socket was left behind")


@test
def help_and_version():
    """--help names every option of the design; both exit with 0."""
    text = run(EMULATOR, "--help").stdout
    for word in ("--socket", "--channels", "--source", "--soc", "--pace", "--loops", "--fault"):
        expect(word in text, f"{word} is not in the help")
    expect(run(EMULATOR, "--version").stdout.startswith("netra-emulator "), "version")


if __name__ == "__main__":
    main()
