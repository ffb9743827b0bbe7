#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""libnetra's VFIO transport: in a virtual machine with an IOMMU, vfio-pci is
bound to emulated boards, and `netra` boots them and records from them."""

import contextlib
import json
import pathlib
import re
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from compare import same_frames  # noqa: E402
from harness import BUILD, NETRA, Emulator, Failure, Skip, equal, expect, main, recorded, run, test, wait_for  # noqa: E402
from guest import Guest  # noqa: E402

CHANNELS = 16
FIRMWARE = BUILD / "firmware"
# By their number as devices of the guest.
STREAMS, KILLED, UNPLUGGED, HUNG, RESET = range(5)
# More BARs of 256 MB would not fit below 4 GB.
SMALL_BARS = ("--bars", "4K,8M,16M,16M", "--channels", 4)

_stack = contextlib.ExitStack()
_machine = None


def address(board):
    return f"0000:{board + 1:02x}:00.0"


def name(board):
    return f"pci:{address(board)}"


class Machine:
    """One guest with all boards; it is started by the first test."""

    def __init__(self):
        self.folder = pathlib.Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="netra-vfio-")))
        self.clips = []
        for number in range(4):
            clip = self.folder / f"clip{number}.264"
            run("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                f"testsrc2=size=320x240:rate=30,hue=h={90 * number}", "-t", 2, "-c:v", "libx264",
                "-preset", "veryfast", "-bf", number, "-f", "h264", clip)
            self.clips.append(clip)
        sources = [word for clip in self.clips for word in ("--source", clip)]
        self.boards = [
            _stack.enter_context(Emulator("--channels", CHANNELS, "--pace", "free", "--loops", 1, *sources)),
            _stack.enter_context(Emulator(*SMALL_BARS)),
            _stack.enter_context(Emulator(*SMALL_BARS)),
            _stack.enter_context(Emulator(*SMALL_BARS, "--fault", "heartbeat-stop:after=3000,until=reset")),
            _stack.enter_context(Emulator(*SMALL_BARS, "--fault", "self-reset:after=100"))]
        self.guest = _stack.enter_context(Guest(*[board.socket for board in self.boards]))
        self.bound = False


def machine(bound=True):
    """The guest; a failure to start it is every test's failure."""
    global _machine
    if _machine is None:
        try:
            _machine = Machine()
        except Skip as why:
            _machine = why
        except Failure:
            _machine = Failure("the guest did not start: see the first test")
            raise
    if isinstance(_machine, Exception):
        raise _machine
    if bound:
        bind(_machine)
    return _machine


def bind(m):
    """Do what the error message says, word by word, for each board."""
    if m.bound:
        return
    for board in range(len(m.boards)):
        failed = m.guest.run(NETRA, "status", name(board), check=False)
        equal(failed.returncode, 1, "exit status with no driver bound")
        advice = re.search(r"bound to no driver, not to vfio-pci: run (.*) \(as root", failed.stderr)
        expect(advice, f"no advice in: {failed.stderr}")
        m.guest.run(advice[1])
    m.bound = True


def listed(m, board):
    entries = json.loads(m.guest.run(NETRA, "list", "--json").stdout)
    return next((entry for entry in entries if entry["board"] == name(board)), None)


def record(m, board, *words):
    return m.guest.start(NETRA, "record", name(board), "--firmware", FIRMWARE, "--json", *words)


def recorded_whole(m, store, *words, channels=range(CHANNELS)):
    """All sources, once through: each recording decodes to its source."""
    result = record(m, STREAMS, "--store", store, "--strict", *words).wait()
    equal(json.loads(result.stdout)["whole"], CHANNELS, "files that are whole")
    for channel in channels:
        same_frames(m.clips[channel % len(m.clips)], recorded(m.guest.folder / store, channel),
                    f"recording of channel {channel}")


def is_streaming(m, store):
    """The first fragments of a recording are in its files."""
    path = m.guest.folder / store
    parts = list(path.glob("*/*.part")) if path.is_dir() else []
    return len(parts) == 4 and all(part.stat().st_size > 10000 for part in parts)


