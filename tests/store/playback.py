#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is in a store plays, and what is exported is what was asked for: in
ffprobe, ffmpeg, VLC and Chromium, also while it is being written."""

import contextlib
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "store")]
from harness import Skip, equal, expect, frame_hashes, main, run, test  # noqa: E402
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
    """(store, clip) of a recording of 17 s in files of 4 s, and bytes of files while they were written."""
    if not _shared:
        folder = pathlib.Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="netra-playback-")))
        clip = Clip(folder, size="640x360")
        with Recording(folder / "store", clip, "--rotate", "4s", "--free", "1", channels=CHANNELS) as recording:
            time.sleep(9)
            parts = []
            while not parts:
                parts = [path.read_bytes() for path in recording.store.glob("ch*/*.part") if path.stat().st_size > 700000]
            time.sleep(8)
            _shared["report"] = recording.end()
        _shared.update(store=folder / "store", clip=clip, parts=parts, folder=folder)
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


if __name__ == "__main__":
    with _stack:
        main()
