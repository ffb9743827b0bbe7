#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The V4L2 nodes of the Linux driver: v4l2-compliance on all of them, and that
settings, events and losses are what the board's are."""

import dataclasses
import re
import time

from machine import CHANNELS, DEBUG, OFF, PATIENCE, expect, fetch, main, on, run
from harness import NETRA, equal, wait_for

# More keep two processors too busy to keep up; the first node is not among the last.
AT_ONCE = min(4, CHANNELS // 2)
SMALL = ("--size", "352x240")
CAMERAS = dataclasses.replace(OFF, name="cameras", boards=(
    (*SMALL, "--channels", CHANNELS, "--fault", "signal-lost:ch=3,after=60,for=150"),))
# As fast as it is taken: who pauses loses frames at once.
FLOOD = dataclasses.replace(OFF, name="flood", boards=((*SMALL, "--channels", 2, "--pace", "free"),))


def tool(name):
    return fetch("v4l2-utils") / name


def control(m, channel, *words, **keywords):
    return m.guest.run(tool("v4l2-ctl"), "-d", f"/dev/video{channel}", *words, **keywords)


def stream(m, channel, count, *words):
    """A Job that dequeues buffers and says what each is."""
    return m.guest.start(tool("v4l2-ctl"), "-d", f"/dev/video{channel}", "--verbose --stream-mmap --stream-poll",
                         f"--stream-count={count}", *words)


def buffers(job):
    """Of what stream() said: a (sequence, bytes, time, flags) for each buffer."""
    found = re.findall(r"dqbuf:.*seq: *(\d+) bytesused: (\d+) ts: ([\d.]+).*\((.*)\)", job.stdout + job.stderr)
    return [(int(sequence), int(used), float(at), flags) for sequence, used, at, flags in found]


def keys(job):
    """Which of the buffers hold key frames. One that ends a loss is not counted: the board makes it by itself."""
    found = buffers(job)
    return [place for place, (sequence, _, _, flags) in enumerate(found) if "keyframe" in flags and
            (place == 0 or sequence == found[place - 1][0] + 1)]


def have_nodes(m, count=CHANNELS):
    wait_for(lambda: len(m.guest.run("ls -d /dev/video*", check=False).stdout.split()) == count, 30 * PATIENCE,
             "the nodes")


@on(CAMERAS)
def a_node_for_each_channel(m):
    """Named after board and channel, at the board's place on the bus."""
    have_nodes(m)
    for channel in (0, CHANNELS - 1):
        said = control(m, channel, "-D").stdout
        expect(re.search(rf"Card type +: netra0 ch{channel}\n", said), f"card: {said}")
        expect(re.search(rf"Bus info +: PCI:{m.address()}\n", said), f"bus: {said}")


@on(CAMERAS)
def a_lost_signal_is_an_event(m):
    """… and the input's status, until it is found again."""
    have_nodes(m)
    expect("(Camera 3: ok)" in control(m, 3, "-I").stdout, "the input before has no signal")
    job = m.guest.start(tool("v4l2-ctl"), "-d /dev/video3 --wait-for-event=source_change=0")
    # It is not told before it has opened the node.
    time.sleep(3 * PATIENCE)
    frames = m.guest.start("timeout", 30 * PATIENCE, "cat /dev/video3 >/dev/null")
    job.wait(30 * PATIENCE)
    expect("source_change" in job.stdout, f"event: {job.stdout}")
    expect("(Camera 3: no signal)" in control(m, 3, "-I").stdout, "the input still has a signal")
    wait_for(lambda: "(Camera 3: ok)" in control(m, 3, "-I").stdout, 30 * PATIENCE, "the signal")
    m.guest.run("kill $(pidof cat)")
    frames.wait(check=False)


@on(CAMERAS)
def compliance(m):
    """All nodes, some at once; the last with buffers that another exports."""
    have_nodes(m)
    words = [f"-d /dev/video{channel}" for channel in range(CHANNELS)]
    words[-1] += " -e /dev/video0"
    jobs = []
    for first in range(0, CHANNELS, AT_ONCE):
        jobs += [m.guest.start(tool("v4l2-compliance"), f"-s10 {word} 2>&1 | tr '\\r' '\\n'")
                 for word in words[first:first + AT_ONCE]]
        for job in jobs[first:]:
            job.wait(120 * PATIENCE, check=False)
    for job in jobs:
        said = job.stdout
        complaints = "\n".join(line for line in said.splitlines() if "fail" in line or "warn" in line)
        total = re.search(r"Succeeded: (\d+), Failed: (\d+), Warnings: (\d+)", said)
        expect(total and int(total[1]) > 50, f"no account of {job.command}:\n{said[-2000:]}")
        # On a slow machine a frame waits for the buffer, and fills it at once.
        filled = said.count("QBUF returned the buffer as DONE")
        # … and is there for one of two reads that do not wait, and not for the other.
        raced = said.count("ret2 != ret || err2 != err") if DEBUG else 0
        equal((int(total[2]) - raced, int(total[3]) - filled), (0, 0),
              f"failures, warnings of {job.command}; it said:\n{complaints}\n")
    expect("DMABUF (select): OK" in jobs[-1].stdout, "buffers of another node were not tried")


@on(CAMERAS)
def time_stamps_are_regular(m):
    """Those of the board's clock, whenever the frames were copied."""
    have_nodes(m)
    job = stream(m, 0, 60).wait(60 * PATIENCE)
    now = float(m.guest.run("cut -d' ' -f1 /proc/uptime").stdout)
    times = [at for _, _, at, _ in buffers(job)]
    equal(len(times), 60, "buffers")
    equal([sequence for sequence, _, _, _ in buffers(job)], list(range(60)), "sequence")
    expect(now - 60 * PATIENCE < times[0] and times[-1] < now, f"from {times[0]} to {times[-1]}, now it is {now}")
    middle = sorted(b - a for a, b in zip(times, times[1:]))[29]
    expect(0.032 < middle < 0.035, f"frames are {middle} s apart")


@on(CAMERAS)
def frames_are_traced(m):
    """Those of a node, and those that a reader takes."""
    have_nodes(m)
    traces = "/sys/kernel/tracing"
    m.guest.run(f"echo >{traces}/trace; echo 1 >{traces}/events/netra/netra_frame/enable")
    stream(m, 0, 10).wait(60 * PATIENCE)
    m.guest.run(NETRA, "capture /dev/netra0 --channel 1 -n 10 -o traced.264")
    said = m.guest.run(f"echo 0 >{traces}/events/netra/netra_frame/enable; cat {traces}/trace").stdout
    for channel in (0, 1):
        found = re.findall(rf"netra_frame: netra0 channel={channel} sequence=(\d+) length=[1-9]", said)
        expect(len(found) >= 10, f"channel {channel}: {len(found)} frames in the trace:\n{said[-1000:]}")


@on(CAMERAS)
def controls_reach_the_board(m):
    """GOP length, key frames on request, bit rate."""
    have_nodes(m)
    control(m, 1, "-c video_gop_size=10")
    job = stream(m, 1, 40).wait(60 * PATIENCE)
    equal(keys(job), [0, 10, 20, 30], "places of key frames")
    control(m, 1, "-c video_gop_size=3600")
    job = stream(m, 1, 150 * PATIENCE)
    wait_for(lambda: len(buffers(job)) > 30, 60 * PATIENCE, "frames")
    control(m, 1, "-c force_key_frame=1")
    # A node asks for one when it starts: on a slow machine after the board has begun with one by itself.
    places = keys(job.wait(60 * PATIENCE))
    equal((places[0], sum(place > 30 for place in places)), (0, 1), f"first key frame, and how many forced, of {places}")
    before = sum(used for _, used, _, _ in buffers(job)[-60:])
    control(m, 1, "-c video_bitrate=64000")
    job = stream(m, 1, 150).wait(60 * PATIENCE)
    after = sum(used for _, used, _, _ in buffers(job)[-60:])
    expect(after * 2 < before, f"{before} bytes before, {after} at the lower rate")
    control(m, 1, "-c video_gop_size=30,video_bitrate=2000000")
    said = control(m, 1, "-C h264_profile,h264_level").stdout
    expect("Constrained Baseline" in said, f"profile: {said}")


def probed(m, name):
    """Size and rate that are in a stream."""
    path = m.guest.folder / name
    said = run("ffprobe", "-v", "error", "-show_entries", "stream=width,height,r_frame_rate", "-of", "csv=p=0", path)
    return said.stdout.strip()


@on(CAMERAS)
def formats_reach_the_board(m):
    """Standards, sizes and frame intervals; nobody is told of his own changes."""
    have_nodes(m)
    watch = m.guest.start("echo $$ >watch.pid; exec", tool("v4l2-ctl"), "-d /dev/video2 --wait-for-event=source_change=0")
    time.sleep(3 * PATIENCE)
    control(m, 2, "-v width=352,height=240")
    control(m, 2, "-s pal")
    stream(m, 2, 30, "--stream-skip=5 --stream-to=pal.264").wait(60 * PATIENCE)
    equal(probed(m, "pal.264"), "352,288,25/1", "PAL")
    control(m, 2, "-v width=700,height=500")
    stream(m, 2, 30, "--stream-skip=5 --stream-to=large.264").wait(60 * PATIENCE)
    equal(probed(m, "large.264"), "704,576,25/1", "the largest")
    control(m, 2, "-p 10")
    job = stream(m, 2, 20, "--stream-skip=5").wait(60 * PATIENCE)
    times = [at for _, _, at, _ in buffers(job)]
    expect(1.8 < times[-1] - times[-20] < 2, f"19 frames at 10 a second: {times}")
    control(m, 2, "-s ntsc")
    said = control(m, 2, "-V -P").stdout
    expect("704/480" in said and "29.970" in said, f"NTSC: {said}")
    m.guest.run("kill $(cat watch.pid)")
    watch.wait(check=False)
    expect(not watch.stdout, f"an event of one's own change: {watch.stdout}")


@on(CAMERAS)
def read_gives_the_stream(m):
    """read() begins with parameter sets and a key frame, on two nodes at once."""
    have_nodes(m)
    both = (0, CHANNELS - 1)
    jobs = [m.guest.start(f"head -c 100000 /dev/video{channel} >read{channel}.264") for channel in both]
    for channel, job in zip(both, jobs):
        job.wait(60 * PATIENCE)
        found = probed(m, f"read{channel}.264")
        expect(found.endswith(",30/1"), f"channel {channel}: {found}")
        types = re.findall(rb"\x00\x00\x01(.)", (m.guest.folder / f"read{channel}.264").read_bytes(), re.DOTALL)
        kinds = [kind[0] & 31 for kind in types[:4] if kind[0] & 31 != 6]
        equal(kinds[:3], [7, 8, 5], "the first NAL units")


JOINED = """
import os, time
node = Node("/dev/netra0")
reader = node.reader(0)
print("open", flush=True)
while not os.path.exists("stopped"):
    time.sleep(0.1)
node.drain(reader)
frames, end = 0, time.monotonic() + 3
while time.monotonic() < end and node.poll(1):
    frames += node.drain(reader)[0]
print(frames)
"""


@on(CAMERAS)
def a_reader_goes_on_when_the_node_stops(m):
    """One of /dev/netraN, opened before the node started the channel."""
    have_nodes(m)
    job = m.python(JOINED)
    wait_for(lambda: job.stdout, 30 * PATIENCE, "a reader")
    stream(m, 0, 20).wait(60 * PATIENCE)
    (m.guest.folder / "stopped").touch()
    frames = int(job.wait().stdout.split()[1])
    expect(frames > 20, f"{frames} frames after the node stopped")


SCRIBBLER = """
import fcntl, struct
fd = os.open("/dev/video0", os.O_RDWR)
def call(number, data, direction=3):
    data = bytearray(data)
    fcntl.ioctl(fd, direction << 30 | len(data) << 16 | ord("V") << 8 | number, data)
    return data
def buffer(number, index=0):
    return call(number, struct.pack("<II52xI24x", index, 1, 1))
call(8, struct.pack("<III8x", 4, 1, 1))
maps = []
for index in range(4):
    found = buffer(9, index)
    (offset,), (length,) = struct.unpack_from("<I", found, 64), struct.unpack_from("<I", found, 72)
    maps.append(mmap.mmap(fd, length, offset=offset))
    buffer(15, index)
# An SPS of the extended profile, and a slice.
fake = bytes((0, 0, 0, 1, 0x67, 88, 0, 51, 0x80, 0, 0, 1, 0x41, 0x80))
child = os.fork()
while not child:
    for map in maps:
        map[:len(fake)] = fake
call(18, struct.pack("<I", 1), 1)
profiles = set()
for _ in range(200):
    buffer(15, struct.unpack_from("<I", buffer(17))[0])
    profiles.add(struct.unpack_from("<I", call(27, struct.pack("<II", 0x990900 + 363, 0)), 4)[0])
os.kill(child, 9)
print(sorted(profiles))
"""


@on(CAMERAS)
def programs_cannot_change_what_is_known(m):
    """One writes parameter sets into buffers while the driver fills them: the node's profile stays that of its stream."""
    have_nodes(m)
    equal(m.python(SCRIBBLER).wait(60 * PATIENCE).stdout, "[1]\n", "profiles of the stream")


@on(FLOOD)
def a_pause_shows_in_the_sequence(m):
    """Who does not read loses frames, counted, up to a key frame; another does not."""
    have_nodes(m, 2)
    slow = stream(m, 0, 200, "--stream-sleep count=50,sleep=3000,mode=0")
    slow.wait(120 * PATIENCE)
    found = buffers(slow)
    gaps = [place for place in range(1, len(found)) if found[place][0] != found[place - 1][0] + 1]
    expect(gaps, f"no gap: {[sequence for sequence, _, _, _ in found]}")
    for place in gaps:
        expect("keyframe" in found[place][3], f"no key frame after the gap before buffer {place}")
    said = control(m, 0, "--log-status").stdout
    expect("0 faults" in said, f"log: {said}")


@on(CAMERAS)
def the_driver_is_unbound(m):
    """Programs that stream end, open files are harmless, and nodes come back."""
    have_nodes(m)
    jobs = [stream(m, channel, 10000) for channel in range(3)]
    jobs.append(m.guest.start("cat /dev/video3 >/dev/null"))
    held = m.guest.start(f"sleep 8 </dev/video{CHANNELS - 1}")
    wait_for(lambda: all(len(buffers(job)) > 10 for job in jobs[:3]), 60 * PATIENCE, "frames")
    m.guest.run(f"echo {m.address()} >/sys/bus/pci/drivers/netra/unbind", timeout=30 * PATIENCE)
    for job in jobs:
        job.wait(30 * PATIENCE, check=False)
    expect("No such device" in jobs[-1].stderr, f"what cat had to say: {jobs[-1].stderr}")
    equal(m.guest.run("ls -d /dev/video*", check=False).stdout, "", "nodes that are left")
    m.guest.run(f"echo {m.address()} >/sys/bus/pci/drivers/netra/bind", timeout=30 * PATIENCE)
    have_nodes(m)
    held.wait(30 * PATIENCE, check=False)
    equal(len(buffers(stream(m, 0, 20).wait(60 * PATIENCE))), 20, "buffers afterwards")


if __name__ == "__main__":
    main()
