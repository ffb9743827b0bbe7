#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a recorder's disk, clock and neighbours do to it, as its user meets
them. In each case every frame is either in the files or said to be missing."""

import contextlib
import errno
import json
import os
import pathlib
import sqlite3
import sys
import tempfile
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "store")]
from harness import NETRA, Emulator, Skip, equal, expect, main, run, test  # noqa: E402
from bad_disk import BadDisk  # noqa: E402
from clip import Clip  # noqa: E402
from recording import Recording, account, files, verified  # noqa: E402
import mp4  # noqa: E402

CHANNELS = 4
RATE = 30

# Most of a test's time is waiting.
TOGETHER = 4

_stack = contextlib.ExitStack()
_clips = {}
_making_clip = threading.Lock()


def clip(bits=2000000):
    """The camera of all channels, made once."""
    with _making_clip:
        if bits not in _clips:
            folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix="netra-clip-"))
            _clips[bits] = Clip(pathlib.Path(folder), bits=bits)
    return _clips[bits]


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="netra-faults-") as name:
        yield pathlib.Path(name)


@contextlib.contextmanager
def bad(*options, camera=None):
    """(Recording, BadDisk): a recorder whose disk is about to misbehave."""
    with scratch() as folder:
        disk = BadDisk(folder)
        with Recording(folder / "store", camera or clip(), "--free", "1", *options, channels=CHANNELS,
                       environment=disk.environment) as recording:
            yield recording, disk


def accounts(recording):
    return [account(recording.store, channel, recording.clip) for channel in range(CHANNELS)]


def nothing_lost(recording, report):
    equal(report["dropped"], 0, "frames dropped")
    for channel, told in enumerate(accounts(recording)):
        equal((told.lost, told.starts), (0, 1), f"channel {channel}: frames lost, beginnings")
        equal(told.frames, report["channels"][channel]["frames"], f"channel {channel}: frames in files and as reported")


def all_told(recording, report, channels=range(CHANNELS)):
    """What is not in the files has been counted, in them and in the report."""
    for channel in channels:
        told = account(recording.store, channel, recording.clip)
        row = report["channels"][channel]
        # What a failed sync may have lost counts as lost, and may be there all the same.
        frames = row["frames"] if not told.flags & mp4.DISK else max(told.frames, row["frames"])
        equal(told.frames, frames, f"channel {channel}: frames in files and as reported")
        expect(told.lost <= row["dropped"], f"channel {channel}: {told.lost} lost in the files, {row['dropped']} reported")


def grows(recording, channel, seconds=20):
    """Wait until this channel's newest file has grown, or there is a new one."""
    def state():
        newest = files(recording.store, channel)[-1]
        return newest.name.removesuffix(".part"), newest.stat().st_size if newest.exists() else 0
    before = state()
    recording.wait_for(lambda: state() != before, seconds, f"channel {channel} to go on")


@test
def a_disk_that_stalls_five_seconds():
    """costs nothing: frames wait in memory."""
    with bad() as (recording, disk):
        time.sleep(1.5)
        disk.stall(5)
        time.sleep(8)
        expect(disk.hits > 0, "the disk was not used meanwhile")
        report = recording.end()
        nothing_lost(recording, report)
        equal(recording.board.stats()["frames_dropped"], 0, "frames that the board dropped")
        verified(recording.store)


@test
def a_stall_that_is_too_long_for_the_buffer():
    """is a counted gap up to a key frame; the board is served all the time."""
    with bad("--buffer", "8M", camera=clip(8000000)) as (recording, disk):
        time.sleep(1.5)
        disk.stall(9)
        time.sleep(10)
        for channel in range(CHANNELS):
            grows(recording, channel)
        time.sleep(1.5)
        report = recording.end()
        expect(report["dropped"] > 0, "nothing was dropped: the buffer has no bound")
        all_told(recording, report)
        gaps = 0
        for channel in range(CHANNELS):
            told = account(recording.store, channel, recording.clip)
            gaps += len(told.gaps)
            for lost, flags in told.gaps:
                expect(flags & mp4.OVERRUN, f"channel {channel}: {lost} frames missing, flags {flags}")
        expect(gaps, "no gap in any file")
        verified(recording.store)


