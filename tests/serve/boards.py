#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Several boards at one `netra serve`: a store for each of them."""

import datetime
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from recordings import Depacketizer, clock, decoded  # noqa: E402
from serving import FOLDER, Client, Continuity, Server, clip, same_from_a_key_frame, undisturbed  # noqa: E402
from harness import NETRA, Failure, add, equal, expect, main, run, test, wait_for  # noqa: E402


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


if __name__ == "__main__":
    main()