@test
def list_names_what_is_in_the_way():
    """Before vfio-pci is bound, and after."""
    m = machine(bound=False)
    entry = listed(m, STREAMS)
    expect(entry, "the board is not listed")
    equal(entry["state"], "not bound to vfio-pci", "state")
    equal((entry["soc"], entry["driver"]), ("dm8168", ""), "SoC and driver")
    equal(entry["bar_bytes"][:4], [4096, 8 << 20, 16 << 20, 256 << 20], "BARs")
    bind(m)
    for board in range(len(m.boards)):
        entry = listed(m, board)
        equal((entry["state"], entry["driver"]), ("ready", "vfio-pci"), f"{name(board)}: state and driver")


@test
def boots_and_reports():
    m = machine()
    m.guest.run(NETRA, "boot", name(STREAMS), "--firmware", FIRMWARE)
    text = m.guest.run(NETRA, "status", name(STREAMS)).stdout
    expect("driver vfio" in text, f"status: {text}")


@test
def ring_mode_is_exact():
    recorded_whole(machine(), "ring")


@test
def peterson_mode_is_exact():
    recorded_whole(machine(), "peterson", "--sync", "peterson")


@test
def capture_is_exact():
    m = machine()
    m.guest.run(NETRA, "capture", name(STREAMS), "--firmware", FIRMWARE, "--channel", 6, "-o", "captured.264")
    expect((m.guest.folder / "captured.264").read_bytes() == m.clips[6 % 4].read_bytes(),
           "the capture is not the source byte for byte")


@test
def every_window_size():
    m = machine()
    for size in ("1M", "2M", "4M", "8M"):
        recorded_whole(m, f"window{size}", "--window", size, channels=(0, CHANNELS - 1))


@test
def an_ordinary_user():
    """Not the group's owner; then the owner, but without memory to lock."""
    m = machine()
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    # The build may lie where only its owner may look.
    mine = "/dev/shm/mine"
    m.guest.run(f"mkdir {mine} && cp {NETRA} {mine} && cp {FIRMWARE}/* {mine} && chmod -R a+rX", mine)
    words = f"{nobody} {mine}/netra record {name(STREAMS)} --firmware {mine} -q --store"
    text = m.guest.run(nobody, f"{mine}/netra", "list").stdout
    expect("no permission for its VFIO group" in text, f"list: {text}")
    failed = m.guest.run(words, "/dev/shm/none", check=False)
    expect("chown $USER /dev/vfio/" in failed.stderr, f"no advice in: {failed.stderr}")
    group = m.guest.run("basename $(readlink", f"/sys/bus/pci/devices/{address(STREAMS)}/iommu_group)").stdout.strip()
    m.guest.run("chown 65534 /dev/vfio/vfio", f"/dev/vfio/{group}")
    failed = m.guest.run("ulimit -l 1024;", words, "/dev/shm/little", check=False)
    expect("raise the limit (ulimit -l)" in failed.stderr, f"no advice in: {failed.stderr}")
    m.guest.run("ulimit -l 262144;", words, "/dev/shm/enough")


@test
def one_program_at_a_time():
    """A second one is refused; the first one's recording goes on."""
    m = machine()
    first = record(m, KILLED, "--store", "first", "--duration", "6s")
    wait_for(lambda: is_streaming(m, "first") or first.done.is_set(), 60, "the first recording")
    second = m.guest.run(NETRA, "status", name(KILLED), check=False)
    equal(second.returncode, 1, "exit status of the second")
    expect("is in use" in second.stderr, f"no word of it: {second.stderr}")
    report = json.loads(first.wait().stdout)
    equal((report["whole"], report["dropped"]), (4, 0), "first one's files whole, frames dropped")


@test
def interrupts_arrive():
    """The board's MSIs, not the clock, wake the host."""
    m = machine()
    tables = m.guest.run(NETRA, "top", name(UNPLUGGED), "--firmware", FIRMWARE, "-n", 4, "-i", "500ms").stdout
    taken = [int(number) for number in re.findall(r"(\d+) interrupts", tables)]
    expect(len(taken) == 4 and taken[3] - taken[0] > 20, f"interrupts by time: {taken}")


