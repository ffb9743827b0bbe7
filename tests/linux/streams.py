# SPDX-License-Identifier: BSD-2-Clause
"""Recordings of all channels of a guest's first board."""

import json

from machine import CHANNELS, DEBUG, PATIENCE, expect
from harness import NETRA, equal, wait_for


def record(m, store, seconds=0):
    """A Job that records all channels; until it is stopped if no @seconds are given.
    It waits for no disk of the host's: that may have enough to do."""
    duration = ["--duration", f"{seconds * PATIENCE}s"] if seconds else []
    return m.guest.start(NETRA, "record", "/dev/netra0", "--no-sync", "--store", store, "--json", *duration)


def await_streams(m, job, store):
    """Until every channel's file has grown."""
    folder = m.guest.folder / store
    wait_for(lambda: job.done.is_set() or sum(file.stat().st_size > 20000 for file in folder.glob("*/*.part")) == CHANNELS,
             40 * PATIENCE, "all channels to stream")
    expect(not job.done.is_set(), f"the recorder ended: {job.stderr}")


def await_attached(m):
    wait_for(lambda: m.guest.run(f"cat {m.sysfs()}/netra/state", check=False).stdout == "attached\n", 30 * PATIENCE,
             "the board to be attached")


def whole(job, seconds=60):
    report = json.loads(job.wait(seconds * PATIENCE).stdout)
    # The debug kernel may be too slow for all frames.
    equal((report["whole"], DEBUG or report["dropped"]), (CHANNELS, DEBUG or 0), "files that are whole, frames dropped")
    return report
