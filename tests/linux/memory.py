#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Memory for windows: each step of the ladder, where it is the one to take, on
whole memory and on fragmented; and what is kept from load to load."""

import contextlib
import re

from machine import DEBUG, FULL, OFF, PATIENCE, PT, Setup, main, on
from fragment import fragmented, test_modules
from harness import equal, expect

# Transfers of a device that has not asked for the DMA API's own memory are bounced.
BOUNCED = Setup("bounced", append="swiotlb=force")
# Debian's kernels have no CMA.
CMA = (Setup("cma", append="cma=96M"),) if DEBUG else ()

WINDOWS = ((20, 31), (21, 16), (22, 8), (23, 4))
BLOCKS = ((20, 31), (21, 16), (22, 8), (20, 2))  # no piece over 4 MB
CYCLES = 20 if DEBUG else 200
RELOADS = 20  # of the real driver there are 200 elsewhere
PARAMETERS = "/sys/module/netra_memory/parameters"


class TestDriver:
    """netra_arena_test.ko bound to the board, see module/arena_test.c."""

    def __init__(self, m):
        self.m, self.module = m, test_modules(m) / "netra_arena_test.ko"

    def load(self):
        self.m.guest.run(f"insmod {self.module}")

    def unload(self):
        self.m.guest.run("rmmod netra_arena_test")

    def write(self, name, *words, check=True):
        words = " ".join(str(word) for word in words)
        return self.m.guest.run(f"/bin/echo {words} >{self.m.sysfs()}/{name}", check=check, timeout=120 * PATIENCE)

    def get(self, log2, count):
        """What the arena is, by name; empty if there was no memory."""
        failed = self.write("get", log2, count, check=False)
        if failed.returncode:
            expect("Cannot allocate memory" in failed.stderr, failed.stderr)
            return {}
        lines = self.m.guest.run(f"cat {self.m.sysfs()}/arena").stdout.splitlines()
        arena = dict(line.split(": ", 1) for line in lines)
        equal(int(arena["bytes"]), count << log2, "bytes")
        equal(arena["cache"], "write-back", "cache mode")
        return arena

    def put(self):
        self.write("put", 1)

    def kept_bytes(self):
        return int(self.m.guest.run(f"cat {PARAMETERS}/kept_bytes").stdout)


@contextlib.contextmanager
def bound(m):
    """The board is the test driver's instead of netra's; nothing is kept."""
    m.unload()
    m.guest.run(f"echo 1 >{PARAMETERS}/drop")
    driver = TestDriver(m)
    driver.load()
    try:
        yield driver
    finally:
        driver.unload()
        m.guest.run(f"echo 1 >{PARAMETERS}/drop; echo Y >{PARAMETERS}/keep")
        m.load()


@on(OFF, PT, FULL, BOUNCED, *CMA)
def every_window_size(m):
    """By the step that is meant for it, and checked page by page."""
    with bound(m) as driver:
        for log2, count in BLOCKS if m.setup is BOUNCED else WINDOWS:
            arena = driver.get(log2, count)
            if m.setup.iommu == "full":
                step = "IOMMU: scattered pages, contiguous bus addresses"
            elif m.setup is BOUNCED:
                step = f"DMA API (CMA): {'one piece, over-allocated and aligned' if count == 2 else 'a piece per window'}"
            elif log2 == 23:
                step = "page allocator: blocks that are neighbours"
            else:
                step = f"page allocator: {1 << log2 - 20} MB blocks"
            equal(arena.get("step"), step, f"step for {1 << log2 - 20} MB")
            driver.put()


@on(OFF, FULL, BOUNCED, *CMA)
def for_machines_without_coherent_caches(m):
    """The one step that there is for them, which this machine would not take."""
    with bound(m) as driver:
        for log2, count in BLOCKS:
            driver.write("uncached", log2, count)


@on(OFF, FULL)
def large_arenas(m):
    """As many windows as there are; a quarter of the guest's memory."""
    with bound(m) as driver:
        for log2 in (22, 23):
            arena = driver.get(log2, 31)
            expect(arena, f"no memory for 31 windows of {1 << log2 - 20} MB")
            driver.put()
            m.guest.run(f"echo 1 >{PARAMETERS}/drop")


@on(OFF, FULL)
def gets_and_puts(m):
    """Often, kept and not; no memory is lost."""
    def available_kb():
        m.guest.run("echo 3 >/proc/sys/vm/drop_caches")
        return int(re.search(r"MemAvailable: +(\d+)", m.guest.run("cat /proc/meminfo").stdout)[1])

    with bound(m) as driver:
        before = available_kb()
        driver.write("cycle", 22, 8, CYCLES)
        m.guest.run(f"echo N >{PARAMETERS}/keep")
        driver.write("cycle", 22, 8, CYCLES)
        equal(driver.kept_bytes(), 0, "bytes kept with keep=N")
        lost = before - available_kb()
        expect(lost < 16384, f"{lost} KB are lost")


@on(*CMA)
def cma_is_aligned(m):
    """Windows larger than CMA's own alignment, in one piece and in several."""
    with bound(m) as driver, fragmented(m):
        for log2, count in WINDOWS:
            equal(driver.get(log2, count).get("step"), "DMA API (CMA): one piece, over-allocated and aligned",
                  f"step for {1 << log2 - 20} MB")
            driver.put()
            equal(driver.kept_bytes(), 0, "bytes kept")


@on(OFF, FULL)
def reloads_on_fragmented_memory(m):
    """Each gets the windows that were kept."""
    with bound(m) as driver:
        driver.get(21, 16)
        with fragmented(m):
            driver.put()
            equal(driver.kept_bytes(), 32 << 20, "bytes kept")
            job = m.guest.run(f"""
                for i in $(seq {RELOADS}); do
                    rmmod netra_arena_test && insmod {driver.module} &&
                        echo 21 16 >{m.sysfs()}/get && cat {m.sysfs()}/arena || exit 1
                done""", timeout=120 * PATIENCE)
            equal(job.stdout.count("step: kept from the last load"), RELOADS, "loads with the memory of before")
            equal(driver.kept_bytes(), 0, "bytes kept while they are in use")


@on(OFF, PT, FULL)
def fragmented_from_the_start(m):
    """With an IOMMU that is no trouble; without, it is said."""
    with bound(m) as driver, fragmented(m):
        arena = driver.get(22, 16)
        if m.setup.iommu == "full":
            equal(arena.get("step"), "IOMMU: scattered pages, contiguous bus addresses", "step")
            expect(int(arena["runs"]) > 1000, f"pages are not scattered: {arena}")
        else:
            equal(arena, {}, "16 windows of 4 MB")
        if arena:
            driver.put()


@on(OFF)
def kept_memory_is_given_back(m):
    """By the parameter, by keep=N, and for another size."""
    with bound(m) as driver:
        for log2, count in ((21, 16), (20, 4)):
            expect(driver.get(log2, count)["kept"] == "0", "kept for another size")
            driver.put()
            equal(driver.kept_bytes(), count << log2, "bytes kept")
        m.guest.run(f"echo 0 >{PARAMETERS}/drop")
        equal(driver.kept_bytes(), 4 << 20, "bytes kept after drop=0")
        m.guest.run(f"echo 1 >{PARAMETERS}/drop")
        equal(driver.kept_bytes(), 0, "bytes kept after drop=1")
        driver.get(20, 4)
        driver.unload()
        equal(driver.kept_bytes(), 4 << 20, "bytes kept after the driver's end")
        driver.load()
        equal(driver.get(20, 4)["kept"], "1", "kept")


if __name__ == "__main__":
    main()