@test
def one_channel_cannot_be_written():
    """EIO for its files only: the others lose nothing; it goes on when it can."""
    with bad() as (recording, disk):
        time.sleep(2)
        disk.fail_writes("/ch02/")
        time.sleep(3)
        expect(disk.hits > 0, "nothing was written meanwhile")
        disk.well()
        grows(recording, 2)
        time.sleep(2)
        report = recording.end(status=1)
        for channel in (0, 1, 3):
            told = account(recording.store, channel, clip())
            equal((told.lost, told.starts), (0, 1), f"channel {channel}: frames lost, beginnings")
        told = account(recording.store, 2, clip())
        expect(told.lost > 0 and told.flags & mp4.DISK, f"channel 2: {told.lost} lost, flags {told.flags}")
        all_told(recording, report)
        expect(errno_text(errno.EIO) in json.dumps(report) + recording.errors(), "nobody says why")


@test
def a_sync_that_fails():
    """is final for the files it was for: they are closed, new ones begun, and
    after the next start all of them are whole."""
    with bad() as (recording, disk):
        time.sleep(2)
        before = [len(files(recording.store, channel)) for channel in range(CHANNELS)]
        disk.fail_syncs("/ch")
        # One for all of them, then one for each.
        recording.wait_for(lambda: disk.hits > CHANNELS, 20, "syncs of all files")
        disk.well()
        recording.wait_for(lambda: all(len(files(recording.store, channel)) > before[channel]
                                       for channel in range(CHANNELS)), 20, "new files")
        time.sleep(2)
        report = recording.end(status=1)
        all_told(recording, report)
        start_again(recording.store)
        verified(recording.store)


@test
def a_sync_that_fails_for_one_channel():
    """is found out, though all are synced together: the others lose nothing."""
    with bad() as (recording, disk):
        time.sleep(2)
        before = len(files(recording.store, 2))
        disk.fail_syncs("/ch02/")
        recording.wait_for(lambda: disk.hits > 1, 20, "a sync of all and one of the file")
        disk.well()
        recording.wait_for(lambda: len(files(recording.store, 2)) > before, 20, "a new file")
        time.sleep(2)
        report = recording.end(status=1)
        for channel in (0, 1, 3):
            told = account(recording.store, channel, clip())
            equal((told.lost, told.starts), (0, 1), f"channel {channel}: frames lost, beginnings")
        expect(report["channels"][2]["dropped"] > 0, "no frame of channel 2 is said to be lost")
        all_told(recording, report)


@test
def a_disk_that_is_full():
    """drops and counts, says so, and goes on as soon as there is room."""
    with bad("--rotate", "2s") as (recording, disk):
        time.sleep(2)
        disk.fill(300000)
        recording.wait_for(lambda: disk.hits > 3, 20, "the disk to be full")
        time.sleep(2)
        disk.well()
        for channel in range(CHANNELS):
            grows(recording, channel)
        time.sleep(2)
        report = recording.end(status=1)
        expect(report["dropped"] > 0, "nothing was dropped")
        all_told(recording, report)
        expect(errno_text(errno.ENOSPC) in json.dumps(report) + recording.errors(), "nobody says why")
        start_again(recording.store)
        verified(recording.store)


@test
def bytes_per_channel():
    """are kept to, by deleting the oldest, and not one file more than needed."""
    limit = 2 << 20
    with scratch() as folder:
        with Recording(folder / "store", clip(), "--rotate", "2s", "--keep-bytes", limit, "--free", "1",
                       channels=CHANNELS) as recording:
            seen = {}
            end = time.monotonic() + 20
            while time.monotonic() < end:
                for channel in range(CHANNELS):
                    for path in files(recording.store, channel):
                        with contextlib.suppress(FileNotFoundError):
                            seen[channel, path.name.removesuffix(".part")] = path.stat().st_size
                time.sleep(0.1)
            recording.end()
        for channel in range(CHANNELS):
            left = files(folder / "store", channel)
            held = sum(path.stat().st_size for path in left)
            expect(held <= limit, f"channel {channel}: {held} bytes")
            names = [path.name for path in left]
            gone = sorted(name for number, name in seen if number == channel and name not in names)
            expect(gone and gone[-1] < names[0], f"channel {channel}: deleted {gone}, left {names}")
            # The last one to go would have been too much, give or take what has come since.
            newest = seen[channel, gone[-1]]
            expect(held + newest > limit - left[-1].stat().st_size, f"channel {channel}: {gone[-1]} went without need")


