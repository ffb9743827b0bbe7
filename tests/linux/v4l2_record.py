#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs record real footage from the V4L2 nodes of the Linux driver, and what
they have is what the board's sources were."""

import dataclasses
import json
import pathlib
import tempfile

from machine import CHANNELS, OFF, PATIENCE, fetch, main, on, run
from compare import same_frames
from harness import NETRA, VIDEO, Skip, equal, expect, frame_hashes, nal_units, recorded, wait_for

# They begin with a key frame, and last 12 s at most.
FOOTAGE = ("BA_MW_D.264", "MIDR_MW_D.264", "MPS_MW_A.264", "NL1_Sony_D.jsv", "test_cif_P_CABAC_slice.264",
           "VID_1280x720_cabac_temporal_direct.264", "CVFC1_Sony_C.jsv", "BA1_FT_C.264")
HAVE = [VIDEO / name for name in FOOTAGE if (VIDEO / name).exists()][:CHANNELS]

_folder = tempfile.TemporaryDirectory(prefix="netra-v4l2-")
CLIP = pathlib.Path(_folder.name) / "clip.264"
LONG = pathlib.Path(_folder.name) / "long.264"


def from_files(name, files):
    words = [word for file in files for word in ("--source", str(file))]
    return dataclasses.replace(OFF, name=name, boards=(("--channels", len(files), "--loops", 1, *words),))


def write_clip(path, seconds, *words):
    """A key frame every 10 frames, parameter sets with the first only."""
    whole = path.with_suffix(".whole")
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-t", seconds, "-c:v", "libx264",
        "-preset", "veryfast", "-g", 10, "-bf", 2, *words, "-f", "h264", whole)
    seen = set()
    with open(path, "wb") as file:
        for unit in nal_units(whole.read_bytes()):
            kind = unit[0] & 31
            if kind not in (7, 8) or kind not in seen:
                file.write(b"\0\0\0\1" + unit)
            seen.add(kind)


write_clip(CLIP, 3)
write_clip(LONG, 60, "-x264-params", "aud=1")
REAL = from_files("footage", HAVE or [CLIP])
SPARSE = from_files("sparse", [CLIP, LONG])


def have_nodes(m):
    wait_for(lambda: not m.guest.run("[ -e /dev/video0 ]", check=False).returncode, 30 * PATIENCE, "the nodes")


def recorded_by(m, start):
    """Each channel's recording by start(channel, name), all at once, is its source."""
    if not HAVE:
        raise Skip(f"none of the videos at {VIDEO}")
    have_nodes(m)
    names = [f"recorded{channel}.264" for channel in range(len(HAVE))]
    jobs = [start(channel, name) for channel, name in enumerate(names)]
    for job in jobs:
        job.wait(120 * PATIENCE)
    for source, name in zip(HAVE, names):
        same_frames(source, m.guest.folder / name, "recording")


@on(REAL)
def ffmpeg_records(m):
    recorded_by(m, lambda channel, name: m.guest.start(
        f"ffmpeg -v error -f v4l2 -i /dev/video{channel} -c copy -y", name))


@on(REAL)
def gstreamer_records(m):
    """By buffers that the nodes export; it takes the end for an error, so it is told where that is."""
    def count(path):
        said = run("ffprobe", "-v", "error", "-count_packets", "-select_streams", "v:0", "-show_entries",
                   "stream=nb_read_packets", "-of", "csv=p=0", path)
        return int(said.stdout)

    recorded_by(m, lambda channel, name: m.gst(
        f"v4l2src device=/dev/video{channel} io-mode=dmabuf num-buffers={count(HAVE[channel])} !",
        "h264parse ! filesink", f"location={name}"))


@on(REAL)
def read_records(m):
    """… to the end of the stream, which is the end of the file."""
    recorded_by(m, lambda channel, name: m.guest.start(f"cat /dev/video{channel} >{name}"))


@on(SPARSE)
def key_frames_get_their_parameter_sets(m):
    """Each one has SPS and PPS, though the source had them only once."""
    have_nodes(m)
    m.guest.run("cat /dev/video0 >joined.264")
    same_frames(CLIP, m.guest.folder / "joined.264", "recording")
    kinds = [unit[0] & 31 for unit in nal_units((m.guest.folder / "joined.264").read_bytes())]
    sets = []
    keys = 0
    for kind in kinds:
        if kind == 5 and sets != ["done"]:
            equal(sorted(sets), [7, 8], f"parameter sets before key frame {keys}")
            keys += 1
            sets = ["done"]
        elif kind in (7, 8):
            sets = [kind] if sets == ["done"] else sets + [kind]
        elif kind == 1:
            sets = []
    equal(keys, 9, "key frames")
    said = m.guest.run(fetch("v4l2-utils") / "v4l2-ctl", "-d /dev/video0 --log-status").stdout
    expect("8 key frames got parameter sets" in said, f"log: {said}")


def is_complete(path, count):
    """It begins with delimiter, parameter sets and a key frame, and all of it can be decoded."""
    kinds = [unit[0] & 31 for unit in nal_units(path.read_bytes()[:20000])]
    equal([kind for kind in kinds[:6] if kind != 6][:4], [9, 7, 8, 5], f"the first NAL units of {path.name}")
    expect(len(frame_hashes(path)) >= count, f"{path.name} cannot be decoded")


@on(SPARSE)
def who_joins_late_gets_parameter_sets(m):
    """Those that came before: by capture and record, and by a node whose channel another program started."""
    have_nodes(m)
    first = m.guest.start("exec", NETRA, "capture /dev/netra0 --channel 1 -o first.264")
    part = m.guest.folder / "first.264.part"
    wait_for(lambda: part.exists() and part.stat().st_size > 50000, 30 * PATIENCE, "frames")
    m.guest.run(NETRA, "capture /dev/netra0 --channel 1 -n 20 -o late.264")
    is_complete(m.guest.folder / "late.264", 20)
    m.guest.run("head -c 60000 /dev/video1 >node.264")
    is_complete(m.guest.folder / "node.264", 5)
    said = m.guest.run(NETRA, "record /dev/netra0 --no-sync --channels 1 --store late --duration 3s --json").stdout
    frames = json.loads(said)["channels"][0]["frames"]
    expect(frames > 20, f"recorded: {said}")
    decoded = len(frame_hashes(recorded(m.guest.folder / "late", 1)))
    expect(decoded > frames - 10, f"{decoded} of {frames} frames can be decoded")   # but those before a key frame
    m.guest.run("kill -INT $(pidof netra)")
    first.wait(30 * PATIENCE)


if __name__ == "__main__":
    with _folder:
        main()
