#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The web server of `netra serve` to clients that are no browser: who may do what,
ranges, metrics, live fragments; slow, silent and hostile ones."""
import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import NETRA, Failure, Skip, equal, expect, main, run, test, wait_for  # noqa: E402
from chromium import WebSocket  # noqa: E402

PASSWORD = "a-long-one"
CHANNELS = 6


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


@test
def access():
    """Cookies, passwords, rights; other sites' pages get nothing."""
    with Server() as server:
        for path in ("/api/status", "/api/events", "/metrics", "/api/timeline?from=1&to=2", "/api/recordings/0/0?from=1&to=2",
                     "/api/media/0/0/20260101T000000.000Z.mp4", "/api/export/0/0?from=1&to=2"):
            equal(server.ask(path)[0], 401, f"{path} without a login")
        equal(server.ask("/")[0], 200, "the page")
        status, headers, _ = server.log_in()
        equal(status, 200, "login")
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            expect(word in headers["set-cookie"], f"no {word} in {headers['set-cookie']}")
        cookie = "Cookie: " + headers["set-cookie"].split(";")[0]
        equal(server.ask("/api/status", cookie)[0], 200, "status with the cookie")
        equal(server.ask("/api/status", cookie[:-1] + ("0" if cookie[-1] != "0" else "1"))[0], 401, "another cookie")
        equal(server.ask("/metrics", basic("anna"))[0], 200, "metrics with a password")

        gate = server.cookie("gate")
        equal(len(server.json("/api/status", gate)["channels"]), 4, "what gate sees")
        equal(server.ask("/api/recordings/0/5?from=1&to=2", gate)[0], 403, "recordings that are not gate's")
        server.live(3, gate).close()
        refused(lambda: server.live(5, gate), "a channel that is not gate's")
        refused(lambda: server.live(0), "a WebSocket without a login")

        evil = "Origin: http://evil.example"
        refused(lambda: server.live(0, cookie, evil), "a WebSocket of another site")
        server.live(0, cookie, f"Origin: http://127.0.0.1:{server.port}").close()
        equal(server.log_in("anna", PASSWORD, evil)[0], 403, "a login by another site")
        equal(server.ask("/api/logout", cookie, evil, "Content-Type: application/json", method="POST", body=b"{}")[0],
              403, "a logout by another site")
        equal(server.ask("/api/logout", cookie, "Content-Type: text/plain", method="POST", body=b"{}")[0], 415,
              "what a form could send")
        for field in ("content-security-policy", "x-content-type-options"):
            expect(field in headers, f"no {field}")

        watching = server.live(0, cookie)
        equal(server.ask("/api/logout", cookie, "Content-Type: application/json", method="POST", body=b"{}")[0], 200, "logout")
        equal(server.ask("/api/status", cookie)[0], 401, "status after the logout")
        watching.socket.settimeout(20)
        try:
            while watching.receive() is not None:
                pass
        except (ConnectionError, TimeoutError) as why:
            expect(not isinstance(why, TimeoutError), "pictures go on after the logout")


@test
def wrong_passwords():
    """After three, each further try has to wait; others do not."""
    with Server() as server:
        answers = [server.log_in("anna", "wrong", source="127.0.0.2")[0] for _ in range(3)]
        equal(answers, [401] * 3, "three wrong ones")
        status, headers, body = 401, {}, b""
        for _ in range(3):
            if status == 401:
                status, headers, body = server.log_in("anna", "wrong", source="127.0.0.2")
        equal(status, 429, "the next one at once")
        expect(json.loads(body)["wait_ms"] > 0 and int(headers["retry-after"]) >= 1, f"how long: {body}")
        equal(server.log_in("anna", PASSWORD, source="127.0.0.2")[0], 429, "a right one too early")
        equal(server.log_in("anna", PASSWORD, source="127.0.0.3")[0], 200, "a right one from elsewhere")
        time.sleep(json.loads(body)["wait_ms"] / 1000 + 1)
        equal(server.log_in("anna", PASSWORD, source="127.0.0.2")[0], 200, "a right one in time")


