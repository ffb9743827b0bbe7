#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What comes out of `netra capture` and `netra record` is what went in: the
same decoded frames and the same NAL units, for every shared test video."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import (NETRA, Emulator, Failure, Skip, add, equal, expect, frame_hashes, main,  # noqa: E402
                     nal_units, run, test, videos)

_source_hashes = {}


def source_hashes(path):
    if path not in _source_hashes:
        _source_hashes[path] = frame_hashes(path)
    return _source_hashes[path]


def annex_b(path):
    """The file's video as an Annex B stream."""
    if path.suffix != ".mp4":
        return path.read_bytes()
    return run("ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy", "-bsf:v",
               "h264_mp4toannexb", "-f", "h264", "-", text=False).stdout


def same_frames(source, result, what):
    wanted, got = source_hashes(source), frame_hashes(result)
    expect(wanted, f"{source.name}: the source decodes to nothing")
    for number, (a, b) in enumerate(zip(wanted, got)):
        if a != b:
            raise Failure(f"{what} of {source.name}: frame {number} differs "
                          f"({len(got)} frames, source {len(wanted)})")
    equal(len(got), len(wanted), f"{what} of {source.name}: frames")


def same_nal_units(source, result):
    """The source's NAL units in order; parameter sets may come in between."""
    wanted, got = nal_units(annex_b(source)), nal_units(annex_b(result))
    sets = {unit for unit in wanted if unit[0] & 31 in (7, 8)}
    position = 0
    for unit in got:
        if position < len(wanted) and unit == wanted[position]:
            position += 1
        else:
            expect(unit in sets, f"{source.name}: NAL unit {position} of {len(wanted)} is not the source's")
    equal(position, len(wanted), f"{source.name}: NAL units found")


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
        recorded = folder / "store" / "ch00.mp4"
        same_frames(source, recorded, "recording")
        same_nal_units(source, recorded)


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
        equal(stats["outbound_errors"], 0, "transfers the board was refused")
        for channel, source in enumerate(sources):
            recorded = store / f"ch{channel:02d}.mp4"
            expect(recorded.exists(), f"no {recorded.name} for {source.name}")
            same_frames(source, recorded, "recording")
            same_nal_units(source, recorded)


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
            for path in (source, store / "ch00.mp4"):
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
    main()
