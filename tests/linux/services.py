#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `meson install` and scripts/install-driver put on a machine, under systemd
and udev there: a recorder and a server in their sandboxes, on one board."""

import dataclasses
import json
import re

from machine import BUILD, OFF, ROOT, expect, main, on, run
from harness import Failure, equal, wait_for

UNITS = dataclasses.replace(OFF, name="systemd", boards=(("--size", "352x240", "--channels", 4),), systemd=True)
STORE = "/var/lib/netra/record"
ANNA = "rtsp://anna:secret@localhost:8554/ch/1"


def systemctl(m, *words, **keywords):
    return m.guest.run("systemctl", *words, **keywords)


def shown(m, unit, *names):
    """Properties of a unit."""
    said = systemctl(m, "show", *[f"-p {name}" for name in names], unit).stdout
    values = dict(line.split("=", 1) for line in said.splitlines())
    return values[names[0]] if len(names) == 1 else [values[name] for name in names]


def wait_for_state(m, unit, state):
    try:
        wait_for(lambda: shown(m, unit, "ActiveState") == state, 60, f"{unit} to be {state}")
    except Failure as why:
        raise Failure(f"{why}\n{systemctl(m, 'status -l', unit, check=False).stdout}") from why


def seconds_recorded(m):
    """Of the channel that has the least."""
    said = m.guest.run("netra store --store", STORE, "--json", check=False).stdout
    channels = json.loads(said)["channels"] if said else []
    return min((entry["seconds"] for entry in channels), default=0) if len(channels) == 4 else 0


def pulled(m, url):
    """What ffmpeg says when it takes 20 frames from there: nothing, if all is well."""
    return m.guest.run("ffmpeg -v error -nostdin -rtsp_transport tcp -i", url, "-c copy -frames:v 20 -f null -",
                       check=False).stderr


@on(UNITS)
def installed(m):
    """Files of both in their places; systemd-sysusers makes the user, udev the device's group."""
    stage = m.guest.folder / "stage"
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--strip", "--destdir", stage, timeout=120)
    run(ROOT / "scripts" / "install-driver", "--root", stage)
    m.guest.run(f"cp -a {stage}/. / && systemd-sysusers && systemctl daemon-reload && "
                "ip link set lo up && udevadm control --reload && udevadm trigger --settle -s netra_control")
    equal(m.guest.run("stat -c '%U %G %a' /dev/netra0").stdout.strip(), "root video 660", "/dev/netra0")
    m.guest.run("mkdir -p /etc/netra && chmod 755 /etc/netra && cd /etc/netra &&"
                f"printf 'board = /dev/netra0\\nstore = {STORE}\\nquiet = yes\\n' >record.conf &&"
                "printf 'board = /dev/netra0\\nusers = /etc/netra/users\\n' >serve.conf &&"
                "echo secret | netra user --users users --add anna && chgrp netra users && chmod 640 users")


@on(UNITS)
def records_in_its_sandbox(m):
    """netra-record: no privileges, no network, no devices but boards; again after it was killed."""
    systemctl(m, "start netra-record")
    wait_for(lambda: seconds_recorded(m) > 3, 60, "a recording")
    process = shown(m, "netra-record", "MainPID")
    status = m.guest.run(f"cat /proc/{process}/status").stdout
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000"):
        expect(line in status, f"no '{line}' in:\n{status}")
    expect(not re.search(r"^Uid:.*\b0\b", status, re.M), f"it is root:\n{status}")
    links = m.guest.run(f"nsenter -n -t {process} ip -o link").stdout.splitlines()
    equal([line.split(": ")[1] for line in links], ["lo"], "its network")
    m.guest.run(f"kill -KILL {process}")
    wait_for(lambda: shown(m, "netra-record", "NRestarts") == "1", 60, "another start")
    wait_for_state(m, "netra-record", "active")
    before = seconds_recorded(m)
    wait_for(lambda: seconds_recorded(m) > before + 3, 60, "the recording to go on")


@on(UNITS)
def the_socket_starts_the_server(m):
    """netra-serve: by its first client, ready when it serves, and while another records."""
    systemctl(m, "start netra-serve.socket")
    equal(shown(m, "netra-serve", "ActiveState"), "inactive", "before there is a client")
    equal(pulled(m, ANNA), "", "what ffmpeg said")
    equal(shown(m, "netra-serve", "ActiveState", "StatusText", "NRestarts")[::2], ["active", "0"], "then")
    expect("401" in pulled(m, ANNA.replace("secret", "wrong")), "a wrong password got a stream")


@on(UNITS)
def reloads_its_users(m):
    """systemctl reload: the same process knows who has come, and who has gone."""
    process = shown(m, "netra-serve", "MainPID")
    m.guest.run("cd /etc/netra; echo secret | netra user --users users --add bert; netra user --users users --remove anna;"
                "chgrp netra users; chmod 640 users")
    equal(pulled(m, ANNA), "", "what ffmpeg said before the reload")
    systemctl(m, "reload netra-serve")
    wait_for(lambda: not pulled(m, ANNA.replace("anna", "bert")), 60, "the new user to be known")
    expect("401" in pulled(m, ANNA), "who was removed got a stream")
    equal(shown(m, "netra-serve", "MainPID"), process, "its process")


@on(UNITS)
def the_watchdog_bites(m):
    """A server that stands still is ended and started again, and keeps its port."""
    m.guest.run("mkdir -p /run/systemd/system/netra-serve.service.d;"
                "printf '[Service]\\nWatchdogSec=3s\\n' >/run/systemd/system/netra-serve.service.d/test.conf")
    systemctl(m, "daemon-reload")
    systemctl(m, "restart netra-serve")
    process = shown(m, "netra-serve", "MainPID")
    m.guest.run("sleep 7")
    equal(shown(m, "netra-serve", "MainPID"), process, "a server that runs was ended: its process")
    m.guest.run(f"kill -STOP {process}")
    wait_for(lambda: shown(m, "netra-serve", "NRestarts") == "1", 60, "the watchdog")
    wait_for_state(m, "netra-serve", "active")
    equal(pulled(m, ANNA.replace("anna", "bert")), "", "what ffmpeg said to the next")


@on(UNITS)
def stops_and_loses_nothing(m):
    """Both end in good order; what was recorded is whole."""
    systemctl(m, "stop netra-serve.socket netra-serve netra-record", timeout=120)
    for unit in ("netra-serve", "netra-record"):
        equal(shown(m, unit, "ActiveState", "Result"), ["inactive", "success"], unit)
    said = m.guest.run("netra verify --store", STORE, "--json", check=False, timeout=120)
    equal(said.returncode, 0, f"exit status of netra verify; it said:\n{said.stdout}{said.stderr}\nwhich is")


if __name__ == "__main__":
    main()