@test
def names():
    """Without users, a name that may be another site's is not served."""
    with Server(users=False) as server:
        equal(server.ask("/api/status")[0], 200, "by address")
        answer = server.raw(b"GET /api/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        expect(b" 421 " in answer[:20], f"by a name: {answer[:60]}")


@test
def recordings():
    """Ranges give a file's bytes; keys point at fragments; nothing outside the store is served."""
    with Server() as server:
        cookie = server.cookie()

        def files():
            now = int(time.time() * 1000)
            return server.json(f"/api/recordings/0/1?from={now - 600000}&to={now}", cookie)["files"]
        wait_for(lambda: files() and len(files()[0]["keys"]) >= 3, 60, "three key frames")
        file = files()[0]
        path = f"/api/media/0/1/{file['name']}"
        disk = next((server.folder / "store" / "ch01").glob(file["name"] + "*")).read_bytes()
        for first, last in ((0, 0), (10, 99), (0, file["bytes"] - 1)):
            status, headers, body = server.ask(path, cookie, f"Range: bytes={first}-{last}")
            equal(status, 206, f"{first}-{last}")
            equal(body, disk[first:last + 1], f"{first}-{last}")
            expect(headers["content-range"].startswith(f"bytes {first}-{last}/"), headers["content-range"])
        equal(server.ask(path, cookie, "Range: bytes=999999999999-")[0], 416, "beyond the end")
        status, headers, body = server.ask(path, cookie, method="HEAD")
        equal((status, body), (200, b""), "HEAD")
        expect(int(headers["content-length"]) >= file["bytes"], "its length")
        for when, offset in file["keys"]:
            equal(disk[offset + 4:offset + 8], b"moof", f"at a key's offset {offset}")
            expect(file["start_ms"] - 1 <= when <= file["end_ms"], f"a key at {when}")
        times = [when for when, _ in file["keys"]]
        equal(times, sorted(times), "the keys' order")
        span = server.json(f"/api/timeline?from={int(file['start_ms']) - 1000}&to={int(time.time() * 1000)}", cookie)
        equal([c["channel"] for c in span["channels"]], list(range(CHANNELS)), "channels of the timeline")
        for bad in ("..", "../../users", "..%2f..%2fusers", "%2e%2e/users", "users", "netra-store", "index.sqlite",
                    "20260101T000000.000Z.mp4", file["name"] + ".part"):
            status = server.ask(f"/api/media/0/1/{bad}", cookie)[0]
            expect(status in (400, 403, 404), f"{bad}: {status}")
        for bad in ("from=1", "from=2&to=1", "from=-1&to=5", "from=x&to=y", "from=0&to=99999999999999"):
            equal(server.ask(f"/api/timeline?{bad}", cookie)[0], 400, bad)


@test
def several_boards():
    """Each board's recordings are under its number, and rights hold there, too."""
    second = "emulated:channels=2,fps=10,size=176x144,bitrate=200k"
    with Server(second, board="emulated:channels=2,fps=10,size=352x288,bitrate=300k") as server:
        cookie, gate = server.cookie(), server.cookie("gate")

        def ask(path, who=cookie):
            now = int(time.time() * 1000)
            return server.json(f"{path}?from={now - 600000}&to={now}", who)

        def files(board, channel):
            return ask(f"/api/recordings/{board}/{channel}")["files"]
        wait_for(lambda: all(files(b, c) and len(files(b, c)[0]["keys"]) >= 3 for b in range(2) for c in range(2)), 60,
                 "three key frames of each")
        equal([(c["board"], c["channel"]) for c in ask("/api/timeline")["channels"]],
              [(0, 0), (0, 1), (1, 0), (1, 1)], "the timeline")
        equal([(c["board"], c["channel"]) for c in ask("/api/timeline", gate)["channels"]], [(0, 0), (0, 1)],
              "the timeline of a user of the first board")
        for board, folder, width in ((0, "store", 352), (1, "store/board1", 176)):
            file = files(board, 1)[0]
            path = f"/api/media/{board}/1/{file['name']}"
            disk = next((server.folder / folder / "ch01").glob(file["name"] + "*")).read_bytes()
            equal(server.ask(path, cookie, f"Range: bytes=0-{file['bytes'] - 1}")[2], disk[:file["bytes"]], path)
            first = int(file["keys"][0][0])
            status, headers, body = server.ask(f"/api/export/{board}/1?from={first}&to={first + 2000}", cookie)
            equal(status, 200, f"an export of board {board}")
            expect(f'"board-{board}-camera-1-' in headers["content-disposition"], headers["content-disposition"])
            saved = server.folder / "saved.mp4"
            saved.write_bytes(body)
            stream = json.loads(run("ffprobe", "-v", "error", "-show_streams", "-of", "json", saved).stdout)["streams"][0]
            equal(stream["width"], width, f"the width of board {board}'s picture")
            equal([server.ask(p, gate)[0] for p in (path, f"/api/export/{board}/1?from=1&to=2")],
                  [200, 404] if board == 0 else [403, 403], f"board {board} to a user of the first one")
        for path in ("/api/recordings/2/0?from=1&to=2", "/api/recordings/0?from=1&to=2", "/api/recordings/8/0?from=1&to=2"):
            equal(server.ask(path, cookie)[0], 404, path)
        stored = sum(path.stat().st_size for path in server.folder.glob("store/**/*.mp4*"))

        def disk_bytes():
            return server.json("/api/status", cookie)["disk"]["bytes"]
        wait_for(lambda: disk_bytes() >= stored, 30, f"{stored} bytes in the status")


def export_to_a_slow_client(server, path):
    """Its size, and in which folder the server holds it, while it is fetched and afterwards."""
    def folders():
        links = []
        for fd in Path(f"/proc/{server.process.pid}/fd").iterdir():
            try:
                links.append(os.readlink(fd))
            except FileNotFoundError:
                pass
        return [link.rsplit("/", 1)[0] for link in links if re.search(r"/#\d+ \(deleted\)$", link)]
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        client.settimeout(60)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = client.recv(1024)
        expect(b" 200 " in answer[:20], f"an export: {answer[:300]}")
        where = folders()
        while data := client.recv(1 << 16):
            answer += data
    wait_for(lambda: not folders(), 20, "the export to be gone")
    return len(answer), where


@test
def exports_leave_nothing():
    """They are built where the recordings are, without a name; where there is no room, elsewhere."""
    folder = Path(tempfile.mkdtemp(prefix="netra-small-"))
    try:
        run("mount", "-t", "tmpfs", "-o", "size=40M", "netra-test", folder)
    except Failure as why:
        folder.rmdir()
        raise Skip(f"no small disk to be had: {str(why).splitlines()[-1]}") from why
    try:
        store, ballast = folder / "store", folder / "ballast"
        with Server("--free", "0", users=False, store=store,
                    board="emulated:channels=1,fps=30,size=704x576,bitrate=6M") as server:
            begin = int(time.time() * 1000)
            wait_for(lambda: sum(path.stat().st_size for path in store.glob("ch00/*")) > 4 << 20, 90, "4 MB of recordings")
            path = f"/api/export/0/0?from={begin}&to={int(time.time() * 1000) - 2000}"
            size, where = export_to_a_slow_client(server, path)
            expect(size > 2 << 20, f"{size} bytes")
            equal(where, [str(store)], "where it was built")
            # Room for some seconds of recording, but not for the export, too.
            room = os.statvfs(folder)
            ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - size * 3 // 4))
            same, where = export_to_a_slow_client(server, path)
            equal(where, ["/tmp"], "where it was built without room")
            expect(abs(same - size) < 1000, f"{same} bytes, and {size} before")
            ballast.unlink()
        equal([path.name for path in store.iterdir() if path.name.startswith((".", "#"))], [], "what is left in the store")
    finally:
        run("umount", folder)
        folder.rmdir()


@test
def gaps():
    """Where frames are missing shows in the timeline while it is being recorded; what the board says is an event."""
    faults = "fault=signal-lost:ch=1\\,after=20\\,for=20,fault=head-jump:ch=2\\,after=40"
    with Server("--quiet", users=False, board=f"emulated:channels=3,fps=10,size=352x288,{faults}") as server:
        def timeline():
            now = int(time.time() * 1000)
            return server.json(f"/api/timeline?from={now - 600000}&to={now}")

        def kinds(channel):
            entry = [c for c in timeline()["channels"] if c["channel"] == channel]
            return {gap[3] for gap in entry[0]["gaps"]} if entry else set()
        wait_for(lambda: "gap" in kinds(2), 60, "the lost frames")
        equal(kinds(0), set(), "gaps where there are none")
        texts = [(e["channel"], e["text"]) for e in server.json("/api/events")["events"]]
        expect(any(c == 1 and "signal" in t for c, t in texts), f"events: {texts}")


@test
def live():
    """A text, the init segment and fragments that ffmpeg decodes without a word, from a key frame on."""
    with Server(users=False) as server:
        client = server.live(2)
        told = json.loads(client.receive())
        equal((told["type"], told["width"], told["height"]), ("stream", 352, 288), "what is told")
        expect(re.fullmatch("avc1\\.[0-9a-f]{6}", told["codec"]), told["codec"])
        data = client.receive()
        equal(data[4:8], b"ftyp", "the init segment")
        for number in range(20):
            fragment = client.receive()
            equal(fragment[4:8], b"moof", "a fragment")
            moof = struct.unpack(">I", fragment[:4])[0]
            wall_ns = struct.unpack(">q", fragment[moof - 76 + 56:moof - 76 + 64])[0]
            age = time.time() - wall_ns / 1e9
            expect(-0.5 < age < 10, f"fragment {number} is {age:.2f} s old")
            data += fragment
        client.close()
        path = server.folder / "live.mp4"
        path.write_bytes(data)
        result = run("ffmpeg", "-v", "error", "-i", path, "-f", "framemd5", "-")
        equal(result.stderr, "", "what ffmpeg says")
        expect(len([x for x in result.stdout.splitlines() if x[0] != "#"]) >= 39, "frames")


@test
def slow_client():
    """One that stops reading costs nobody else a frame, and goes on at a key frame, told what it missed."""
    with Server(users=False, board="emulated:channels=1,fps=30,size=704x480,bitrate=16M") as server:
        slow, quick = server.live(0), server.live(0)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        equal(json.loads(slow.receive())["type"], "stream", "the first message")
        end = time.monotonic() + 25
        got, skipped = 0, 0
        while time.monotonic() < end:
            message = quick.receive()
            expect(message is not None, "the quick one was sent away")
            got += len(message)
            if isinstance(message, str) and "skip" in message:
                skipped += 1
        equal(skipped, 0, "skips of the quick one")
        expect(got > 1e6, f"only {got} bytes in 25 s")
        quick.close()
        slow.socket.settimeout(60)
        for _ in range(1000):
            message = slow.receive()
            if isinstance(message, str):
                break
        else:
            raise Failure("the slow one was not told of a skip")
        told = json.loads(message)
        expect(told["type"] == "skip" and told["frames"] > 0, f"what it was told: {told}")
        fragment = slow.receive()
        expect(bytes([0, 0, 0, 1]) not in fragment[:4] and fragment[4:8] == b"moof", "what follows")
        metrics = server.ask("/metrics")[2].decode()
        value = int(re.search(r'netra_web_skipped_total\{board="0",channel="0"\} (\d+)', metrics)[1])
        expect(value >= told["frames"], f"counted: {value} of {told['frames']}")
        slow.close()


@test
def metrics():
    """Prometheus' text: a type for each name, numbers that grow, quotes escaped."""
    with Server(users=False) as server:
        client = server.live(1)
        for _ in range(4):
            client.receive()
        text = server.ask("/metrics")[2].decode()
        names = set(re.findall(r"^# TYPE (\w+) (?:counter|gauge)$", text, re.M))
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            match = re.fullmatch(r'(\w+)(\{(\w+="[^"]*",?)*\})? \d+', line)
            expect(match and match[1] in names, f"not a sample: {line}")
        expect(re.search(r'netra_web_clients\{board="0",channel="1"\} 1', text), "no client")
        expect(re.search(r'netra_web_client_sent_bytes_total\{[^}]*channel="1"[^}]*peer="127.0.0.1"[^}]*\} [1-9]', text),
               "no bytes sent to it")
        client.close()


@test
def hostile():
    """Random bytes, long heads, bodies too large, half requests: the server answers others all the while."""
    with Server() as server:
        cookie = server.cookie()
        host = f"Host: 127.0.0.1:{server.port}\r\n".encode()
        for number in range(60):
            with server.connect() as client:
                client.sendall(os.urandom(1 + number * 37))
        answer = server.raw(b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 20000 + b"\r\n\r\n")
        expect(not answer.startswith(b"HTTP/1.1 200"), "a head of 20 KB was taken")
        equal(server.ask("/" + "a" * 300)[0], 404, "a long path")
        status = server.ask("/api/login", "Content-Type: application/json", method="POST", body=b"x" * 5000)[0]
        equal(status, 413, "a body of 5000 bytes")
        equal(server.ask("/api/login", "Content-Type: application/json", method="POST", body=b"{" * 3000)[0], 400, "no JSON")
        expect(server.ask("/api/login", method="DELETE")[0] in (403, 405), "DELETE")
        silent = [server.connect() for _ in range(40)]
        for client in silent:
            client.sendall(b"GET /api/status HTTP/1.1\r\nHo")
        begin = time.monotonic()
        equal(server.ask("/api/status", cookie)[0], 200, "status beside half requests")
        expect(time.monotonic() - begin < 15, "it took too long")
        # Half a request is not waited for without end.
        for client in silent:
            client.settimeout(60)
            try:
                while client.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            client.close()
        watch = server.live(0, cookie)
        for _ in range(30):
            watch.send(os.urandom(200), 2)
        while isinstance(watch.receive(), str):
            pass
        watch.close()
        equal(server.process.poll(), None, "the server's life")


@test
def many_clients():
    """200 at a time are served; beyond --clients they are turned away, and come in again later."""
    with Server("--clients", "220", users=False) as server:
        clients = [server.live(number % CHANNELS) for number in range(200)]
        for client in clients:
            equal(json.loads(client.receive())["type"], "stream", "the first message")
        status = server.json("/api/status")
        equal(sum(c["clients"] for c in status["channels"]), 200, "those who watch")
        extra = [server.connect() for _ in range(40)]
        for client in extra:
            client.close()
        for client in clients:
            client.close()

        def empty():
            try:
                return sum(c["clients"] for c in server.json("/api/status")["channels"]) == 0
            except Failure:
                return False
        wait_for(empty, 60, "all to be gone")


@test
def tls():
    """With a certificate it is HTTPS and nothing else, and the cookie is Secure."""
    if not shutil.which("openssl"):
        raise Skip("no openssl: scripts/install-packages serve")
    folder = Path(tempfile.mkdtemp(prefix="netra-tls-"))
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
    with Server("--cert", folder / "cert.pem", "--key", folder / "key.pem") as server:
        expect(server.url.startswith("https://"), server.url)
        context = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        context.check_hostname = False
        body = json.dumps({"user": "anna", "password": PASSWORD}).encode()
        with context.wrap_socket(server.connect()) as client:
            client.sendall((f"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
                            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
            answer = b""
            while data := client.recv(65536):
                answer += data
        expect(b"200 OK" in answer[:20] and b"Secure" in answer, f"the login: {answer[:300]}")
        plain = server.raw(b"GET / HTTP/1.0\r\n\r\n")
        expect(not plain.startswith(b"HTTP/1.1 200"), "served without TLS")
    shutil.rmtree(folder)


@test
def renewed_certificate():
    """SIGHUP has HTTPS and RTSPS show the new certificate, also one of another kind; a damaged one changes nothing."""
    if not shutil.which("openssl"):
        raise Skip("no openssl: scripts/install-packages serve")
    folder = Path(tempfile.mkdtemp(prefix="netra-tls-"))
    curve = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    kinds = (curve, ("rsa:2048",), curve)

    def make(kind):
        """A new pair in place of the old one; the certificate in DER."""
        run("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
        return ssl.PEM_cert_to_DER_cert((folder / "cert.pem").read_text(encoding="ascii"))

    def shown(port):
        context = ssl._create_unverified_context()
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
            return client.getpeercert(binary_form=True)

    def ask(client):
        """One more request on a connection."""
        client.sendall(b"GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        while b"now_ms" not in answer:
            data = client.recv(4096)
            expect(data, "who was connected was sent away")
            answer += data
    wanted = make(kinds[0])
    with Server("--cert", folder / "cert.pem", "--key", folder / "key.pem", "--rtsps", "127.0.0.1:0") as server:
        ports = [server.port, int(server.ready["rtsp"][0].rsplit(":", 1)[1])]
        for kind in kinds[1:]:
            equal([shown(port) == wanted for port in ports], [True, True], f"before {kind[0]}")
            with ssl._create_unverified_context().wrap_socket(server.connect()) as before:
                ask(before)
                wanted = make(kind)
                server.process.send_signal(signal.SIGHUP)
                for port in ports:
                    wait_for(lambda p=port: shown(p) == wanted, 20, f"{kind[0]} at port {port}")
                ask(before)
        (folder / "cert.pem").write_text("damaged", encoding="ascii")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "what was in force stays" in server.said(), 20, "a complaint")
        equal([shown(port) == wanted for port in ports], [True, True], "after a damaged one")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
