#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Slow, silent, broken and hostile clients: they cost nobody else a frame, and nothing
they send ends the server or makes it grow."""

import pathlib
import random
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import Client, Continuity, Server, clip  # noqa: E402
from harness import Failure, equal, expect, main, test, wait_for  # noqa: E402

SECONDS = 4


class Viewer:
    """A well-behaved client beside the others: it must miss nothing."""

    def __init__(self, server, channel):
        self.seen = Continuity()
        self.client = Client(server.port)
        self.client.play(server.url(channel))
        self.failure = None
        self.end = False
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        try:
            while not self.end:
                number, data = self.client.packet()
                if number == 0:
                    self.seen.packet(data)
        except (OSError, Failure) as why:
            self.failure = why

    def finish(self, least):
        self.end = True
        self.thread.join(30)
        self.client.__exit__()
        expect(self.failure is None, f"a good client failed: {self.failure}")
        equal(self.seen.gaps, 0, "gaps of a good client")
        expect(self.seen.frames >= least, f"a good client got {self.seen.frames} frames, wanted {least}")


def beside_a_viewer(server, hostile, seconds=SECONDS):
    """Do something hostile while somebody watches, who must not notice."""
    server.warm()
    viewer = Viewer(server, 0)
    begin = time.monotonic()
    try:
        hostile()
        time.sleep(max(0.0, seconds - (time.monotonic() - begin)))
    finally:
        # A busy machine may be late with frames, but not by half.
        viewer.finish(int((time.monotonic() - begin) * 15))
    expect(server.process.poll() is None, f"netra serve ended: {server.said()}")


def memory_kb(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(text.split("RssAnon:")[1].split()[0])


def closed(connection, seconds):
    """Does the other side close within this time?"""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


@test
def reader_that_stops():
    """It skips to a key frame, counted; what it gets is whole; nobody else loses anything."""
    source = clip("big", "-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "4M",
                  size="704x576", seconds=4)
    with Server("--late", "1s", "--buffer", "64M", channels=2, sources=[source]) as server:
        def stop_reading():
            with Client(server.port, receive_bytes=8192) as slow:
                slow.play(server.url(0))
                server.wait_status(lambda s: s["dropped_frames"] > 0, 30, "it to be late")
                seen = Continuity()
                end = time.monotonic() + 20
                while not seen.gaps:
                    expect(time.monotonic() < end, "no jump came")
                    number, data = slow.packet()
                    if number != 0:
                        continue
                    before = seen.gaps
                    seen.packet(data)
                    if seen.gaps > before:
                        # SPS first: a STAP-A with it, or the set itself.
                        expect(data[12] & 31 in (24, 7, 9), f"it goes on with NAL type {data[12] & 31}")
        beside_a_viewer(server, stop_reading)


@test
def two_hundred_connections():
    """All play; then all go."""
    with Server(channels=4) as server:
        def many():
            clients = []
            try:
                for number in range(200):
                    clients.append(Client(server.port))
                    clients[-1].play(server.url(number % 4))
                server.wait_status(lambda s: s["tcp"] == 201, 20, "201 players")
                for client in clients:
                    for _ in range(3):
                        client.packet()
            finally:
                for client in clients:
                    client.__exit__()
            server.wait_status(lambda s: s["connections"] == 1, 20, "them to go")
        beside_a_viewer(server, many)


@test
def more_than_there_is_room_for():
    """Silent ones make room; players stay; who finds no room is told."""
    with Server("--clients", 8, channels=1) as server:
        def crowd():
            silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
            players = [Client(server.port) for _ in range(7)]
            for player in players:
                player.play(server.url(0))
            with socket.create_connection(("127.0.0.1", server.port)) as late:
                late.settimeout(10)
                expect(late.recv(100).startswith(b"RTSP/1.0 503 "), "not told that there is no room")
            for one in silent:
                expect(closed(one, 5), "a silent one has kept its place")
                one.close()
            for player in players:
                player.packet()
                player.__exit__()
        beside_a_viewer(server, crowd)


@test
def silent_and_slow_requests():
    """Half-open connections, and a byte a second, end in their time."""
    with Server("--timeout", "6s", channels=1) as server:
        def wait():
            silent = socket.create_connection(("127.0.0.1", server.port))
            slow = socket.create_connection(("127.0.0.1", server.port))
            stuck = Client(server.port)
            stuck.play(server.url(0), "RTP/AVP;unicast;client_port=45678-45679")
            # It plays, and takes what comes, but never ends what it asks.
            half = Client(server.port)
            half.play(server.url(0))
            half.socket.sendall(b"OPTIONS * RT")
            begin = time.monotonic()
            try:
                for byte in b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n" * 4:
                    slow.sendall(bytes([byte]))
                    time.sleep(0.25)
            except OSError:
                pass
            expect(time.monotonic() - begin < 6, "a byte at a time goes on and on")
            expect(closed(silent, 15), "a silent connection stays")
            expect(closed(stuck.socket, 20), "a session without a sign of life stays")
            half.socket.settimeout(10)
            end = time.monotonic() + 10
            try:
                while half.socket.recv(65536):
                    expect(time.monotonic() < end, "half a request may take for ever")
            except ConnectionError:
                pass
            for one in (silent, slow, stuck.socket, half.socket):
                one.close()
        beside_a_viewer(server, wait)
        equal(server.status()["timeouts"], 4, "time-outs counted")


@test
def keep_alive():
    """Requests and receiver reports keep a session; UDP ones, too."""
    with Server("--timeout", "6s", channels=1) as server:
        server.warm()
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        reporter = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with receiver, reporter, Client(server.port) as one, Client(server.port) as two:
            receiver.bind(("127.0.0.1", 0))
            reporter.bind(("127.0.0.1", 0))
            ports = f"{receiver.getsockname()[1]}-{reporter.getsockname()[1]}"
            _, setup, _ = one.play(server.url(0), f"RTP/AVP;unicast;client_port={ports}")
            two.play(server.url(0), "RTP/AVP;unicast;client_port=45678-45679")
            port = int(setup["Transport"].split("server_port=")[1].split("-")[1].split(";")[0])
            end = time.monotonic() + 10
            while time.monotonic() < end:
                reporter.sendto(bytes([0x80, 201, 0, 1, 0, 0, 0, 1]), ("127.0.0.1", port))
                equal(two.request("GET_PARAMETER", server.url(0)).status, 200, "GET_PARAMETER")
                time.sleep(1)
            equal(server.status()["udp"], 2, "sessions")


@test
def nonsense():
    """Random bytes, huge heads and bodies, requests without end, packets to every UDP port."""
    chance = random.Random(5)
    with Server("--udp-port", "46000", channels=2) as server:
        def send(data):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.settimeout(10)
                try:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except TimeoutError:
                    raise
                except OSError:     # closed on us, as it may
                    pass

        def noise():
            before = memory_kb(server)
            head = b"DESCRIBE rtsp://127.0.0.1/ch/0 RTSP/1.0\r\nCSeq: 1\r\n"
            for _ in range(200):
                send(chance.randbytes(chance.randrange(1, 5000)))
                send(b"$" + chance.randbytes(chance.randrange(1, 9000)))
                send(head[:chance.randrange(len(head))] + chance.randbytes(100))
            send(b"A" * 1000000)
            send(head + b"X: " + b"y" * 100000 + b"\r\n\r\n")
            send(head + b"Content-Length: 4294967295\r\n\r\n" + b"z" * 100000)
            send(head + b"\r\n" + b"OPTIONS " + b"/" * 5000 + b" RTSP/1.0\r\nCSeq: 2\r\n\r\n")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                for _ in range(2000):
                    udp.sendto(chance.randbytes(chance.randrange(0, 1500)), ("127.0.0.1", 46000 + chance.randrange(2)))
            # Asks and asks, and never reads an answer.
            with socket.create_connection(("127.0.0.1", server.port)) as greedy:
                greedy.setblocking(False)
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    try:
                        greedy.send((head + b"\r\n") * 1000)
                    except BlockingIOError:
                        time.sleep(0.01)
                grown = memory_kb(server) - before
                expect(grown < 8192, f"the server has grown by {grown} KB")
        beside_a_viewer(server, noise)


@test
def states():
    """Requests in the wrong order, on the wrong channel, with the wrong session."""
    with Server(channels=2) as server, Client(server.port) as client:
        server.warm()
        url = server.url(1)
        for method, status in (("PLAY", 454), ("PAUSE", 454), ("TEARDOWN", 454), ("SETUP", 461), ("ANNOUNCE", 405),
                               ("RECORD", 405), ("FROB", 501), ("OPTIONS", 200), ("GET_PARAMETER", 200)):
            equal(client.request(method, url).status, status, method)
        equal(client.request("DESCRIBE", server.url(2)).status, 404, "a channel that is not there")
        equal(client.request("DESCRIBE", url, Require="play.basic").status, 551, "Require")
        equal(client.request("SETUP", url, Transport="RTP/SAVP;unicast;client_port=4-5").status, 461, "SRTP")
        equal(client.request("SETUP", url, Transport="RTP/AVP;multicast").status, 461, "multicast, not offered")
        client.play(url)
        equal(client.request("PLAY", url).status, 200, "PLAY while it plays")
        equal(client.request("PLAY", url, Session="0").status, 454, "another session")
        equal(client.request("PLAY", url, Range="clock=20260101T000000Z-").status, 457, "a time that is not live")
        equal(client.request("SETUP", url, Transport="RTP/AVP/TCP;interleaved=0-1").status, 455, "SETUP while it plays")
        equal(client.request("PAUSE", url).status, 200, "PAUSE")
        equal(client.request("SETUP", server.url(0), Transport="RTP/AVP/TCP").status, 459, "two channels at once")
        client.packets.clear()
        equal(client.request("OPTIONS", url).status, 200, "OPTIONS")
        equal(len(client.packets), 0, "packets while it pauses")
        equal(client.request("PLAY", url).status, 200, "PLAY again")
        while True:
            number, data = client.packet()
            if number == 0:
                break
        expect(data[12] & 31 in (24, 7), f"after a pause it begins with NAL type {data[12] & 31}")
        equal(client.request("TEARDOWN", url).status, 200, "TEARDOWN")
        equal(client.request("PLAY", url).status, 454, "PLAY after TEARDOWN")


@test
def goodbye():
    """A server that is told to end says goodbye, and ends with status 0."""
    with Server(channels=1) as server, Client(server.port) as client:
        server.warm()
        client.play(server.url(0))
        server.process.terminate()
        packets = []
        try:
            while True:
                packets.append(client.packet())
        except (Failure, ConnectionError):
            pass
        expect(packets[-1][0] == 1 and packets[-1][1][-8:-6] == b"\x81\xcb", "no goodbye")
        wait_for(lambda: server.process.poll() is not None, 20, "netra serve to end")
        equal((server.process.returncode, server.said()), (0, ""), "how it ended")


if __name__ == "__main__":
    main()
