#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Several boards at one `netra serve`: a store for each of them."""

import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from recordings import Depacketizer, clock, decoded  # noqa: E402
from serving import FOLDER, Client, Server, clip, same_from_a_key_frame  # noqa: E402
from harness import NETRA, equal, expect, main, run, test  # noqa: E402


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


if __name__ == "__main__":
    main()
