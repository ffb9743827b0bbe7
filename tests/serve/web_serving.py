# SPDX-License-Identifier: BSD-2-Clause
"""A `netra serve` with a web server, and what clients that are no browser ask of it."""
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import NETRA, Failure, equal, expect, run  # noqa: E402
from chromium import WebSocket  # noqa: E402

PASSWORD = "a-long-one"
CHANNELS = 6


def noise(folder, bit_rate):
    """A camera that fills its bit rate, which the synthetic ones do not: they are too easy to code."""
    path = Path(folder) / "noise.mp4"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:size=704x576:rate=30,noise=alls=100:allf=t", "-t", 2,
        "-c:v", "libx264", "-preset", "ultrafast", "-g", 30, "-b:v", bit_rate, "-maxrate", bit_rate, "-bufsize", bit_rate,
        "-pix_fmt", "yuv420p", path)
    return f"emulated:channels=1,source={path}"


class Server:
    """`netra serve` with two users, recording."""

    def __init__(self, *options, users=True, store=None, board=f"emulated:channels={CHANNELS},fps=10,size=352x288,bitrate=500k"):
        self.folder = Path(tempfile.mkdtemp(prefix="netra-http-"))
        words = [NETRA, "serve", board, "--rtsp", "none", "--web", "127.0.0.1:0", "--json", *options]
        if users:
            for name, channels in (("anna", "*"), ("gate", "0-3")):
                run(NETRA, "user", "--users", self.folder / "users", "--add", name, "--channels", channels,
                    input=PASSWORD + "\n", stdin=None)
            words += ["--users", self.folder / "users"]
        self.errors = open(self.folder / "errors", "w+", encoding="utf-8")
        self.process = subprocess.Popen([str(w) for w in words + ["--store", store or self.folder / "store"]],
                                        stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise Failure("netra serve does not start: " + (self.folder / "errors").read_text(encoding="utf-8"))
        self.ready = json.loads(line)
        self.url = self.ready["web"][0]
        self.port = int(self.url.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.terminate()
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        said = self.said()
        self.errors.close()
        shutil.rmtree(self.folder)
        # Leaks and the like, in a build that looks for them, too.
        expect(kind or self.process.returncode == 0, f"exit status {self.process.returncode}: {said[-2000:]}")

    def said(self):
        return (self.folder / "errors").read_text(encoding="utf-8")

    def cpu_share(self, seconds):
        """Of a processor that it takes in the next seconds."""
        def used_s():
            fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        begin, before = time.monotonic(), used_s()
        time.sleep(seconds)
        return (used_s() - before) / (time.monotonic() - begin)

    def connect(self, source="127.0.0.1"):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(source, 0))

    def raw(self, request, source="127.0.0.1"):
        """What comes back for these bytes until the other side closes."""
        with self.connect(source) as client:
            client.sendall(request)
            answer = b""
            try:
                while data := client.recv(1 << 16):
                    answer += data
            except ConnectionResetError:
                pass
            return answer

    def ask(self, path, *headers, method="GET", body=None, source="127.0.0.1"):
        """Status, headers (names in lower case) and body."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        answer = self.raw(("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b""), source)
        head, _, rest = answer.partition(b"\r\n\r\n")
        expect(head.startswith(b"HTTP/1."), f"{path}: no answer but {answer[:80]!r}")
        status, *fields = head.decode("latin-1").split("\r\n")
        return int(status.split()[1]), {f.split(":", 1)[0].lower(): f.split(":", 1)[1].strip() for f in fields}, rest

    def json(self, path, *headers, **keywords):
        return json.loads(self.ask(path, *headers, **keywords)[2])

    def log_in(self, user="anna", password=PASSWORD, *headers, source="127.0.0.1"):
        return self.ask("/api/login", "Content-Type: application/json", *headers, method="POST", source=source,
                        body=json.dumps({"user": user, "password": password}).encode())

    def cookie(self, user="anna"):
        status, headers, _ = self.log_in(user)
        equal(status, 200, "login")
        return "Cookie: " + headers["set-cookie"].split(";")[0]

    def live(self, channel, *headers):
        return WebSocket("127.0.0.1", self.port, f"/live/0/{channel}",
                         ["Sec-WebSocket-Protocol: netra-live", *headers])


def basic(user, password=PASSWORD):
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def refused(make, what):
    try:
        make().close()
    except ConnectionError:
        return
    raise Failure(f"{what}: let in")
