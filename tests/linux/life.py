#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Linux driver through what a machine does to it while boards stream: no
MSI, every window size, suspend, resets, errors of the bus, boards that die and
come back, stray writes."""

import json
import struct
import time

from machine import CHANNELS, FULL, OFF, PATIENCE, Emulator, Setup, expect, main, on
from harness import NETRA, equal, wait_for
from streams import await_attached, await_streams, record, whole

NO_MSI = Setup("no MSI", append="pci=nomsi")
# At 8 GT/s and more Linux waits for a sign of the link that this QEMU does not give.
DEAD_LINK = Setup("dead link", boards=(("--channels", CHANNELS),), port_speed=16)
# Four windows, however many channels there are.
STRAY = Setup("stray writes", iommu="full", append="iomem=relaxed", parameters=f"window_mb={CHANNELS // 2}")


def interrupts(m):
    """(Kind, how many were taken, how many the board sent)."""
    kind = m.guest.run(f"cat {m.sysfs()}/netra/interrupts").stdout.split()[0]
    status = json.loads(m.guest.run(NETRA, "status /dev/netra0 --interval 0 --json").stdout)
    return kind, status["running"]["interrupts"], status["running"]["board_interrupts"]


def inject_fatal_error(m):
    """At the port above the board, by the kernel's aer_inject: a malformed TLP."""
    port = m.guest.run(f"basename $(dirname $(readlink -f {m.sysfs()}))").stdout.strip()
    domain, bus, device, function = (int(word, 16) for word in port.replace(".", ":").split(":"))
    # Its struct aer_error_inj: address, uncorrectable and correctable status, four words of a header.
    error = struct.pack("<3Bx7I", bus, device, function, 1 << 18, 0, 0, 0, 0, 0, domain)
    (m.guest.folder / "error").write_bytes(error)
    m.guest.run("modprobe aer_inject && dd if=error of=/dev/aer_inject bs=64 2>/dev/null")


def goes_on(m, store):
    """All channels do, from here; what the recorder still has of before is less than that."""
    files = sorted((m.guest.folder / store).glob("*/*.part"))
    sizes = {file: file.stat().st_size + 400000 for file in files}
    wait_for(lambda: all(file.stat().st_size > size for file, size in sizes.items()), 40 * PATIENCE,
             "streams to go on")


def stopped_with_gaps(m, job, least):
    m.guest.run("kill -INT $(pidof netra)")
    report = json.loads(job.wait(60 * PATIENCE).stdout)
    equal(report["whole"], CHANNELS, "files that are whole")
    for entry in report["channels"]:
        expect(entry["gaps"] >= least, f"fewer than {least} gaps: {entry}")


def may_interrupt(m):
    """By the legacy line, says the command register."""
    said = m.guest.run(f"dd if={m.sysfs()}/config bs=2 skip=2 count=1 2>/dev/null | od -An -tx2").stdout
    return not int(said, 16) & 0x400


@on(NO_MSI)
def the_line_is_free_without_a_driver(m):
    """The board may hold it no more once nobody lets it go, until the driver is back."""
    await_attached(m)
    expect(may_interrupt(m), "the line is switched off while the driver is there")
    m.guest.run(f"echo {m.address()} >/sys/bus/pci/drivers/netra/unbind")
    expect(not may_interrupt(m), "the line is on without a driver")
    m.guest.run(f"echo {m.address()} >/sys/bus/pci/drivers/netra/bind")
    await_attached(m)
    expect(may_interrupt(m), "the line stays off")


@on(NO_MSI, OFF)
def interrupts_tell_of_frames(m):
    """By the legacy line where there is no MSI: it is let go each time, as more come."""
    await_attached(m)
    whole(record(m, "interrupts", 4))
    kind, taken, sent = interrupts(m)
    equal(kind, "legacy" if m.setup == NO_MSI else "msi", "kind of interrupt")
    # Two may come as one; a line that is not let go gives them without end.
    expect(60 < taken <= sent, f"{taken} interrupts taken, {sent} sent")


