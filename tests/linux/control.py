#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""/dev/netraN: every verb of `netra` over the Linux driver, many programs on one
board, and what becomes of them when it goes away."""

import atexit
import json
import pathlib
import re
import shutil
import tempfile
import time

from machine import FULL, PATIENCE, ROOT, Setup, main, on
from compare import same_frames
from harness import BUILD, NETRA, Failure, Skip, equal, expect, recorded, run, wait_for

CHANNELS = 16
NODE = "/dev/netra0"
OTHER = "/dev/netra1"
FUZZ_S = 15
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"
FOLDER = tempfile.TemporaryDirectory(prefix="netra-control-")
atexit.register(FOLDER.cleanup)


def clip(name, picture, *words):
    path = pathlib.Path(FOLDER.name) / f"{name}.264"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=30,{picture}", "-t", 2,
        "-c:v", "libx264", "-preset", "veryfast", *words, "-f", "h264", path)
    return path


CLIPS = [clip(number, f"hue=h={90 * number}", "-bf", number) for number in range(4)]
NOISE = clip("noise", "noise=alls=40:allf=t", "-b:v", "4M")
# The first board plays each source once, as fast as it is read; the other one for
# ever, in real time, and fills a ring in a few seconds.
BOARDS = (("--channels", CHANNELS, "--pace", "free", "--loops", 1,
           *(word for path in CLIPS for word in ("--source", path))),
          ("--bars", "4K,8M,16M,16M", "--channels", 4, "--source", NOISE))
TWO = Setup("off, two boards", boards=BOARDS)
TRANSLATED = Setup("full, two boards", iommu="full", boards=BOARDS)


def ready(m, node=NODE):
    """The driver has booted it."""
    end = time.monotonic() + 60 * PATIENCE
    while True:
        entries = json.loads(m.guest.run(NETRA, "list", "--json").stdout)
        state = next((entry["state"] for entry in entries if entry["board"] == node), "not listed")
        if state == "attached":
            return
        if time.monotonic() > end:
            raise Failure(f"{node} is {state}")
        time.sleep(0.2)


def refused(m, words, *command):
    failed = m.guest.run(*command, check=False)
    equal(failed.returncode, 1, f"exit status of {failed.command}")
    expect(words in failed.stderr, f"{words!r} is not in: {failed.stderr}")


def states(m, node=OTHER):
    status = json.loads(m.guest.run(NETRA, "status", node, "--interval", 0, "--json").stdout)
    return [channel["state"] for channel in status["channels"]]


def start(m, name, *words):
    """A job whose process is to be stopped or killed by its name."""
    return m.guest.start(f"echo $$ >{name}.pid; exec", NETRA, *words)


def kill(m, name, signal):
    m.guest.run(f"kill -{signal} $(cat {name}.pid)")


def captures(m, name, channel, *words):
    job = start(m, name, "capture", OTHER, "--channel", channel, "--json", "-o", f"{name}.264", *words)
    part = m.guest.folder / f"{name}.264.part"
    wait_for(lambda: job.done.is_set() or (part.exists() and part.stat().st_size > 30000), 30 * PATIENCE,
             f"the capture {name}")
    return job


def finish(m, name, job):
    kill(m, name, "INT")
    return json.loads(job.wait().stdout)


@on(TWO, TRANSLATED)
def records_exactly(m):
    """Twice: the channels stop when the first recording ends, and start again."""
    ready(m)
    for store in ("first", "second"):
        result = m.guest.run(NETRA, "record", NODE, "--no-sync", "--json", "--strict", "--store", store,
                             timeout=120 * PATIENCE)
        equal(json.loads(result.stdout)["whole"], CHANNELS, "files that are whole")
        for channel in range(CHANNELS):
            same_frames(CLIPS[channel % len(CLIPS)], recorded(m.guest.folder / store, channel),
                        f"recording of channel {channel}")


@on(TWO)
def captures_exactly(m):
    m.guest.run(NETRA, "capture", NODE, "--channel", 6, "-o", "captured.264")
    expect((m.guest.folder / "captured.264").read_bytes() == CLIPS[6 % 4].read_bytes(),
           "the capture is not the source byte for byte")


@on(TWO)
def every_verb_works(m):
    ready(m, OTHER)
    status = m.guest.run(NETRA, "status", OTHER).stdout
    expect("attached" in status and "driver netra" in status, f"status: {status}")
    top = m.guest.run(NETRA, "top", OTHER, "-n", 2, "-i", "500ms").stdout
    expect("running" in top, f"top: {top}")
    dump = m.guest.run(NETRA, "dump", OTHER).stdout
    for section in ("[counters]", "[configuration]", "[sysfs]", "[registers]", "[rings]"):
        expect(section in dump, f"no {section} in the dump: {dump}")
    bench = json.loads(m.guest.run(NETRA, "bench", OTHER, "--seconds", 1, "--json").stdout)
    expect(bench, "the benchmark said nothing")


@on(TWO)
def boots_when_told(m):
    """A board that runs is left alone; by force it is reset, and an open reader sees a gap."""
    m.guest.run(NETRA, "boot", OTHER)
    job = captures(m, "gap", 1)
    m.guest.run(NETRA, "boot", OTHER, "--force", timeout=60 * PATIENCE)
    size = (m.guest.folder / "gap.264.part").stat().st_size
    wait_for(lambda: (m.guest.folder / "gap.264.part").stat().st_size > size + 30000, 20 * PATIENCE,
             "frames after the reboot")
    expect(finish(m, "gap", job)["dropped"] >= 1, "no gap shown")


@on(TWO)
def wishes_of_the_drivers_own_are_refused(m):
    refused(m, "peterson=1", NETRA, "capture", OTHER, "--channel", 0, "--sync", "peterson", "-n", 1, "-o", "none")
    refused(m, "window_mb=", NETRA, "capture", OTHER, "--channel", 0, "--window", "1M", "-n", 1, "-o", "none")
    refused(m, "ask for none", NETRA, "capture", OTHER, "--channel", 0, "--arena", "200M", "-n", 1, "-o", "none")
    refused(m, "own time-outs", NETRA, "boot", OTHER, "--boot-timeout", "9s")
    refused(m, "/lib/firmware/netra", NETRA, "boot", OTHER, "--force", "--firmware", "/tmp")


@on(TWO)
def a_stopped_reader_costs_no_other_a_frame(m):
    one, two = captures(m, "one", 2), captures(m, "two", 2)
    kill(m, "two", "STOP")
    time.sleep(8)
    equal(finish(m, "one", one)["dropped"], 0, "frames the running one lost")
    kill(m, "two", "CONT")
    time.sleep(1)
    report = finish(m, "two", two)
    expect(report["dropped"] > 0, f"the stopped one lost nothing: {report}")


@on(TWO)
def a_killed_reader_costs_no_other_a_frame(m):
    """Nor does the end of the one that started the channel; the last one's end stops it."""
    one, two = captures(m, "starter", 3), captures(m, "guest", 3)
    kill(m, "starter", "KILL")
    one.wait(check=False)
    time.sleep(2)
    report = finish(m, "guest", two)
    equal(report["dropped"], 0, "frames lost")
    expect(report["seconds"] > 1.5, f"it ended with the other: {report}")
    wait_for(lambda: states(m)[3] == "stopped", 10, "the channel to stop")