@test
def boards_are_reset():
    """Firmware that hangs, and a board that reset itself: both run again by VFIO's reset."""
    m = machine()
    jobs = [record(m, board, "--store", f"reset{board}", "--duration", "12s") for board in (HUNG, RESET)]
    for job, trouble in zip(jobs, ("heartbeat stopped", "reset itself")):
        report = json.loads(job.wait().stdout)
        texts = [event["text"] for event in report["events"]]
        expect(any(trouble in text for text in texts), f"{trouble}: only {texts}")
        equal(texts[-2:], ["resetting the board and booting it again", "the board runs again"], "what was done")
        equal(report["whole"], 4, "files that are whole")
        # The others' files may begin, with their first key frame, after it.
        expect(report["channels"][0]["gaps"] >= 1, f"no gap shown: {report['channels'][0]}")
        for channel in report["channels"]:
            expect(channel["frames"] > 100, f"did not come back: {channel}")


@test
def program_is_killed():
    """Its board does not write any more, and the next program gets it."""
    m = machine()
    first = record(m, UNPLUGGED, "--store", "first-killed")
    wait_for(lambda: is_streaming(m, "first-killed") or first.done.is_set(), 60, "the first recording")
    m.guest.run("kill -9 $(pidof netra)")
    first.wait(30, check=False)
    report = json.loads(record(m, UNPLUGGED, "--store", "second", "--duration", "2s").wait().stdout)
    equal((report["whole"], report["dropped"]), (4, 0), "second one's files whole, frames dropped")


@test
def board_process_is_killed():
    """A board that leaves the bus is reported within a second, and listed as such."""
    m = machine()
    job = record(m, KILLED, "--store", "killed")
    wait_for(lambda: is_streaming(m, "killed") or job.done.is_set(), 60, "the recording")
    m.boards[KILLED].process.kill()
    begin = time.monotonic()
    wait_for(lambda: "is gone" in job.stderr, 10, "the board's end to be noticed")
    noticed = time.monotonic() - begin
    expect(noticed < 1.5, f"it took {noticed:.2f} s to notice")
    wait_for(lambda: job.stdout.endswith("}\n"), 5, "the recording's account")
    entry = listed(m, KILLED)
    equal(entry["state"], "does not answer on the bus", "state")
    failed = m.guest.run(NETRA, "status", name(KILLED), check=False, timeout=10)
    expect("does not answer on the bus" in failed.stderr, f"not told: {failed.stderr}")
    for channel in range(4):
        path = recorded(m.guest.folder / "killed", channel)
        run("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-")


@test
def board_is_unplugged():
    """Hot unplug takes the board from a program that records from it."""
    m = machine()
    job = record(m, UNPLUGGED, "--store", "unplugged")
    wait_for(lambda: is_streaming(m, "unplugged") or job.done.is_set(), 60, "the recording")
    m.guest.qmp("device_del", id=f"board{UNPLUGGED}")
    job.wait(60, check=False)
    equal(job.returncode, 1, "exit status")
    expect("is gone (the system takes it away" in job.stderr, f"no word of it: {job.stderr}")
    wait_for(lambda: listed(m, UNPLUGGED) is None, 20, "the board to leave the list")


@test
def nothing_was_refused():
    """No board wrote where it must not, in all of the above. (Without the right
    to write at all, as after a kill, nothing is written and no harm done.)"""
    m = machine()
    for board in (STREAMS, UNPLUGGED, HUNG, RESET):
        stats = m.boards[board].stats()
        for counter, number in stats.items():
            if counter in ("refused_disabled", "refused_crossing", "refused_unmapped", "refused_read_only",
                           "window_mismatches", "window_overlaps", "messages_bad"):
                equal(number, 0, f"{name(board)}: its counter {counter}")
        if not stats["host_write_bytes"]:
            raise Skip(f"no test before streamed from {name(board)}")


@test
def without_an_iommu():
    """VFIO cannot be used, and netra says why."""
    with Emulator(*SMALL_BARS) as board, Guest(board.socket, iommu=False) as guest:
        text = guest.run(NETRA, "list").stdout
        expect("no IOMMU in use" in text, f"list: {text}")
        failed = guest.run(NETRA, "status", name(0), check=False)
        expect("boot with intel_iommu=on" in failed.stderr, f"no advice in: {failed.stderr}")


if __name__ == "__main__":
    with _stack:
        main()