@test
def free_space():
    """is left on a disk that others fill, by deleting the oldest files of all channels."""
    floor = 14 << 20
    with scratch() as folder:
        if os.geteuid() != 0 or run("mount", "-t", "tmpfs", "-o", "size=24m", "none", folder, check=False).returncode:
            raise Skip("mounting a small disk takes root")
        try:
            with Recording(folder / "store", clip(), "--rotate", "2s", "--free", floor, channels=CHANNELS) as recording:
                seen = set()
                end = time.monotonic() + 20
                while time.monotonic() < end:
                    seen |= {path.name.removesuffix(".part") for channel in range(CHANNELS)
                             for path in files(recording.store, channel)}
                    time.sleep(0.1)
                # A file of each channel may have grown since the floor was last looked at.
                disk = os.statvfs(folder)
                free = disk.f_bavail * disk.f_frsize
                expect(free > floor - CHANNELS * (1 << 20), f"{free} bytes are free")
                recording.end()
            left = {path.name for channel in range(CHANNELS) for path in files(folder / "store", channel)}
            gone = seen - left
            expect(gone and max(gone) < min(left), f"deleted {sorted(gone)}, left {sorted(left)}")
            held = sum(path.stat().st_size for path in (folder / "store").glob("ch*/*"))
            expect(held > 5 << 20, f"only {held} bytes are left")
        finally:
            run("umount", folder)


@test
def killed():
    """SIGKILL: what was committed is there, and is repaired at the next start."""
    with scratch() as folder:
        for _ in range(3):
            with Recording(folder / "store", clip(), "--rotate", "3s", "--free", "1", channels=CHANNELS) as recording:
                time.sleep(4.3)
                begin = time.time_ns()
                recording.kill()
                for channel in range(CHANNELS):
                    late_s = (begin - account(folder / "store", channel, clip()).end_ns) / 1e9
                    expect(late_s < 1.0, f"channel {channel}: {late_s:.2f} s lost")
        start_again(folder / "store")
        equal(list((folder / "store").glob("ch*/*.part")), [], "files left as they were")
        for channel in range(CHANNELS):
            told = account(folder / "store", channel, clip())
            equal((told.starts, told.lost), (4, 0), f"channel {channel}: beginnings, lost")
        equal(verified(folder / "store")["index"], "ok", "index")


@test
def a_clock_that_is_set():
    """back by an hour, then forward by two: no frame is lost, no file overwritten, times are said anew."""
    with bad("--rotate", "3s") as (recording, disk):
        time.sleep(4)
        disk.set_clock(-3600)
        time.sleep(5)
        disk.set_clock(3600)
        time.sleep(5)
        report = recording.end()
        equal(report["dropped"], 0, "frames dropped")
        for channel in range(CHANNELS):
            total = flags = 0
            walls = []
            for path in files(recording.store, channel):
                for fragment in mp4.fragments(path.read_bytes()):
                    total += len(fragment.samples)
                    flags |= fragment.flags
                    walls.append(fragment.wall_ns)
            equal(total, report["channels"][channel]["frames"], f"channel {channel}: frames")
            expect(flags & mp4.CLOCK, f"channel {channel}: no fragment says that the clock was set")
            now = time.time_ns()
            spans = [round((wall - now) / 3.6e12) for wall in walls]
            equal(set(spans), {-1, 0, 1}, f"channel {channel}: hours that its fragments are off")
        verified(recording.store)
        run(NETRA, "store", "--store", recording.store, "--json")


def index_of(recording):
    return recording.store / "index.sqlite"


