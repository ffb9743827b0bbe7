#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Linux driver through what a machine does to it while boards stream: no
MSI, every window size, suspend, boards that die and come back, stray writes."""

import json
import time

from machine import CHANNELS, FULL, OFF, PATIENCE, Emulator, Setup, expect, fetch, main, on
from harness import NETRA, equal, wait_for

NO_MSI = Setup("no MSI", append="pci=nomsi")
STRAY = Setup("stray writes", iommu="full", append="iomem=relaxed")


def record(m, store, seconds=0):
    """A Job that records all channels; until it is stopped if no @seconds are given."""
    duration = ["--duration", f"{seconds}s"] if seconds else []
    return m.guest.start(NETRA, "record", "/dev/netra0", "--store", store, "--json", *duration)


def await_streams(m, job, store):
    """Until every channel's file has grown."""
    files = [m.guest.folder / store / f"ch{channel:02d}.mp4.part" for channel in range(CHANNELS)]
    wait_for(lambda: job.done.is_set() or all(file.exists() and file.stat().st_size > 20000 for file in files),
             40 * PATIENCE, "all channels to stream")
    expect(not job.done.is_set(), f"the recorder ended: {job.stderr}")


def await_attached(m):
    wait_for(lambda: m.guest.run(f"cat {m.sysfs()}/netra/state").stdout == "attached\n", 30 * PATIENCE,
             "the board to be attached")


def whole(job, seconds=60):
    report = json.loads(job.wait(seconds * PATIENCE).stdout)
    equal((report["whole"], report["dropped"]), (CHANNELS, 0), "files that are whole, frames dropped")
    return report


def interrupts(m):
    kind, taken, *_ = m.guest.run(f"cat {m.sysfs()}/netra/interrupts").stdout.split()
    return kind, int(taken)


@on(NO_MSI, OFF)
def interrupts_tell_of_frames(m):
    """By the legacy line where there is no MSI: it is let go each time, as more come."""
    await_attached(m)
    whole(record(m, "interrupts", 4))
    kind, taken = interrupts(m)
    equal(kind, "legacy" if m.setup == NO_MSI else "msi", "kind of interrupt")
    expect(taken > 60, f"only {taken} interrupts")


@on(OFF, FULL)
def windows_of_each_size(m):
    for size in (1, 2, 4, 8):
        m.reload(f"window_mb={size}")
        await_attached(m)
        memory = m.guest.run(f"cat {m.sysfs()}/netra/memory").stdout
        expect(f"windows of {size} MB" in memory, f"asked for {size} MB: {memory}")
        equal(m.guest.run(f"cat {m.sysfs()}/netra/cache_mode").stdout, "write-back\n", "cache mode")
        whole(record(m, f"size{size}", 4))
    m.reload()
    await_attached(m)


@on(OFF, FULL)
def streams_outlive_suspend(m):
    job = record(m, "suspend")
    await_streams(m, job, "suspend")
    m.suspend()
    await_attached(m)
    file = m.guest.folder / "suspend" / "ch03.mp4.part"
    before = file.stat().st_size
    wait_for(lambda: file.stat().st_size > before + 50000, 30 * PATIENCE, "streams to go on")
    m.guest.run("kill -INT $(pidof netra)")
    report = json.loads(job.wait(30 * PATIENCE).stdout)
    equal(report["whole"], CHANNELS, "files that are whole")
    for entry in report["channels"]:
        expect(entry["gaps"] >= 1, f"no gap shown: {entry}")


@on(OFF, FULL)
def somebody_else_resets_the_board(m):
    """As `echo 1 >reset` does: streams go on with a gap."""
    job = record(m, "reset")
    await_streams(m, job, "reset")
    m.guest.run(f"echo 1 >{m.sysfs()}/reset")
    await_attached(m)
    time.sleep(3)
    m.guest.run("kill -INT $(pidof netra)")
    report = json.loads(job.wait(30 * PATIENCE).stdout)
    equal(report["whole"], CHANNELS, "files that are whole")


@on(OFF, FULL)
def board_dies_and_another_is_plugged_in(m):
    """Noticed within a second or so; what was recorded is whole; the next board streams."""
    job = record(m, "dies")
    await_streams(m, job, "dies")
    m.boards[0].process.kill()
    begin = time.monotonic()
    wait_for(lambda: "is gone" in job.stderr, 20 * PATIENCE, "the board's end to be noticed")
    noticed = time.monotonic() - begin
    expect(noticed < 2.5 * PATIENCE, f"it took {noticed:.1f} s")
    equal(job.wait(30 * PATIENCE, check=False).returncode, 1, "exit status")
    m.guest.unplug(0)
    board = Emulator("--channels", CHANNELS)
    m.boards.append(board)
    board.__enter__()
    m.guest.plug(0, board.socket)
    await_attached(m)
    whole(record(m, "again", 4))


@on(STRAY)
def stray_writes_are_refused(m):
    """A window that leads nowhere: nothing is written, it is told, and mended."""
    await_attached(m)
    job = record(m, "stray", 25)
    await_streams(m, job, "stray")
    # The last window: what the board has to say arrives through the first.
    register = f"$(( $(head -n 1 {m.sysfs()}/resource | cut -d ' ' -f 1) + {0x200 + 8 * 3} ))"
    m.guest.run(fetch("guest") / "busybox", "devmem", register, "32", "0x70000001")
    report = json.loads(job.wait(60 * PATIENCE).stdout)
    texts = [event["text"] for event in report["events"]]
    expect(any("fault 2" in text for text in texts), f"not told: {texts}")
    equal(texts[-1], "the board runs again", "the last of what was told")
    m.wait_for_dmesg("a transfer of the board was refused")
    expect(m.boards[0].stats()["refused_unmapped"] > 0, "the board was not refused anything")


if __name__ == "__main__":
    main()