@on(OFF, FULL)
def windows_of_each_size(m):
    for size in (1, 2, 4, 8):
        m.reload(f"window_mb={size}")
        await_attached(m)
        memory = m.guest.run(f"cat {m.sysfs()}/netra/memory").stdout
        expect(f"windows of {size} MB" in memory, f"asked for {size} MB: {memory}")
        equal(m.guest.run(f"cat {m.sysfs()}/netra/cache_mode").stdout, "write-back\n", "cache mode")
        job = record(m, f"size{size}")
        await_streams(m, job, f"size{size}")
        m.guest.run("kill -INT $(pidof netra)")
        whole(job)
    m.reload()
    await_attached(m)


@on(OFF, FULL)
def streams_outlive_suspend(m):
    job = record(m, "suspend")
    await_streams(m, job, "suspend")
    m.suspend()
    await_attached(m)
    goes_on(m, "suspend")
    stopped_with_gaps(m, job, 1)


@on(OFF, FULL)
def somebody_else_resets_the_board(m):
    """As `echo 1 >reset` does: streams go on with a gap."""
    job = record(m, "reset")
    await_streams(m, job, "reset")
    m.guest.run(f"echo 1 >{m.sysfs()}/reset")
    await_attached(m)
    goes_on(m, "reset")
    stopped_with_gaps(m, job, 1)


@on(OFF, FULL)
def fatal_errors_of_the_bus(m):
    """Reported by the port above the board, which resets the link: streams go on with a gap."""
    job = record(m, "aer")
    await_streams(m, job, "aer")
    for _ in range(2):
        inject_fatal_error(m)
        m.wait_for_dmesg("netra .*a fatal error of the bus")
        m.wait_for_dmesg("device recovery successful")
        await_attached(m)
        goes_on(m, "aer")
        m.dmesg_clean()
    stopped_with_gaps(m, job, 2)


@on(DEAD_LINK)
def a_bus_that_stays_down_is_given_up(m):
    """Linux resets the link in vain, and tells nobody."""
    job = record(m, "down")
    await_streams(m, job, "down")
    m.guest.run("echo 5 >/sys/module/netra/parameters/bus_wait_s")
    inject_fatal_error(m)
    m.wait_for_dmesg("device recovery failed", 90)
    equal(job.wait(60 * PATIENCE, check=False).returncode, 1, "exit status")
    expect("the board is gone" in job.stderr, f"no word of it: {job.stderr}")
    m.wait_for_dmesg("the bus did not bring it back")
    equal(m.guest.run(f"cat {m.sysfs()}/netra/state").stdout, "gone\n", "state")


@on(OFF, FULL)
def board_dies_and_another_is_plugged_in(m):
    """Noticed within a second or so on a machine with nothing else to do; what was recorded is whole; the next board streams."""
    job = record(m, "dies")
    await_streams(m, job, "dies")
    m.boards[0].process.kill()
    begin = time.monotonic()
    wait_for(lambda: "is gone" in job.stderr, 20 * PATIENCE, "the board's end to be noticed")
    noticed = time.monotonic() - begin
    expect(noticed < 10 * PATIENCE, f"it took {noticed:.1f} s")
    equal(job.wait(30 * PATIENCE, check=False).returncode, 1, "exit status")
    m.guest.unplug(0)
    board = Emulator("--channels", CHANNELS)
    m.boards.append(board)
    board.__enter__()
    m.guest.plug(0, board.socket)
    await_attached(m)
    whole(record(m, "again", 4))


POKE = """
registers = mmap.mmap(os.open("{path}", os.O_RDWR), 4096)
ctypes.c_uint32.from_buffer(registers, {register}).value = {value}
"""


@on(STRAY)
def stray_writes_are_refused(m):
    """A window that leads nowhere: nothing is written, it is told, and mended."""
    await_attached(m)
    job = record(m, "stray", 25)
    await_streams(m, job, "stray")
    # The last window: what the board has to say arrives through the first.
    m.python(POKE.format(path=f"{m.sysfs()}/resource0", register=0x200 + 8 * 3, value=0x70000001)).wait()
    report = json.loads(job.wait(60 * PATIENCE).stdout)
    texts = [event["text"] for event in report["events"]]
    expect(any("fault 2" in text for text in texts), f"not told: {texts}")
    equal(texts[-1], "the board runs again", "the last of what was told")
    m.wait_for_dmesg("a transfer of the board was refused")
    expect(m.boards[0].stats()["refused_unmapped"] > 0, "the board was not refused anything")


if __name__ == "__main__":
    main()
