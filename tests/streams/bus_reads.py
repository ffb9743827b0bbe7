#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""In steady state nothing is read across the bus: twice the frames cost not
one host read of a BAR and not one board read of host memory more."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import NETRA, Emulator, add, equal, expect, main, run  # noqa: E402

CHANNELS = 16
_folder = tempfile.TemporaryDirectory(prefix="netra-bus-")
FOLDER = pathlib.Path(_folder.name)


def clip(frames):
    path = FOLDER / f"clip{frames}.264"
    run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=176x144:rate=30", "-frames:v", frames,
        "-c:v", "libx264", "-preset", "ultrafast", "-g", 30, "-f", "h264", path)
    return path


def counters(frames, sync):
    """The board's counters after so many frames on each channel."""
    with Emulator("--channels", CHANNELS, "--source", clip(frames), "--loops", 1, "--trap-bars") as board:
        run(NETRA, "record", board.name, "--store", FOLDER / f"{sync}{frames}", "--sync", sync)
        stats = board.stats()
    equal(stats["frames"], frames * CHANNELS, "frames the board sent")
    for name, value in stats.items():
        if name.startswith("refused_") or name in ("bar_limbo", "messages_bad", "window_overlaps",
                                                   "window_unaligned", "msis_unwanted"):
            equal(value, 0, f"{name}: something went astray")
    return stats


def no_reads(sync):
    few, many = counters(60, sync), counters(180, sync)
    for counter in ("bar_reads", "register_reads"):
        expect(few[counter] > 0, f"{counter} are not counted: booting alone reads")
        # Waits of boot and attach poll, a few times more or less.
        expect(many[counter] - few[counter] < 100,
               f"{counter}: {few[counter]} for 60 frames a channel, {many[counter]} for 180")
    if sync == "ring":
        equal(many["host_reads"], 0, "board reads of host memory")
    else:
        expect(many["host_reads"] > few["host_reads"], "reads under the lock are not counted")


add("host_reads_nothing_ring", no_reads, "ring")
add("host_reads_nothing_peterson", no_reads, "peterson")

if __name__ == "__main__":
    main()
