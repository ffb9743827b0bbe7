#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Several boards at one `netra serve`: a store for each of them; those that do not answer, are lost, and come back."""

import datetime
import json
import pathlib
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from recordings import Depacketizer, clock, decoded  # noqa: E402
from chromium import WebSocket  # noqa: E402
from serving import (FOLDER, Client, Continuity, Server, clip, hashes, same_from_a_key_frame,  # noqa: E402
                     undisturbed)
from harness import NETRA, Emulator, Failure, add, equal, expect, main, run, test, wait_for  # noqa: E402


def sources():
    """One for each board, told apart by their pictures."""
    return [clip("a", "-b:v", "300k"), clip("d", "-b:v", "500k", size="352x288")]


def boards():
    return [f"emulated:channels=2,source={path}" for path in sources()]


def pictures(server, path, start, count):
    """Decoded pictures of a recording, from a moment on."""
    url = f"rtsp://127.0.0.1:{server.port}{path}/from/{clock(start)}"
    got = Depacketizer()
    with Client(server.port) as client:
        client.play(url)
        while got.frames < count:
            number, data = client.packet()
            if number == 0:
                got.packet(data)
    return decoded(got.data)


@test
def stores():
    """Each board is recorded into its store, and played from where it is live; one board's store goes on alone."""
    store = FOLDER / "several"
    first, second = boards()
    with Server(second, "--store", store, board=first, sources=sources()) as server:
        equal(server.lines[0]["boards"], [first, second], "boards")
        start = datetime.datetime.now(datetime.timezone.utc)
        server.wait_status(lambda s: all(c["frames"] > 210 for c in s["channels"]), 90, "some seconds of recording")
        for board, source in enumerate(sources()):
            for channel in range(2):
                got = pictures(server, f"/board/{board}/ch/{channel}", start, 75)
                same_from_a_key_frame(source, got[:70], 70, f"board {board}, channel {channel}")
        with Client(server.port) as client:
            for path in ("/board/2/ch/0", "/board/1/ch/2"):
                answer = client.request("DESCRIBE", f"rtsp://127.0.0.1:{server.port}{path}/from/{clock(start)}")
                equal(answer.status, 404, path)
    for folder in (store, store / "board1"):
        for channel in range(2):
            names = [path.name for path in (folder / f"ch{channel:02d}").glob("*")]
            expect(names and all(name.endswith(".mp4") for name in names), f"{folder}: {names}")
        result = json.loads(run(NETRA, "verify", "--store", folder, "--json").stdout)
        equal((result["bad"], result["index"]), (0, "ok"), f"faults of {folder}")
    with Server("--store", store, board=first, sources=sources()) as server:
        same_from_a_key_frame(sources()[0], pictures(server, "/ch/1", start, 75)[:70], 70, "the first board alone")


def longest_wait(server, path, seconds, beside):
    """Of a player's for a packet, while something else is done; it must not miss any."""
    seen = Continuity()
    with Client(server.port) as client:
        client.play(f"rtsp://127.0.0.1:{server.port}{path}")
        beside()
        end = last = time.monotonic()
        longest, end = 0.0, end + seconds
        while last < end:
            number, data = client.packet()
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            if number == 0:
                seen.packet(data)
    equal(seen.gaps, 0, f"gaps of a player of {path}")
    return longest


