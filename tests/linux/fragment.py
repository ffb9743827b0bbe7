# SPDX-License-Identifier: BSD-2-Clause
"""Memory of a guest in pieces too small for any window, and the modules that
only tests have."""

import contextlib
import time

from machine import PATIENCE
from harness import expect

WINDOW_ORDER = 8  # 1 MB, the smallest


def test_modules(m):
    """Folder with the modules of tests/linux/module, for the guest's kernel."""
    return m.modules.parent.parent / "tests" / "linux" / "module"


def free_in_one_piece(m):
    """(Bytes free in pieces that could be windows, bytes free); CMA's, which
    nothing but movable memory may take, are not counted."""
    windows = free = 0
    for line in m.guest.run("cat /proc/pagetypeinfo").stdout.splitlines():
        words = line.split()
        if not line.startswith("Node") or len(words) < 17 or words[5] in ("CMA", "Isolate"):
            continue
        for order, blocks in enumerate(words[6:]):
            size = int(blocks.lstrip(">")) << order + 12
            free += size
            windows += size if order >= WINDOW_ORDER else 0
    return windows, free


@contextlib.contextmanager
def fragmented(m):
    """Until its end no free memory of the guest is in one piece, but for 2 %."""
    module = test_modules(m) / "netra_fragment.ko"
    m.guest.run(f"echo 3 >/proc/sys/vm/drop_caches; insmod {module}", timeout=120 * PATIENCE)
    try:
        # Whatever is freed meanwhile, and later than that, is in one piece at first.
        for _ in range(20):
            m.guest.run("echo 1 >/sys/module/netra_fragment/parameters/again")
            windows, free = free_in_one_piece(m)
            if windows < free / 50:
                break
            time.sleep(0.25)
        expect(free > 64 << 20, f"only {free} bytes are free")
        expect(windows < free / 50, f"{windows} of {free} bytes are free in one piece")
        yield
    finally:
        m.guest.run("rmmod netra_fragment")
