#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the host does about each fault of docs/faults.md: the error names the
cause, other channels lose nothing, recovery happens without restarting the
program where the ladder says so, and nothing hangs."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import (NETRA, Emulator, add, equal, expect, frame_hashes, main, recorded, run,  # noqa: E402
                     test, wait_for)

CHANNELS = 4
SECONDS = 6
RATE = 30
_folder = tempfile.TemporaryDirectory(prefix="netra-faults-")
FOLDER = pathlib.Path(_folder.name)


_making_clip = threading.Lock()


def clip(seconds=SECONDS):
    """A short clip, an IDR picture every half second."""
    path = FOLDER / f"clip{seconds}.264"
    with _making_clip:
        if path.exists():
            return path
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x240:rate={RATE}",
            "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-g", RATE // 2,
            "-x264-params", "repeat-headers=1:scenecut=0", "-f", "h264", path)
    return path


def record(*faults, sync="ring", seconds=SECONDS, timeout=60):
    """Record a faulty board to the end of its sources; the report and store."""
    store = pathlib.Path(tempfile.mkdtemp(dir=FOLDER))
    words = []
    for fault in faults:
        words += ["--fault", fault]
    with Emulator("--channels", CHANNELS, "--source", clip(seconds), "--loops", 1, *words) as board:
        result = run(NETRA, "record", board.name, "--store", store, "--sync", sync, "--json",
                     timeout=timeout, check=False)
        stats = board.stats()
    expect(result.stdout, f"no report; stderr: {result.stderr}")
    return json.loads(result.stdout), store, result, stats


def lost_nothing(report, store, channel, seconds=SECONDS):
    """The channel's recording decodes to exactly the clip."""
    entry = report["channels"][channel]
    equal(entry["dropped"], 0, f"channel {channel}: frames dropped")
    expect(frame_hashes(recorded(store, channel)) == frame_hashes(clip(seconds)),
           f"channel {channel}: other frames than the source's")


def mentions(report, *words):
    """Some event of the report says it."""
    texts = [event["text"] for event in report["events"]]
    expect(any(all(word in text for word in words) for text in texts),
           f"no event with {words} among {texts}")


def boot_fault(spec, *words):
    """`netra boot` fails in its bound with one line that names the cause."""
    with Emulator("--channels", 1, "--fault", spec) as board:
        begin = time.monotonic()
        result = run(NETRA, "boot", board.name, "--boot-timeout", "1s", check=False, timeout=20)
        expect(time.monotonic() - begin < 15, "it took longer than its bounds")
    equal(result.returncode, 1, "exit status")
    lines = [line for line in result.stderr.splitlines() if line.startswith("netra: ")]
    equal(len(lines), 1, f"lines of error in {result.stderr!r}")
    for word in words:
        expect(word.lower() in lines[0].lower(), f"'{word}' is not in: {lines[0]}")


def channel_fault(spec, sync, *words, seconds=SECONDS):
    """Channel 1 loses something and comes back; the others lose nothing."""
    report, store, result, stats = record(f"{spec}:ch=1,after=60", sync=sync, seconds=seconds)
    equal(result.returncode, 0, f"exit status ({result.stderr})")
    equal(stats["faults_fired"], 1, "faults injected")
    for channel in (0, 2, 3):
        lost_nothing(report, store, channel, seconds)
    mentions(report, "channel 1", *words)
    entry = report["channels"][1]
    expect(entry["dropped"] > 0 and entry["gaps"] > 0, f"channel 1 shows no gap: {entry}")
    expect(entry["frames"] > 60 + RATE, f"channel 1 did not come back: {entry}")
    got = frame_hashes(recorded(store, 1))
    equal(len(got), entry["frames"], "channel 1: frames that decode")
    whole = set(frame_hashes(clip(seconds)))
    expect(all(frame in whole for frame in got), "channel 1: a frame decodes to another picture")


def interrupt_fault(spec):
    """Interrupts misbehave: nothing is lost at all."""
    report, store, result, stats = record(spec)
    equal(result.returncode, 0, f"exit status ({result.stderr})")
    expect(stats["faults_fired"] > 0, "the fault was not injected")
    for channel in range(CHANNELS):
        lost_nothing(report, store, channel)


def board_fault(spec, *words):
    """The whole board stumbles and comes back; every channel goes on."""
    report, _, result, stats = record(spec)
    equal(result.returncode, 0, f"exit status ({result.stderr})")
    expect(stats["faults_fired"] > 0, "the fault was not injected")
    mentions(report, *words)
    for entry in report["channels"]:
        expect(entry["frames"] > 2 * RATE, f"did not come back: {entry}")
        equal(len(frame_hashes(entry["file"])), entry["frames"], f"channel {entry['channel']}: frames that decode")