def a_board_that_does_not_answer():
    """It is asked for a key frame, and nobody at another board has to wait for that."""
    # What does not fit the log has no key frame to begin with: who comes has one asked for.
    big = clip("big", "-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "4M", size="704x576", seconds=4)
    plain = clip("a", "-b:v", "300k")
    for _ in range(3):
        silent = f"emulated:channels=1,source={big},fault=command-silent:after=1"
        with Server(f"emulated:channels=1,source={plain}", "--buffer", "256k", board=silent, sources=[big]) as server:
            server.warm()
            with Client(server.port) as waits:
                longest = longest_wait(server, "/board/1/ch/0", 4, lambda: waits.play(server.url(0)))
            wait_for(lambda: "command was not answered" in server.said(), 20, "the silence to be noticed")
        print(f"        the longest wait for a packet was {longest * 1000:.0f} ms")
        # The board's silence lasts a second; a busy machine may be late, but not each time.
        if longest < 0.7:
            return
    raise Failure(f"a player waited for {longest:.2f} s")


add("a_board_that_does_not_answer", undisturbed(a_board_that_does_not_answer))


def web(server, path):
    with urllib.request.urlopen(server.lines[0]["web"][0] + path, timeout=30) as answer:
        return answer.read().decode()


def take_frames(client, got, count):
    """Until there are so many."""
    end = time.monotonic() + 120
    while got.frames < count:
        expect(time.monotonic() < end, f"{got.frames} frames, waited for {count}")
        number, data = client.packet()
        if number == 0:
            got.packet(data)


def take_stream(browser):
    """What a browser gets up to the first fragment of a stream that begins."""
    browser.socket.settimeout(19)       # before a ping of the server
    try:
        message = ""
        while not (isinstance(message, str) and '"stream"' in message):
            message = browser.receive()
    except TimeoutError as why:
        raise Failure("no stream begins in a browser") from why
    equal([browser.receive()[4:8] for _ in range(2)], [b"ftyp", b"moof"], "what a stream begins with")


def loss_is_shown(server):
    """By all that tells how it stands; who comes meanwhile is not sent away."""
    status = json.loads(web(server, "/api/status"))
    board = status["boards"][0]
    equal((board["state"], board["losses"]), ("lost", 1), "the board's state")
    expect(board["error"], "no word on why")
    equal(status["channels"][0]["state"], "lost", "the channel's state")
    alarms = [alarm for alarm in status["alarms"] if "the board is lost" in alarm["text"]]
    equal([(alarm["board"], alarm["channel"]) for alarm in alarms], [(0, -1)], "alarms")
    metrics = web(server, "/metrics")
    expect('netra_board_up{board="0"} 0' in metrics and 'netra_board_losses_total{board="0"} 1' in metrics, metrics)
    # What was before is not live any more.
    with Client(server.port) as late:
        late.play(server.url(0))
        late.socket.settimeout(1.5)
        try:
            while True:
                late.packets.append(late.packet())
        except TimeoutError:
            pass
        expect(not any(number == 0 for number, _ in late.packets), "a player gets a picture of a lost board")
    late = browse(server)
    late.socket.settimeout(1.5)
    try:
        while True:
            expect(late.receive()[4:8] != b"moof", "a browser gets a picture of a lost board")
    except TimeoutError:
        pass
    late.close()


def browse(server):
    return WebSocket("127.0.0.1", int(server.lines[0]["web"][0].rsplit(":", 1)[1]), "/live/0/0",
                     ["Sec-WebSocket-Protocol: netra-live"])


@test
def a_board_that_comes_back():
    """Its process is killed and started again: sessions get pictures again, the store has both parts, it is said once."""
    source, store = clip("a", "-b:v", "300k"), FOLDER / "back"
    with Emulator("--channels", 1, "--source", source) as board:
        with Server("--store", store, "--web", "127.0.0.1:0", board=board.name, sources=[source]) as server:
            server.wait_status(lambda s: s["channels"][0]["frames"] > 60, 60, "pictures")
            got = Depacketizer()
            browser = browse(server)
            with Client(server.port) as player:
                player.play(server.url(0))
                take_frames(player, got, 60)
                take_stream(browser)
                board.kill()
                killed = time.monotonic()
                status = server.wait_status(lambda s: s["boards"][0]["attempts"] >= 2, 60, "two attempts")
                equal((status["boards"][0]["lost"], status["boards"][0]["losses"]), (True, 1), "how the board stands")
                loss_is_shown(server)
                board.again()
                server.wait_status(lambda s: not s["boards"][0]["lost"], 120, "the board")
                # What was under way, and a second and more after the gap, all without a missing packet.
                gaps = []
                while not gaps or got.frames < gaps[0] + 60:
                    take_frames(player, got, got.frames + 1)
                    steps = [(now - before) % 2 ** 32 for before, now in zip(got.times, got.times[1:])]
                    gaps = [at for at, step in enumerate(steps, 1) if step > 45000]
                    expect(got.frames < 600, "no gap in RTP's times")
                equal(len(gaps), 1, "gaps in RTP's times")
                passed = time.monotonic() - killed
                expect(steps[gaps[0] - 1] / 90000 < passed + 1, f"{steps[gaps[0] - 1]} ticks in {passed:.1f} s")
                shown = decoded(got.data)
                same_from_a_key_frame(source, shown[:gaps[0]], 60, "before")
                same_from_a_key_frame(source, shown[gaps[0]:gaps[0] + 55], 55, "after")
            take_stream(browser)
            browser.close()
            equal(json.loads(web(server, "/api/status"))["alarms"], [], "alarms afterwards")
            server.wait_status(lambda s: s["channels"][0]["frames"] > 210, 60, "some more to be recorded")
        equal(server.process.returncode, 0, "exit status")
        said = server.said()
        equal([said.count(word) for word in ("trying to open it again", "the board is back")], [1, 1], f"said: {said}")
    files = sorted((store / "ch00").glob("*"))
    equal([path.suffix for path in files], [".mp4"] * 2, "files")
    for path in files:
        same_from_a_key_frame(source, hashes(path), 30, path.name)
    equal(json.loads(run(NETRA, "verify", "--store", store, "--json").stdout)["bad"], 0, "faults")
    gaps = json.loads(run(NETRA, "store", "--store", store, "--gaps", "--json").stdout)["channels"][0]["gaps"]
    equal([gap["kind"] for gap in gaps], ["gap"], "gaps of the store")


@test
def boards_that_leave():
    """One gone: the other one's viewers go on. Both gone: it waits for them, and still ends when it is told to."""
    source = clip("a", "-b:v", "300k")
    with Emulator("--channels", 1, "--source", source) as first, Emulator("--channels", 1, "--source", source) as second:
        with Server(second.name, board=first.name, sources=[source]) as server:
            server.warm()
            with Client(server.port) as lost, Client(server.port) as kept:
                lost.play(server.url(0))
                kept.play(f"rtsp://127.0.0.1:{server.port}/board/1/ch/0")
                first.kill()
                server.wait_status(lambda s: s["boards"][0]["lost"], 90, "the loss")
                seen = Continuity()
                while seen.frames < 200:
                    number, data = kept.packet()
                    if number == 0:
                        seen.packet(data)
                equal(seen.gaps, 0, "gaps at the other board")
                second.kill()
                server.wait_status(lambda s: all(b["lost"] and b["attempts"] for b in s["boards"]), 90, "both losses")
                equal(lost.request("OPTIONS", server.url(0)).status, 200, "OPTIONS without boards")
        equal(server.process.returncode, 0, "exit status")


if __name__ == "__main__":
    main()