READY = """
import time
node = Node(%r)
idle, busy = node.reader(0), node.reader(1)
print(node.ready() == [], node.poll(0))
node.command(1, START)
while not node.ready():     # poll() may tell of an event before
    time.sleep(0.05)
print(node.poll(), node.ready() == [busy])
frames = 0
while frames < 10 and node.poll():
    frames += node.drain(busy)[0]
time.sleep(0.2)
node.command(1, STOP)
more = busy in node.ready()
while more:
    more = node.take(busy, 1)[1]
print(frames >= 10, node.drain(busy), node.ready())
"""


@on(TWO)
def one_call_tells_which_readers_have_frames(m):
    """Nobody else is named, and none of them that has taken the last."""
    ready(m, OTHER)
    said = m.python(READY % OTHER).wait().stdout
    equal(said.splitlines(), ["True 0", "1 True", "True (0, 'EAGAIN') []"], "what the program saw")


POSTED = """
import time
node = Node(%r)
reader = node.reader(1)
node.command(1, START)
for _ in range(3):
    node.command(1, KEY_FRAME, POST)
    time.sleep(0.1)
for opcode, flags in ((START, POST), (STOP, POST), (KEY_FRAME, 2)):
    try:
        node.command(1, opcode, flags)
        print("taken", opcode, flags)
    except OSError as why:
        print("ioctl", why.errno)
node.command(1, STOP)
"""


@on(TWO)
def commands_may_be_posted(m):
    """Without waiting for the answer; but for starts and stops, which are counted per program."""
    ready(m, OTHER)
    equal(m.python(POSTED % OTHER).wait().stdout, "ioctl 22\n" * 3, "what the program saw")


ENDED = """
node = Node(%r)
reader = node.reader(5)
node.command(5, START)
error = "EAGAIN"
while error == "EAGAIN" and node.poll():
    _, error = node.drain(reader)
print(error, node.ready() == [reader])
"""


@on(TWO)
def an_end_is_told_to_who_asks(m):
    equal(m.python(ENDED % NODE).wait().stdout, "ENODATA True\n", "what the program saw")


