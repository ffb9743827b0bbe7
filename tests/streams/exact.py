#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What comes out of `netra capture` and `netra record` is what went in: the
same decoded frames and the same NAL units, for every shared test video."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from compare import same_frames, same_nal_units  # noqa: E402
from harness import NETRA, Emulator, Skip, add, equal, expect, main, recorded, run, test, videos  # noqa: E402

# Boards that boot, and programs that start, wait most of the time.
TOGETHER = 3


def one_channel(source, mode):
    with tempfile.TemporaryDirectory(prefix="netra-exact-") as folder:
        folder = pathlib.Path(folder)
        board = f"emulated:channels=1,pace=free,loops=1,source={source}"
        captured = folder / "captured.264"
        run(NETRA, "capture", board, "--channel", 0, "--sync", mode, "-o", captured, timeout=120)
        if source.suffix != ".mp4":
            expect(captured.read_bytes() == source.read_bytes(), "the capture is not the source byte for byte")
        same_frames(source, captured, "capture")
        run(NETRA, "record", board, "--store", folder / "store", "--sync", mode, timeout=120)
        path = recorded(folder / "store", 0)
        same_frames(source, path, "recording")
        same_nal_units(source, path)


def all_together(mode):
    sources = videos()
    options = ["--channels", len(sources), "--pace", "free", "--loops", 1]
    for source in sources:
        options += ["--source", source]
    with tempfile.TemporaryDirectory(prefix="netra-exact-") as folder:
        store = pathlib.Path(folder) / "store"
        with Emulator(*options) as board:
            run(NETRA, "record", board.name, "--store", store, "--sync", mode, timeout=240)
            stats = board.stats()
        for counter, number in stats.items():
            if counter.startswith("refused_"):
                equal(number, 0, f"transfers {counter} by the board's windows")
        for channel, source in enumerate(sources):
            path = recorded(store, channel)
            same_frames(source, path, "recording")
            same_nal_units(source, path)


@test
def presentation_times():
    """Times of recordings: the source's, for B-frames and variable rates."""
    for source in videos():
        if source.suffix != ".mp4":
            continue
        with tempfile.TemporaryDirectory(prefix="netra-exact-") as folder:
            store = pathlib.Path(folder)
            run(NETRA, "record", f"emulated:channels=1,pace=free,loops=1,source={source}",
                "--store", store)
            times = []
            for path in (source, recorded(store, 0)):
                out = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                          "packet=pts_time,dts_time", "-of", "csv=p=0", path).stdout
                rows = [[float(word) for word in line.split(",")[:2]] for line in out.splitlines()]
                first = min(row[0] for row in rows)
                times.append([[value - first for value in row] for row in rows])
            equal(len(times[1]), len(times[0]), f"{source.name}: packets")
            for number, (a, b) in enumerate(zip(*times)):
                expect(abs(a[0] - b[0]) < 0.0005, f"{source.name}: packet {number} is shown at {b[0]}, "
                                                  f"in the source at {a[0]}")


try:
    for _video in videos():
        add(f"exact_{_video.name}", one_channel, _video, "ring")
except Skip as _why:
    def _skip(why=str(_why)):
        raise Skip(why)
    add("exact_each_file", _skip)
add("exact_all_together_ring", all_together, "ring")
add("exact_all_together_peterson", all_together, "peterson")

if __name__ == "__main__":
    main(TOGETHER)
