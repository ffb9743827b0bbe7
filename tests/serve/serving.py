# SPDX-License-Identifier: BSD-2-Clause
"""A running `netra serve` with emulated cameras of known pictures, and an RTSP
client that looks at every byte."""

import atexit
import json
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import NETRA, Failure, Skip, expect, frame_hashes, run, wait_for  # noqa: E402

GOP = 30
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="netra-serve-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
_hashes = {}


def clip(name, *options, size="176x144", seconds=12):
    """A camera: no two pictures alike, a key frame each second."""
    path = FOLDER / f"{name}.mp4"
    if not path.exists():
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
            f"testsrc2=size={size}:rate=30,noise=alls=10:allf=t:all_seed={len(name) + ord(name[-1])}",
            "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-g", GOP, "-keyint_min", GOP,
            "-sc_threshold", 0, "-pix_fmt", "yuv420p", *options, path)
    return path


def cameras():
    """Four kinds: plain, with B-frames, with several slices, without parameter sets in band."""
    return [clip("a", "-b:v", "300k"),
            clip("b", "-b:v", "300k", "-bf", 2, "-x264-params", "b-adapt=0"),
            clip("c", "-b:v", "300k", "-x264-params", "slices=4"),
            clip("d", "-b:v", "500k", size="352x288")]


def hashes(path):
    if path not in _hashes:
        _hashes[path] = [digest for _, digest in frame_hashes(path)]
    return _hashes[path]


def same_from_a_key_frame(source, got, least, what):
    """`got` is a run of the source's pictures, which repeat, from a key frame on."""
    wanted = hashes(source)
    expect(len(got) >= least, f"{what}: {len(got)} frames, wanted {least}")
    expect(got[0] in wanted, f"{what}: the first picture is not one of the source's")
    first = wanted.index(got[0])
    expect(first % GOP == 0, f"{what}: begins at frame {first}, which is no key frame")
    for number, digest in enumerate(got):
        if digest != wanted[(first + number) % len(wanted)]:
            raise Failure(f"{what}: picture {number} of {len(got)} differs (from source frame {first} on)")


class Server:
    """`netra serve` for the life of a `with`."""

    disturbed = False       # a board had to be restarted

    def __init__(self, *options, channels=16, sources=None, board=None, env=None):
        sources = cameras() if sources is None else sources
        self.sources = sources
        self.board = board or ",".join([f"emulated:channels={channels}"] + [f"source={path}" for path in sources])
        words = ["serve", self.board, "--rtsp", "localhost:0", "--web", "none", "--json", "--interval", "200ms", *options]
        self.errors = open(FOLDER / f"errors-{time.monotonic_ns()}", "w+", encoding="utf-8")
        self.process = subprocess.Popen([str(word) for word in (NETRA, *words)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.errors, text=True, env=env)
        self.lines = []
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def __enter__(self):
        try:
            wait_for(lambda: self.lines or self.process.poll() is not None, 60, "netra serve")
            expect(self.lines, f"netra serve ended: {self.said()}")
        except BaseException:
            self.__exit__()
            raise
        self.urls = self.lines[0]["rtsp"]
        self.port = int(self.urls[0].rsplit(":", 1)[1])
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.thread.join()
        self.process.stdout.close()
        self.errors.close()
        Server.disturbed |= "heartbeat" in self.said()

    def said(self):
        return pathlib.Path(self.errors.name).read_text(encoding="utf-8")

    def url(self, channel, user=None):
        return f"rtsp://{user + '@' if user else ''}127.0.0.1:{self.port}/ch/{channel}"

    def status(self):
        """A status that was not there yet."""
        seen = len(self.lines)
        wait_for(lambda: len(self.lines) > seen or self.process.poll() is not None, 30, "a status line")
        return self.lines[-1]

    def wait_status(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition(status := self.status()):
            expect(time.monotonic() < end, f"waited {seconds} s for {what}: {status}")
        return status

    def source(self, channel):
        return self.sources[channel % len(self.sources)]

    def warm(self):
        """Every channel has a key frame."""
        self.wait_status(lambda s: all(c["frames"] for c in s["channels"]), 60, "all cameras")


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __getitem__(self, name):
        return dict(self.fields).get(name.lower(), "")


class Client:
    """One RTSP connection, request by request; counts what comes in between."""

    def __init__(self, port, context=None, timeout=20, receive_bytes=0):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        if context:
            self.socket = context.wrap_socket(self.socket)
        self.buffer = b""
        self.number = 0
        self.session = None
        self.packets = []       # (interleaved channel, bytes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fill(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise Failure("the server closed the connection")
            self.buffer += data

    def take(self, count):
        self.fill(count)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def packet(self):
        """The next interleaved packet: its channel and bytes."""
        head = self.take(4)
        expect(head[0:1] == b"$", f"not a packet: {head}")
        return head[1], self.take(struct.unpack(">H", head[2:])[0])

    def answer(self):
        self.fill(1)
        while self.buffer[0:1] == b"$":
            self.packets.append(self.packet())
            self.fill(1)
        while b"\r\n\r\n" not in self.buffer:
            self.fill(len(self.buffer) + 1)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        fields = [(name.lower(), value.strip()) for name, value in (line.split(":", 1) for line in lines[1:])]
        body = self.take(int(dict(fields).get("content-length", 0)))
        return Answer(int(lines[0].split()[1]), fields, body.decode())

    def request(self, method, url, **fields):
        self.number += 1
        if self.session:
            fields.setdefault("Session", self.session)
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(f"{method} {url} RTSP/1.0\r\nCSeq: {self.number}\r\n{text}\r\n".encode())
        answer = self.answer()
        expect(answer["CSeq"] == str(self.number), f"CSeq {answer['CSeq']}, wanted {self.number}")
        return answer

    def play(self, url, transport="RTP/AVP/TCP;unicast;interleaved=0-1", **fields):
        """From DESCRIBE to PLAY; each must succeed."""
        described = self.request("DESCRIBE", url, **fields)
        expect(described.status == 200, f"DESCRIBE: {described.status}")
        setup = self.request("SETUP", described["Content-Base"] + "track0", Transport=transport, **fields)
        expect(setup.status == 200, f"SETUP: {setup.status}")
        self.session = setup["Session"].split(";")[0]
        played = self.request("PLAY", described["Content-Base"], **fields)
        expect(played.status == 200, f"PLAY: {played.status}")
        return described, setup, played


class Continuity:
    """Are RTP packets one after the other? Counts frames and gaps."""

    def __init__(self):
        self.last = None
        self.gaps = self.frames = 0

    def packet(self, data):
        sequence = struct.unpack(">H", data[2:4])[0]
        if self.last is not None and sequence != (self.last + 1) & 0xffff:
            self.gaps += 1
        self.last = sequence
        self.frames += data[1] >> 7


def undisturbed(function):
    """Repeat a test if the emulated board was too late to prove that it lives: the machine was too busy for it."""
    def repeat(*arguments):
        for attempt in range(3):
            Server.disturbed = False
            try:
                return function(*arguments)
            except Failure as why:
                if not Server.disturbed or attempt == 2:
                    raise
                print(f"        once more, the machine was too busy for the board: {str(why)[:60]}", flush=True)
        return None
    return repeat


class Running:
    """A program at work, its words kept; what is left of it at the end is killed."""

    def __init__(self, words):
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def player(name):
    """A program that is installed, or a skip."""
    path = shutil.which(name)
    if not path:
        raise Skip(f"no {name}: scripts/install-packages serve")
    return path


def port_of(url):
    return int(re.search(r":(\d+)$", url).group(1))