def rows(store):
    """Files as the index knows them."""
    with contextlib.closing(sqlite3.connect(f"file:{store / 'index.sqlite'}?mode=ro", uri=True)) as index:
        return sorted(index.execute("SELECT channel, name, start_ns, end_ns, bytes, frames, fragments, lost, keys FROM file"))


def index_fault(spoil):
    with bad("--rotate", "2s") as (recording, _):
        recording.wait_for(index_of(recording).exists, 10, "the index")
        time.sleep(3)
        undo = spoil(recording)
        time.sleep(6)
        if undo:
            undo()
        time.sleep(3)
        report = recording.end()
        nothing_lost(recording, report)
        start_again(recording.store)
        told = verified(recording.store, "--rebuild")
        equal(told["index"], "rebuilt", "index")
        rebuilt = rows(recording.store)
        equal([(row[0], row[1]) for row in rebuilt],
              sorted((channel, path.name) for channel in range(CHANNELS) for path in files(recording.store, channel)),
              "files in the index")
        for channel in range(CHANNELS):
            equal(sum(row[5] for row in rebuilt if row[0] == channel), account(recording.store, channel, clip()).frames,
                  f"channel {channel}: frames in the index")


@test
def the_index_is_deleted():
    """while recording: it goes on, and the index can be made again."""
    def spoil(recording):
        for path in recording.store.glob("index.sqlite*"):
            path.unlink()
    index_fault(spoil)


@test
def the_index_is_locked():
    """by another program for seconds: recording does not wait for it."""
    def spoil(recording):
        other = sqlite3.connect(index_of(recording), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        return other.close
    index_fault(spoil)


@test
def the_index_is_damaged():
    """overwritten with rubbish while recording."""
    def spoil(recording):
        with open(index_of(recording), "r+b") as file:
            file.write(os.urandom(64 << 10))
    index_fault(spoil)


@test
def the_index_cannot_be_written():
    """its disk is full, for the index only."""
    with bad("--rotate", "2s") as (recording, disk):
        time.sleep(2)
        disk.fill(0, "/index.sqlite")
        time.sleep(5)
        disk.well()
        time.sleep(3)
        nothing_lost(recording, recording.end())
        verified(recording.store, "--rebuild")


@test
def an_index_made_anew():
    """says the same of each file as the recorder's own."""
    with scratch() as folder:
        with Recording(folder / "store", clip(), "--rotate", "2s", "--free", "1", channels=CHANNELS) as recording:
            time.sleep(7)
            recording.end()
        before = rows(folder / "store")
        expect(len(before) >= 3 * CHANNELS, f"{len(before)} files in the index")
        equal(verified(folder / "store", "--rebuild")["index"], "rebuilt", "index")
        equal(rows(folder / "store"), before, "the index")


@test
def a_second_recorder():
    """on the same store is refused, and disturbs nothing."""
    with scratch() as folder:
        with Recording(folder / "store", clip(), channels=CHANNELS) as recording, Emulator("--channels", 1) as board:
            result = run(NETRA, "record", board.name, "--store", folder / "store", "--duration", "1s", check=False)
            equal(result.returncode, 1, "exit status of the second")
            expect(str(folder / "store") in result.stderr and "record" in result.stderr, f"it says {result.stderr!r}")
            rebuild = run(NETRA, "verify", "--store", folder / "store", "--rebuild", check=False)
            equal(rebuild.returncode, 1, "exit status of verify --rebuild beside a recorder")
            nothing_lost(recording, recording.end())


def errno_text(number):
    return os.strerror(number)


def start_again(store):
    """A recorder that starts repairs what it finds."""
    with Recording(store, clip(), "--free", "1", channels=CHANNELS) as recording:
        time.sleep(1)
        recording.end()


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A file system of so many MB in memory; only root can."""
    folder.mkdir()
    result = run("mount", "-t", "tmpfs", "-o", f"size={megabytes}M", "tmpfs", folder, check=False)
    if result.returncode:
        raise Skip(f"cannot mount a small disk: {result.stderr.strip()}")
    try:
        yield folder
    finally:
        run("umount", "-l", folder)


if __name__ == "__main__":
    with _stack:
        main(TOGETHER)
