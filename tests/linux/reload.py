#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reloads of the Linux driver, RELOADS of them, while no free memory is in one
piece: the board is attached after each, and streams in the end."""

import collections
import json
import os
import time

from machine import CHANNELS, FULL, OFF, PATIENCE, main, on
from fragment import fragmented
from harness import equal
from streams import await_attached, record

RELOADS = int(os.environ.get("RELOADS", "20"))
KEEP = "/sys/module/netra_memory/parameters/keep"


def reloads(m):
    """How often the windows had which memory; each load is of a driver that was
    gone, and ends with the board attached."""
    begin = time.monotonic()
    job = m.guest.run(f"""
        folder={m.sysfs()}/netra
        for load in $(seq {RELOADS}); do
            rmmod netra && [ ! -e $folder ] && insmod {m.modules}/netra.ko {m.setup.parameters} || exit 1
            looks=0
            while read -r state <$folder/state; [ "$state" != attached ]; do
                looks=$((looks + 1))
                if [ $looks -gt 400 ]; then
                    echo "load $load: $state: $(cat $folder/error)" >&2
                    exit 1
                fi
                sleep 0.05
            done
            read -r memory <$folder/memory && echo "$memory" || exit 1
        done""", timeout=60 + 5 * RELOADS * PATIENCE)
    tally = collections.Counter(job.stdout.splitlines())
    seconds = time.monotonic() - begin
    for memory, times in tally.items():
        print(f"        {times} of {RELOADS} loads: {memory}")
    print(f"        {seconds:.1f} s, {seconds / RELOADS:.2f} s each")
    steps = collections.Counter()
    for memory, times in tally.items():
        steps[memory.split(": ", 1)[1]] += times
    return dict(steps)


def streams(m, store):
    """Into memory: the way to the host's files wants large pieces, too. How fast is asked elsewhere."""
    report = json.loads(record(m, f"/dev/shm/{store}", 4).wait(60 * PATIENCE).stdout)
    equal(report["whole"], CHANNELS, "files that are whole")


@on(OFF)
def kept_memory_on_fragmented(m):
    await_attached(m)
    with fragmented(m):
        equal(reloads(m), {"kept from the last load": RELOADS}, "steps that won")
        streams(m, "kept")


@on(FULL)
def nothing_kept_on_fragmented(m):
    """The IOMMU makes windows of what there is."""
    await_attached(m)
    m.guest.run(f"echo N >{KEEP}")
    try:
        with fragmented(m):
            equal(reloads(m), {"IOMMU: scattered pages, contiguous bus addresses": RELOADS}, "steps that won")
            streams(m, "scattered")
    finally:
        m.guest.run(f"echo Y >{KEEP}")


if __name__ == "__main__":
    main()