@test
def gone_from_the_bus():
    """All-ones: a clean end that says so, files whole up to then."""
    report, _, result, stats = record("gone:after=60")
    equal(stats["faults_fired"], 1, f"faults injected ({report})")
    equal(result.returncode, 1, f"exit status ({report})")
    expect("gone" in result.stderr or "bus" in result.stderr, f"stderr: {result.stderr}")
    for entry in report["channels"]:
        expect(entry["frames"] >= 30, f"too few frames: {entry}")
        equal(len(frame_hashes(entry["file"])), entry["frames"], "frames that decode")


@test
def killed_emulator():
    """The board's process is killed: "gone" within a second, files whole."""
    store = FOLDER / "killed"
    with Emulator("--channels", CHANNELS, "--source", clip()) as board:
        with subprocess.Popen([NETRA, "record", board.name, "--store", store, "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as recorder:
            time.sleep(3)
            os.kill(board.process.pid, signal.SIGKILL)
            begin = time.monotonic()
            out, err = recorder.communicate(timeout=20)
            expect(time.monotonic() - begin < 2.0, "it took more than a second to notice")
    equal(recorder.returncode, 1, "exit status")
    expect("gone" in err, f"stderr: {err}")
    for entry in json.loads(out)["channels"]:
        expect(entry["frames"] > 30, f"too few frames: {entry}")
        equal(len(frame_hashes(entry["file"])), entry["frames"], "frames that decode")


@test
def killed_reader():
    """A reader killed with -9 leaves the board running for the next one."""
    with Emulator("--channels", CHANNELS, "--source", clip()) as board:
        for attempt in range(3):
            with subprocess.Popen([NETRA, "record", board.name, "--store", FOLDER / f"reader{attempt}"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as reader:
                time.sleep(1.5)
                reader.kill()
        out = FOLDER / "after-kill.264"
        run(NETRA, "capture", board.name, "--channel", 2, "--frames", 30, "-o", out)
        expect(len(frame_hashes(out)) == 30, "the next reader did not get its 30 frames")
        expect("agent starts" not in board.text() or board.text().count("agent starts") == 1,
               "the board was booted again")


@test
def command_not_answered():
    """A board that answers no command: an error within its bound."""
    begin = time.monotonic()
    report, _, result, _ = record("command-silent:count=0")
    expect(time.monotonic() - begin < 30, "it took longer than its bounds")
    equal(result.returncode, 1, "exit status")
    expect("gave up: a command was not answered" in result.stderr, f"stderr: {result.stderr}")
    expect(not any(entry["whole"] for entry in report["channels"]), "a channel without frames looks whole")


@test
def signal_lost_and_found():
    """A camera unplugged for a second: an event each way, nothing else lost."""
    report, store, result, _ = record("signal-lost:ch=1,after=60,for=30")
    equal(result.returncode, 0, f"exit status ({result.stderr})")
    mentions(report, "channel 1", "signal lost")
    mentions(report, "channel 1", "signal found")
    for channel in (0, 2, 3):
        lost_nothing(report, store, channel)


for _stage, _words in (("rom", ("boot ROM",)), ("uboot", ("U-Boot",)), ("script", ("script",)),
                       ("kernel", ("kernel",)), ("agent", ("agent",))):
    add(f"boot_hangs_in_{_stage}", boot_fault, f"boot-hang:{_stage}", *_words)
for _image, _words in (("uboot", ("ROM",)), ("script", ("script",)), ("kernel", ("kernel",)),
                       ("ramdisk", ("file system",))):
    add(f"boot_refuses_{_image}", boot_fault, f"boot-fail:{_image}", *_words)
for _sync in ("ring", "peterson"):
    for _spec in ("channel-stall", "encoder-fault"):
        add(f"{_spec}_{_sync}", channel_fault, _spec, _sync, seconds=9)
    for _spec in ("record-torn", "record-garbage", "offset-wild", "length-wild",
                  "head-jump", "head-back"):
        add(f"{_spec}_{_sync}", channel_fault, _spec, _sync)
add("lock-dead_peterson", channel_fault, "lock-dead", "peterson", "lock", seconds=9)
add("heartbeat_stops", board_fault, "heartbeat-stop:after=2000", "heartbeat")
add("board_resets_itself", board_fault, "self-reset:after=60", "reset")
for _spec in ("irq-lost:after=30,count=5", "irq-late:ms=150,after=30,count=20", "irq-spurious:after=30,count=50"):
    add(_spec.split(":", maxsplit=1)[0], interrupt_fault, _spec)

if __name__ == "__main__":
    # Most of a test's time is waiting.
    main(3)
