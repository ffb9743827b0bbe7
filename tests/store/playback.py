#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is in a store plays, and what is exported is what was asked for: in
ffprobe, ffmpeg, VLC and Chromium, also while it is being written."""

import contextlib
import datetime
import json
import os
import pathlib
import random
import shutil
import struct
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "store")]
from harness import NETRA, Skip, equal, expect, frame_hashes, main, run, test  # noqa: E402
from clip import Clip  # noqa: E402
from recording import Recording, account, files, verified  # noqa: E402
import browser  # noqa: E402
import mp4  # noqa: E402

CHANNELS = 4
EXPORTS = int(os.environ.get("EXPORTS", "12"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1 << 30)

_stack = contextlib.ExitStack()
_shared = {}


def recorded():
    """(store, clip) of a recording of 17 s in files of 4 s; and bytes of files while they were written."""
    if not _shared:
        folder = pathlib.Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="netra-playback-")))
        clip = Clip(folder, size="640x360")
        with Recording(folder / "store", clip, "--rotate", "4s", "--free", "1", channels=CHANNELS) as recording:
            time.sleep(9)
            parts = []
            while not parts:
                parts = [path.read_bytes() for path in recording.store.glob("ch*/*.part") if path.stat().st_size > 700000]
            time.sleep(8)
            equal(recording.end()["dropped"], 0, "frames dropped")
        _shared.update(store=folder / "store", parts=parts, clip=clip, folder=folder)
    return _shared["store"], _shared["clip"]


@test
def recordings_are_the_source():
    """All files decode, one after the other, to the frames of the source."""
    store, clip = recorded()
    source = frame_hashes(clip.path)
    equal(len(source), clip.frames, "frames of the source")
    for channel in range(CHANNELS):
        told = account(store, channel, clip)
        equal((told.lost, told.starts), (0, 1), f"channel {channel}: frames lost, beginnings")
        got = [frame for path in files(store, channel) for frame in frame_hashes(path)]
        expect(len(got) > 16 * clip.rate, f"channel {channel}: {len(got)} frames")
        equal(got, [source[place] for place in told.places], f"channel {channel}: frames")


@test
def the_format_is_as_written_down():
    """Checksums, times and names of files, by a reader of its own."""
    store, _ = recorded()
    for channel in range(CHANNELS):
        end_ns = None
        for path in files(store, channel):
            fragments = list(mp4.fragments(path.read_bytes()))
            expect(fragments[0].samples[0][3], f"{path.name}: does not begin with a key frame")
            equal(mp4.name_ns(path), fragments[0].wall_ns // 1000000 * 1000000, f"{path.name}: time of its first frame")
            for fragment in fragments:
                if end_ns is not None:
                    # Of one clock, and without a gap: a frame's time at most from what was said before.
                    expect(abs(fragment.wall_ns - end_ns) < 40e6,
                           f"{path.name} at {fragment.offset}: {(fragment.wall_ns - end_ns) / 1e6} ms from the end before")
                end_ns = fragment.end_ns
            for fragment in (fragments[0], fragments[len(fragments) // 2], fragments[-1]):
                expect(mp4.sums_hold(fragment), f"{path.name} at {fragment.offset}: checksum")
    equal(verified(store)["index"], "ok", "index")


@test
def ffprobe_has_nothing_to_say():
    store, _ = recorded()
    for path in sorted(store.glob("ch*/*.mp4")):
        equal(run("ffprobe", "-v", "warning", path).stderr, "", f"{path.name}: ffprobe")


def moments(store, channel):
    """(begin, end, file) of each frame, in order, by the wall clock."""
    frames = []
    for number, path in enumerate(files(store, channel)):
        for fragment in mp4.fragments(path.read_bytes()):
            at = 0
            for sample in fragment.samples:
                begin = fragment.wall_ns + at * 1000000000 // mp4.TICKS
                at += sample[2]
                frames.append((begin, fragment.wall_ns + at * 1000000000 // mp4.TICKS, number))
    return frames


def media_at(frames, first, ns):
    """ns of an export that begins with frame @first, before this moment: durations within a file, the wall clock from
    file to file."""
    media, last = 0, frames[first][2]
    for begin, end, number in frames[first:]:
        if number != last:
            media, last = max(media, begin - frames[first][0]), number
        if begin <= ns:
            result = media + ns - begin
        media += end - begin
    return result


def iso(ns):
    whole = datetime.datetime.fromtimestamp(ns // 1000000000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{ns % 1000000000:09d}Z"


def plain(path):
    """(places' keys, durations in ticks, scale, edit list's (length, start), length's scale) of a plain MP4."""
    data = path.read_bytes()
    def find(names, begin=0, end=None):
        for kind, _, content, stop in mp4.boxes(data, begin, end):
            if kind == names[0]:
                return find(names[1:], content, stop) if names[1:] else (content, stop)
        return None
    order = [kind for kind, *_ in mp4.boxes(data)]
    expect("moof" not in order and order.index("moov") < order.index("mdat"), f"{path.name}: boxes {order}")
    def table(*names):
        return find(("moov", "trak", *names))[0]
    def scale(at):
        return struct.unpack_from(">I", data, at + (20 if data[at] else 12))[0]
    movie, track = scale(find(("moov", "mvhd"))[0]), scale(table("mdia", "mdhd"))
    at = table("edts", "elst")
    form = ">Qq" if data[at] else ">Ii"
    edits = [struct.unpack_from(form, data, at + 8 + number * (20 if data[at] else 12))
             for number in range(struct.unpack_from(">I", data, at + 4)[0])]
    at = table("mdia", "minf", "stbl", "stts")
    durations = []
    for number in range(struct.unpack_from(">I", data, at + 4)[0]):
        count, duration = struct.unpack_from(">II", data, at + 8 + 8 * number)
        durations += [duration] * count
    at = table("mdia", "minf", "stbl", "stsz")
    fixed, count = struct.unpack_from(">II", data, at + 4)
    sizes = [fixed or struct.unpack_from(">I", data, at + 12 + 4 * number)[0] for number in range(count)]
    equal(len(durations), count, f"{path.name}: samples with a duration")
    return durations, sizes, track, edits, movie


def export(store, channel, begin_ns, end_ns, output):
    result = run(NETRA, "export", "--store", store, "--channels", channel, "--from", iso(begin_ns), "--to", iso(end_ns),
                 "--output", output, "--force", "--quiet", "--json")
    return json.loads(result.stdout)["channels"][0]


@test
def exports_of_any_range():
    """begin and end where it was asked for, by the file's own tables and as decoded."""
    store, clip = recorded()
    random_ = random.Random(SEED)
    source = frame_hashes(clip.path)
    output = _shared["folder"] / "export.mp4"
    for number in range(EXPORTS):
        channel = random_.randrange(CHANNELS)
        frames = moments(store, channel)
        places = account(store, channel, clip).places
        begin = random_.randrange(frames[0][0], frames[-1][1] - 100000000)
        end = random_.randrange(begin + 50000000, frames[-1][1])
        what = f"export {number} (SEED={SEED}), channel {channel}, {(end - begin) / 1e9:.3f} s"
        told = export(store, channel, begin, end, output)
        durations, _, scale, edits, movie = plain(output)
        equal(len(edits), 1, f"{what}: edits")
        length, start = edits[0]
        shown = [place for place, (first, last, _) in zip(places, frames) if last > begin and first < end]
        keys = [index for index, place in enumerate(places) if place % clip.rate == 0 and frames[index][0] <= begin]
        key = keys[-1] if keys else 0
        # The clock's small corrections, one a fragment, are in the media's times, too.
        cut_ns, end_ns = media_at(frames, key, begin), media_at(frames, key, end)
        wanted_ns = end_ns - cut_ns
        expect(abs(length * 1000000000 // movie - wanted_ns) < 1100000,
               f"{what}: is {length / movie:.4f} s long, not {wanted_ns / 1e9:.4f}")
        expect(abs(start * 1000000000 // scale - cut_ns) < 50000,
               f"{what}: begins {(start * 1000000000 // scale - cut_ns) / 1e6:.3f} ms off")
        expect(sum(durations) * 1000000000 // scale >= end_ns - 50000, f"{what}: its samples end too soon")
        got = frame_hashes(output)
        wanted = [source[place] for place in shown]
        # A decoder may leave out a first picture whose time began before the cut.
        expect(got in (wanted, wanted[1:], wanted[:-1], wanted[1:-1]),
               f"{what}: decodes to {len(got)} frames, wanted {len(wanted)}: "
               f"{[source.index(frame) if frame in source else None for frame in got[:3]]} for {shown[:3]}")
        equal(run("ffprobe", "-v", "warning", output).stderr, "", f"{what}: ffprobe")
        equal(told["shown"], len(shown), f"{what}: frames shown, as export says")


@test
def exports_of_several_channels():
    """go into a folder; a range without a frame is refused."""
    store, _ = recorded()
    frames = moments(store, 0)
    folder = _shared["folder"] / "several"
    begin, end = frames[0][0] + 3000000000, frames[0][0] + 9000000000
    run(NETRA, "export", "--store", store, "--channels", f"0-{CHANNELS - 1}", "--from", iso(begin), "--to", iso(end),
        "--output", folder, "--quiet")
    equal(sorted(path.name for path in folder.iterdir()), [f"ch{channel:02d}.mp4" for channel in range(CHANNELS)], "files")
    for path in folder.iterdir():
        equal(run("ffprobe", "-v", "warning", path).stderr, "", f"{path.name}: ffprobe")
    late = run(NETRA, "export", "--store", store, "--channels", 0, "--from", iso(end + 3600000000000), "--to",
               iso(end + 3601000000000), "--output", folder / "none.mp4", check=False)
    equal(late.returncode, 1, "exit status for a range without a frame")
    expect(not (folder / "none.mp4").exists(), "an empty file was left")


def as_user(words):
    """VLC does not run as root."""
    if os.geteuid() != 0:
        return words
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words]


@test
def vlc_plays_it():
    """A finished file and one being written: every frame comes out of its demuxer, and the decoder has no complaint."""
    store, clip = recorded()
    if not shutil.which("cvlc"):
        raise Skip("no cvlc: run scripts/install-packages store")
    whole = files(store, 1)[1].read_bytes()
    with tempfile.TemporaryDirectory(prefix="netra-vlc-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        for what, data in (("finished", whole), ("being written", _shared["parts"][0])):
            source, result = folder / "in.mp4", folder / "out.mkv"
            source.write_bytes(data)
            result.unlink(missing_ok=True)
            frames = sum(len(fragment.samples) for fragment in mp4.fragments(data))
            run(*as_user(["env", f"HOME={folder}", "cvlc", "--no-audio", "--play-and-exit", "--quiet",
                          "--sout", f"#std{{access=file,mux=mkv,dst={result}}}", source]), timeout=120)
            counted = run("ffprobe", "-v", "error", "-count_packets", "-select_streams", "v:0", "-show_entries",
                          "stream=nb_read_packets", "-of", "csv=p=0", result).stdout
            equal(int(counted.split()[0].strip(",")), frames, f"{what}: frames through VLC")


def in_chromium(what, data, clip):
    """Times, pictures that differ, seeking, and that it plays on."""
    frames = sum(len(fragment.samples) for fragment in mp4.fragments(data))
    length = frames / clip.rate
    seeks = [0.0, length * 0.3, length * 0.8, length * 0.55]
    for pieces in (False, True):
        how = f"{what}, {'in pieces' if pieces else 'as a file'}"
        told = browser.play(data, seeks, seconds=1.5, pieces=pieces)
        equal((told["width"], told["height"]), (640, 360), f"{how}: size")
        for wanted, got in zip(seeks, told["seeks"]):
            expect(abs(got["time"] - wanted) < 0.05, f"{how}: at {got['time']} instead of {wanted}")
        pictures = {tuple(got["picture"]) for got in told["seeks"]}
        equal(len(pictures), len(seeks), f"{how}: different pictures")
        expect(all(max(picture) > 60 for picture in pictures), f"{how}: black pictures")
        expect(told["played"] > 0.3 and told["shown"] > 5, f"{how}: played {told['played']} s, {told['shown']} pictures")
        if pieces:
            equal(len(told["buffered"]), 1, f"{how}: ranges buffered {told['buffered']}")
            expect(abs(told["buffered"][0][1] - length) < 0.1, f"{how}: buffered {told['buffered']} of {length} s")
    return told


@test
def chromium_plays_it():
    """A finished file, as a file and by Media Source Extensions."""
    store, clip = recorded()
    in_chromium("finished", files(store, 0)[1].read_bytes(), clip)


@test
def chromium_plays_it_while_it_is_written():
    store, clip = recorded()
    in_chromium("being written", _shared["parts"][0], clip)


@test
def chromium_plays_an_export():
    store, clip = recorded()
    frames = moments(store, 2)
    output = _shared["folder"] / "export.mp4"
    begin = frames[0][0] + 2345678901
    export(store, 2, begin, begin + 5200000000, output)
    told = browser.play(output.read_bytes(), [0.0, 2.5, 5.0], seconds=1)
    expect(abs(told["duration"] - 5.2) < 0.05, f"{told['duration']} s long")
    equal(len({tuple(got["picture"]) for got in told["seeks"]}), 3, "different pictures")


if __name__ == "__main__":
    with _stack:
        main()