@on(TWO)
def an_ordinary_user_may_watch(m):
    """But neither boot nor start, and only if the node may be read."""
    mine = "/dev/shm/mine"
    m.guest.run(f"mkdir -p {mine} && cp {NETRA} {mine} && chmod -R a+rX {mine}")
    netra = f"{NOBODY} {mine}/netra"
    refused(m, "no permission", netra, "status", OTHER)
    m.guest.run("chmod 644", OTHER)
    m.guest.run(netra, "status", OTHER)
    refused(m, "only to watch", netra, "boot", OTHER, "--force")
    refused(m, "only to watch", netra, "capture", OTHER, "--channel", 0, "-o", "/dev/shm/none")
    job = captures(m, "master", 0)
    m.guest.run(netra, "capture", OTHER, "--channel", 0, "-n", 30, "-o", "/dev/shm/watched")
    finish(m, "master", job)
    m.guest.run("chmod 660", OTHER)


def fuzz(m, compiler, *words):
    if not shutil.which(compiler):
        raise Skip(f"no {compiler}")
    program = BUILD / "linux" / f"fuzz-{compiler}"
    run(compiler, "-O1", "-static", "-pthread", "-D_FILE_OFFSET_BITS=64", "-Wall", "-Wextra", "-Werror",
        "-I", ROOT, *sorted((ROOT / "fuzz").glob("linux_ioctl*.c")), "-o", program)
    said = m.guest.run(program, OTHER, FUZZ_S, *words, timeout=60 + FUZZ_S * PATIENCE).stdout
    worked = re.search(r"(\d+) worked", said)
    expect(worked and int(worked[1]) > 100, f"hardly a call worked: {said}")
    print(f"        {said.strip()}", flush=True)
    ready(m, OTHER)
    finish(m, "after", captures(m, "after", 0))


@on(TWO)
def survives_nonsense(m):
    fuzz(m, "gcc", 1)


@on(TWO)
def survives_nonsense_of_32_bits_while_it_boots(m):
    fuzz(m, "i686-linux-gnu-gcc", 2, "boot")


HOLDER = """
import select
node = Node(%r)
view = node.map(1 << 20)
print(sum(view[::4096]), flush=True)
print("revents", node.poll(events=0) & select.POLLHUP, flush=True)
try:
    node.status()
except OSError as why:
    print("ioctl", why.errno, flush=True)
print("byte", view[5000], flush=True)
try:
    node.map(4096)
except OSError as why:
    print("mmap", why.errno, flush=True)
"""


def goes_away(m, take):
    """What programs see of it, whatever they are at."""
    ready(m, OTHER)
    holder = m.python(HOLDER % OTHER)
    wait_for(lambda: holder.stdout, 30 * PATIENCE, "a program that maps the board")
    store = m.guest.folder / f"left-{take.__name__}"
    record = m.guest.start(NETRA, "record", OTHER, "--no-sync", "--json", "--store", store.name)
    wait_for(lambda: record.done.is_set() or len(list(store.glob("*/*.part"))) == 4, 30 * PATIENCE, "a recording")
    capture = captures(m, store.name, 0)
    take()
    for job in (record, capture):
        job.wait(30 * PATIENCE, check=False)
        equal(job.returncode, 1, f"exit status of {job.command}")
        expect("gone" in job.stderr, f"no word of it: {job.stderr}")
    return holder


@on(TWO, TRANSLATED)
def is_unplugged_while_in_use(m):
    def unplugged():
        m.guest.unplug(1)

    holder = goes_away(m, unplugged)
    holder.wait(30 * PATIENCE)
    equal(holder.stdout.splitlines()[1:], ["revents 16", "ioctl 19", "byte 0", "mmap 19"], "what it saw")
    refused(m, "no such board", NETRA, "status", OTHER)
    m.guest.plug(1, m.boards[1].socket)
    ready(m, OTHER)
    finish(m, "again", captures(m, "again", 0))


@on(TWO)
def its_driver_is_unbound_while_in_use(m):
    address = m.address(1)

    def unbound():
        m.guest.run(f"echo {address} >/sys/bus/pci/drivers/netra/unbind")

    goes_away(m, unbound).wait(30 * PATIENCE)
    m.guest.run(f"echo {address} >/sys/bus/pci/drivers/netra/bind")
    ready(m, OTHER)


@on(TWO, TRANSLATED)
def its_process_is_killed_while_in_use(m):
    def killed():
        m.boards[1].process.kill()

    holder = goes_away(m, killed)
    m.guest.unplug(1)
    holder.wait(30 * PATIENCE)


if __name__ == "__main__":
    main()
