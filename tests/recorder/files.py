#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the recorder writes, without a board in between: the same frames, NAL
units and times as the source's, in files that players can seek in and that
are good up to any byte."""

import contextlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from compare import same_frames, same_nal_units  # noqa: E402
from harness import BUILD, Skip, add, equal, expect, frame_hashes, main, recorded as recorded_file, run, test, videos  # noqa: E402

RECORD_FILES = BUILD / "tests" / "record_files"


@contextlib.contextmanager
def recording(*sources):
    """The recordings of these sources."""
    with tempfile.TemporaryDirectory(prefix="netra-files-") as folder:
        store = pathlib.Path(folder) / "store"
        run(RECORD_FILES, store, *sources)
        yield [recorded_file(store, channel) for channel in range(len(sources))]


def video(name):
    """One of the shared test videos."""
    for path in videos():
        if path.name == name:
            return path
    raise Skip(f"no {name}")


def packets(path):
    """Presentation time, decode time and key flag of each packet."""
    out = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
              "packet=pts_time,dts_time,flags", "-of", "csv=p=0", path).stdout
    rows = [line.split(",") for line in out.splitlines()]
    return [(float(row[0]), float(row[1]), row[2][0] == "K") for row in rows]


def duration(path):
    """Seconds, as ffprobe says before it has read the file through."""
    return float(run("ffprobe", "-v", "error", "-show_entries", "format=duration",
                     "-of", "csv=p=0", path).stdout)


def one_file(source):
    with recording(source) as (recorded,):
        same_frames(source, recorded, "recording")
        same_nal_units(source, recorded)
        times = packets(recorded)
        shown = sorted(row[0] for row in times)
        equal(shown[0], 0.0, f"{source.name}: first picture")
        expect(all(a < b for a, b in zip(shown, shown[1:])), "two pictures at one time")
        decoded = [row[1] for row in times]
        expect(all(a < b for a, b in zip(decoded, decoded[1:])), "decode times do not rise")
        expect(all(row[0] >= row[1] for row in times), "shown before it is decoded")
        probe = run("ffprobe", "-v", "warning", recorded).stderr
        equal(probe, "", f"{source.name}: ffprobe complains")


@test
def times_are_the_source_s():
    """Also for variable rates: to the tick of a millisecond's tenth."""
    for source in (path for path in videos() if path.suffix == ".mp4"):
        with recording(source) as (recorded,):
            wanted, got = packets(source), packets(recorded)
            equal(len(got), len(wanted), f"{source.name}: packets")
            first = min(row[0] for row in wanted)
            for number, (a, b) in enumerate(zip(wanted, got)):
                expect(abs(a[0] - first - b[0]) < 0.0001 and abs(a[1] - first - b[1]) < 0.0001,
                       f"{source.name}: packet {number}: {b}, in the source {a}")
                equal(b[2], a[2], f"{source.name}: packet {number}: key frame")
            expect(abs(duration(recorded) - len(wanted) * (wanted[-1][1] - wanted[0][1]) /
                       (len(wanted) - 1)) < 0.1, f"{source.name}: duration {duration(recorded)}")


@test
def b_frames_with_variable_rate():
    """A made stream: three B-frames in a row, a rate that changes, open GOPs."""
    with tempfile.TemporaryDirectory(prefix="netra-files-") as folder:
        source = pathlib.Path(folder) / "b.mp4"
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x96:r=30:d=6", "-vf",
            "select='not(mod(n,3))+lt(n,60)',setpts='PTS+if(gt(N,80),N*37,0)'", "-fps_mode",
            "passthrough", "-enc_time_base", "1/90000", "-c:v", "libx264", "-bf", 3, "-g", 25,
            "-x264-params", "open-gop=1:b-pyramid=normal:scenecut=0", "-video_track_timescale",
            90000, source)
        with recording(source) as (recorded,):
            same_frames(source, recorded, "recording")
            wanted, got = packets(source), packets(recorded)
            steps = {round(b[1] - a[1], 4) for a, b in zip(wanted, wanted[1:])}
            expect(len(steps) > 3 and any(row[0] != row[1] for row in wanted),
                   "the made stream is too plain for this test")
            first = min(row[0] for row in wanted)
            equal([round(row[0], 4) for row in got],
                  [round(row[0] - first, 4) for row in wanted], "presentation times")
            start = got[0][1] - wanted[0][1]
            worst = max(abs(a[1] + start - b[1]) for a, b in zip(wanted, got))
            expect(worst < 0.0001, f"decode times differ by up to {worst} s")


@test
def seeking():
    """A player jumps right to a key frame in the middle."""
    source = video("one-by-one-person-detection.mp4")
    with recording(source) as (recorded,):
        keys = [row[0] for row in packets(recorded) if row[2]]
        wanted = keys[len(keys) // 2]
        command = ["ffmpeg", "-v", "error", "-ss", wanted + 0.001, "-i", None, "-frames:v", 5,
                   "-fps_mode", "passthrough", "-f", "framemd5", "-"]
        outputs = []
        for path in (source, recorded):
            command[6] = path
            lines = run(*command).stdout.splitlines()
            outputs.append([line.split(",")[5] for line in lines if line[0] != "#"])
        equal(len(outputs[0]), 5, "frames after the jump")
        equal(outputs[1], outputs[0], "frames after the jump")


@test
def good_up_to_any_byte():
    """What is on disk while recording goes on plays: a file cut anywhere."""
    source = video("VID_1280x720_cabac_temporal_direct.264")
    with recording(source) as (recorded,):
        whole = frame_hashes(recorded)
        data = recorded.read_bytes()
        cut = recorded.with_name("cut.mp4")
        for part in (0.2, 0.5, 0.9):
            cut.write_bytes(data[:int(len(data) * part)])
            got = frame_hashes(cut)
            # The last frame may be half one; the codec shows what it has.
            expect(len(got) > part * len(whole) * 0.5, f"{len(got)} of {len(whole)} frames at {part}")
            equal(got[:-4], whole[:len(got) - 4], f"frames of a file cut at {part}")


@test
def all_at_once():
    """Every file a channel of one recorder."""
    sources = videos()
    with recording(*sources) as recorded:
        for source, path in zip(sources, recorded):
            same_frames(source, path, "recording")


try:
    for _video in videos():
        add(f"file_{_video.name}", one_file, _video)
except Skip as _why:
    def _skip(why=str(_why)):
        raise Skip(why)
    add("file_each", _skip)

if __name__ == "__main__":
    main()
