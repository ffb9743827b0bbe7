#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Slow, silent, broken and hostile clients of the web server of `netra serve`."""
import json
import os
import re
import resource
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import Failure, equal, expect, main, test, wait_for  # noqa: E402
from web_serving import CHANNELS, Server, noise  # noqa: E402


@test
def slow_client():
    """One that stops reading costs nobody else a frame, and goes on at a key frame, told what it missed."""
    with tempfile.TemporaryDirectory(prefix="netra-noise-") as folder, \
            Server(users=False, board=noise(folder, "16M")) as server:
        slow, quick = server.live(0), server.live(0)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        equal(json.loads(slow.receive())["type"], "stream", "the first message")
        # What the sockets of the slow one take, and much more than 3 s beyond that.
        enough, end, late = 20 << 20, time.monotonic() + 8, time.monotonic() + 60
        got, skipped = 0, 0
        while got < enough or time.monotonic() < end:
            expect(time.monotonic() < late, f"only {got} bytes in 60 s")
            message = quick.receive()
            expect(message is not None, "the quick one was sent away")
            got += len(message)
            if isinstance(message, str) and "skip" in message:
                skipped += 1
        equal(skipped, 0, "skips of the quick one")
        quick.close()
        slow.socket.settimeout(60)
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
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
def idle_connections():
    """Whoever asks for nothing makes room for those who do, the longest first; who watches or is answered stays."""
    with Server("--clients", "12", users=False) as server:
        watching = [server.live(number) for number in range(4)]
        for client in watching:
            equal(json.loads(client.receive())["type"], "stream", "the first message")
        head = f"Host: 127.0.0.1:{server.port}\r\n".encode()
        begun = (b"", b"GET / HTTP/1.1\r\nHo", b"GET /api/session HTTP/1.1\r\n" + head + b"\r\n",
                 b"POST /api/login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n" + head + b"\r\n{")
        idle = []
        for number in range(60):
            idle.append(server.connect())
            idle[-1].sendall(begun[number % 4])
            if number % 4 == 2:
                while not (answer := idle[-1].recv(4096)).endswith(b"}"):
                    expect(answer, f"connection {number} was closed")
        begin = time.monotonic()
        equal(server.ask("/api/status")[0], 200, "status beside idle connections")
        expect(time.monotonic() - begin < 8, "it had to wait")
        for client in idle[:40]:
            try:
                equal(client.recv(4096), b"", "what an idle one hears")
            except ConnectionResetError:
                pass
        metrics = server.ask("/metrics")[2].decode()
        displaced = int(re.search(r"^netra_web_displaced_total (\d+)", metrics, re.M)[1])
        expect(displaced >= 50, f"{displaced} were counted")
        expect(int(re.search(r"^netra_web_connections (\d+)", metrics, re.M)[1]) <= 13, "connections")
        for client in idle:
            client.close()
        for client in watching:
            for _ in range(8):
                client.receive()
        # Whoever watches makes no room.
        watching += [server.live(number % CHANNELS) for number in range(8)]
        expect(server.raw(b"GET / HTTP/1.1\r\n" + head + b"\r\n") == b"", "one too many was let in")
        for client in watching:
            client.close()


@test
def out_of_descriptors():
    """Who finds none left waits for one, and costs nothing meanwhile."""
    with Server(users=False) as server:
        process = server.process.pid
        # Its recordings want some, too: they are there already.
        wait_for(lambda: len(list(server.folder.glob("store/ch*/*.part"))) == CHANNELS, 30, "all recordings")
        equal(server.ask("/api/status")[0], 200, "status")
        before = resource.prlimit(process, resource.RLIMIT_NOFILE)
        used = max(int(fd.name) for fd in Path(f"/proc/{process}/fd").iterdir()) + 1
        resource.prlimit(process, resource.RLIMIT_NOFILE, (used, before[1]))
        clients = [server.connect() for _ in range(20)]
        share = server.cpu_share(2)
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)
        expect(share < 0.2, f"it took {share:.0%} of a processor")
        equal(server.ask("/api/status")[0], 200, "status afterwards")
        for client in clients:
            client.close()


if __name__ == "__main__":
    main()
