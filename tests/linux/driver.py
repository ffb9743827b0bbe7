#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Linux driver finds boards and lets go of them."""

from machine import CHANNELS, FULL, OFF, PT, expect, main, on


@on(OFF, PT, FULL)
def finds_the_board(m):
    m.wait_for_dmesg(rf"netra {m.address()}: .*{CHANNELS} channels")
    driver = m.guest.run("readlink", f"{m.sysfs()}/driver").stdout.strip()
    expect(driver.endswith("/netra"), f"its driver is {driver or 'none'}")


@on(OFF, PT, FULL)
def loads_again(m):
    for _ in range(3):
        m.reload()
    m.unload(memory=True)
    m.load()


@on(OFF, FULL)
def outlives_suspend(m):
    m.suspend()
    m.wait_for_dmesg("PM: suspend exit")


@on(OFF, FULL)
def finds_a_board_that_is_plugged_in(m):
    m.guest.unplug(0)
    m.dmesg_clean()
    m.guest.plug(0, m.boards[0].socket)
    finds_the_board(m)


if __name__ == "__main__":
    main()
