#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the Linux driver does with boards that misbehave: a guest with a board for
each fault, all recorded from at once. A board's other channel loses nothing, and
the recorder is not restarted for it."""

import atexit
import json
import pathlib
import re
import tempfile

from machine import PATIENCE, Setup, expect, main, on, run
from harness import NETRA, equal

RATE, CHANNELS, SECONDS = 15, 2, 14
STOP_MS = 6000 * PATIENCE   # from when the board is attached, which the recorder has done
_folder = tempfile.TemporaryDirectory(prefix="netra-faults-")
atexit.register(_folder.cleanup)
CLIP = pathlib.Path(_folder.name) / "clip.264"
run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=176x144:rate={RATE}", "-t", 4, "-c:v", "libx264",
    "-preset", "veryfast", "-g", RATE, "-f", "h264", CLIP)

# Faults of a channel: what the report says of channel 1, which alone has a gap.
CHANNEL = {
    "channel-stall": "a channel stopped giving frames",
    "record-torn": "a frame record's checksum is wrong",
    "record-garbage": "a frame record's checksum is wrong",
    "offset-wild": "a frame leaves its data region",
    "length-wild": "a frame leaves its data region",
    "head-jump": "the head index ran ahead",
    "head-back": "the head index ran backwards",
}
RESET = "resetting the board and booting it again"
# Faults of the board: what the report says.
BOARD = {
    f"heartbeat-stop:after={STOP_MS}": ("the firmware's heartbeat stopped", "restarting the firmware"),
    f"heartbeat-stop:after={STOP_MS},until=reset": ("the firmware's heartbeat stopped", RESET),
    "self-reset:after=45": ("the board reset itself", RESET),
}
INTERRUPTS = ("irq-lost:after=15,count=0", "irq-late:ms=150,after=15,count=20", "irq-spurious:after=15,count=50")
FATAL = f"gone:after={45 * PATIENCE}"

CHANNEL_SPECS = [f"{kind}:ch=1,after=45" for kind in CHANNEL]
BOARD_SPECS = [*BOARD, *INTERRUPTS, FATAL]


def setup(name, specs):
    return Setup(name, parameters="boot=0", boards=tuple(
        ("--bars", "4K,8M,16M,16M", "--channels", CHANNELS, "--source", CLIP, "--fault", spec) for spec in specs))


BAD_CHANNELS, BAD_BOARDS = setup("bad channels", CHANNEL_SPECS), setup("bad boards", BOARD_SPECS)
_results = {}


def result(m, spec):
    """Exit status, report and errors of `netra record`, which boots all of the set-up's boards and runs for them at once."""
    if spec not in _results:
        specs = [options[-1] for options in m.setup.boards]
        jobs = [m.guest.start(NETRA, "record", f"/dev/netra{number}", "--no-sync", "--store", f"store{number}", "--duration",
                              f"{SECONDS * PATIENCE}s", "--json") for number in range(len(specs))]
        for each, job in zip(specs, jobs):
            job.wait(90 * PATIENCE, check=False)
            report = json.loads(job.stdout) if job.stdout.strip() else {}
            _results[each] = (job.returncode, report, job.stderr)
    return _results[spec]


def says(report, *words):
    texts = [event["text"] for event in report["events"]]
    for word in words:
        expect(any(word in text for text in texts), f"no event says '{word}': {texts}")


def lost_nothing(report, channel):
    entry = report["channels"][channel]
    equal((entry["dropped"], entry["gaps"]), (0, 0), f"channel {channel}: frames dropped, gaps")
    expect(entry["frames"] > RATE * SECONDS // 2, f"too few frames: {entry}")


def channel_fault(m, spec, words):
    status, report, errors = result(m, spec)
    equal(status, 0, f"exit status ({errors})")
    says(report, words)
    lost_nothing(report, 0)
    entry = report["channels"][1]
    expect(entry["dropped"] > 0 and entry["gaps"] > 0, f"channel 1 shows no gap: {entry}")
    expect(entry["frames"] > 45 + 2 * RATE, f"channel 1 did not come back: {entry}")


def board_fault(m, spec, words):
    status, report, errors = result(m, spec)
    equal(status, 0, f"exit status ({errors})")
    says(report, *words, "the board runs again")
    if RESET not in words:
        expect(RESET not in [event["text"] for event in report["events"]], f"restarting was not enough: {report}")
    for entry in report["channels"]:
        expect(entry["gaps"] > 0 and entry["frames"] > 3 * RATE, f"no gap, or did not come back: {entry}")


def interrupt_fault(m, spec):
    status, report, errors = result(m, spec)
    equal(status, 0, f"exit status ({errors})")
    for channel in range(CHANNELS):
        lost_nothing(report, channel)


def add(where, name, check, *arguments):
    def test(m):
        check(m, *arguments)
    test.__name__ = re.sub(r"\W+", "_", name)
    on(where)(test)


for _spec, (_kind, _words) in zip(CHANNEL_SPECS, CHANNEL.items()):
    add(BAD_CHANNELS, _kind, channel_fault, _spec, _words)
for _spec, _words in BOARD.items():
    add(BAD_BOARDS, _spec.replace(str(STOP_MS), "ms"), board_fault, _spec, _words)
for _spec in INTERRUPTS:
    add(BAD_BOARDS, _spec.split(":", maxsplit=1)[0], interrupt_fault, _spec)


@on(BAD_BOARDS)
def gone_from_the_bus(m):
    """A clean end that says so, files whole up to then."""
    status, report, errors = result(m, FATAL)
    equal(status, 1, f"exit status ({report})")
    expect("is gone" in errors, f"stderr: {errors}")
    for entry in report["channels"]:
        expect(entry["frames"] >= 30, f"too few frames: {entry}")


if __name__ == "__main__":
    main()
