#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The web server of `netra serve` to clients that are no browser: ranges, exports, timeline, live
fragments, metrics."""
import concurrent.futures
import datetime
import json
import os
import re
import shutil
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import NETRA, Failure, Skip, equal, expect, main, run, test, wait_for  # noqa: E402
from web_serving import CHANNELS, Server, noise  # noqa: E402


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


def exports_held(server):
    """Folder and size of each that the server has open."""
    held = []
    for fd in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            link = os.readlink(fd)
            if re.search(r"/#\d+ \(deleted\)$", link):
                held.append((link.rsplit("/", 1)[0], fd.stat().st_size))
        except FileNotFoundError:
            pass
    return held


def export_to_a_slow_client(server, path):
    """Its size, and in which folder the server holds it, while it is fetched and afterwards."""
    def folders():
        return [folder for folder, _ in exports_held(server)]
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
        with Server("--free", "0", users=False, store=store, board=noise(folder, "4M")) as server:
            begin = int(time.time() * 1000)
            wait_for(lambda: sum(path.stat().st_size for path in store.glob("ch00/*")) > 4 << 20, 90, "4 MB of recordings")
            path = f"/api/export/0/0?from={begin}&to={int(time.time() * 1000) - 2000}"
            size, where = export_to_a_slow_client(server, path)
            expect(size > 2 << 20, f"{size} bytes")
            equal(where, [str(store)], "where it was built")
            # They are built two at a time; each comes.
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                sizes = list(pool.map(lambda _: len(server.ask(path)[2]), range(6)))
            expect(all(abs(one - size) < 1000 for one in sizes), f"six at once: {sizes}, and {size} alone")
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


def large_store(folder, size):
    """As much of recordings as a day would be, by one file under many names. Where to export it, and its bytes."""
    run(NETRA, "record", noise(folder, "32M"), "--store", folder, "--duration", "3s", "--quiet")
    file, = (folder / "ch00").glob("*.mp4")
    begin = datetime.datetime.strptime(file.name, "%Y%m%dT%H%M%S.%fZ.mp4").replace(tzinfo=datetime.timezone.utc)
    copies = size // file.stat().st_size
    for number in range(1, copies):
        name = (begin + datetime.timedelta(milliseconds=number)).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z.mp4"
        os.link(file, file.with_name(name))
    start_ms = int(begin.timestamp() * 1000)
    return f"/api/export/0/0?from={start_ms - 1000}&to={start_ms + 60000}", copies * file.stat().st_size


@test
def exports_end_with_their_client():
    """One whose client has gone is not built to its end: workers and disk are for those who are there."""
    folder = Path(tempfile.mkdtemp(prefix="netra-large-"))
    try:
        path, whole = large_store(folder, 1 << 30)
        with Server("--free", "0", users=False, store=folder, board="emulated:channels=1,fps=1,size=176x144") as server:
            with server.connect() as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
                wait_for(lambda: sum(size for _, size in exports_held(server)) > 1 << 20, 120, "an export that is built")
            most = 0

            def gone():
                nonlocal most
                held = exports_held(server)
                most = max([most, *(size for _, size in held)])
                return not held
            wait_for(gone, 120, "the export to be gone")
            print(f"        {most >> 20} of {whole >> 20} MB were built")
            expect(most < whole * 3 // 4, f"{most} of {whole} bytes were built for nobody")
            equal(server.ask("/api/status")[0], 200, "status afterwards")
    finally:
        shutil.rmtree(folder)


@test
def who_says_more_than_it_reads():
    """Requests that come while another one is answered wait, cost nothing meanwhile, and are answered in turn."""
    folder = Path(tempfile.mkdtemp(prefix="netra-large-"))
    try:
        path, whole = large_store(folder, 12 << 20)
        with Server("--free", "0", users=False, store=folder, board="emulated:channels=1,fps=1,size=176x144") as server:
            def request(where, *fields):
                return "\r\n".join((f"GET {where} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *fields, "", "")).encode()
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
                client.settimeout(60)
                client.connect(("127.0.0.1", server.port))
                client.sendall(request(path) + request("/api/session"))
                answer = client.recv(1024)
                expect(b" 200 " in answer[:20], f"an export: {answer[:300]}")
                client.sendall(request("/api/status", "Connection: close"))
                share = server.cpu_share(2)
                expect(share < 0.3, f"it took {share:.0%} of a processor")
                while data := client.recv(1 << 16):
                    answer += data
            expect(len(answer) > whole // 2, f"{len(answer)} bytes of {whole}")
            end = answer[-20000:].split(b"HTTP/1.1 200 ")
            expect(len(end) == 3 and b'"user"' in end[1] and b'"channels"' in end[2], f"the next answers: {end[1:]}")
            with server.connect() as client:
                client.sendall(request("/metrics", "Connection: close"))
                client.shutdown(socket.SHUT_WR)
                answer = b""
                while data := client.recv(1 << 16):
                    answer += data
            expect(answer.startswith(b"HTTP/1.1 200 ") and b"netra_store_free_bytes " in answer, f"half closed: {answer}")
            # What is more than some requests is not waited for.
            with server.connect() as client:
                try:
                    client.sendall(request(path) + bytes(1 << 20))
                    while client.recv(1 << 16):
                        pass
                except ConnectionError:
                    pass
            equal(server.ask("/api/status")[0], 200, "status afterwards")
    finally:
        shutil.rmtree(folder)


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


if __name__ == "__main__":
    main()
