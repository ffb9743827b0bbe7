#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Power cuts, honestly: a machine with 16 channels records to a disk with a
volatile cache (disk.py), and at the cut what it had not flushed is lost, sector
by sector at random. Then the file system is checked, a recorder starts on what
is left, and the store is read.

Loss is counted, not timed: the emulated board, on the host, knows how many
frames each camera had given at the cut, and each frame on the disk is known
again by its bytes. A frame that is missing counts its whole time. A machine
that does not let its programs run looks like loss; so a witness runs in the
guest beside the recorder, and a cut within two seconds of its being late
counts for nothing and is made again.

CUTS=24 tests/store/power.py makes so many cuts (default 4)."""

import contextlib
import dataclasses
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "vm", "store")]
from harness import BUILD, NETRA, Emulator, Skip, equal, expect, main, run, test, wait_for  # noqa: E402
from guest import Guest  # noqa: E402
from disk import Cut, Disk  # noqa: E402
from clip import Clip, unbroken  # noqa: E402
from recording import verified  # noqa: E402
import mp4  # noqa: E402

CHANNELS = 16
CUTS = int(os.environ.get("CUTS", "4"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1 << 30)
LOSS_S = 1.0
LATE_MS = 150
DISK_BYTES = 2 << 30
BOARD = "0000:01:00.0"
MOUNTED = "/dev/shm/disk"
STORE = f"{MOUNTED}/store"
WITNESS = BUILD / "tests" / "witness"
# Short files, so that cuts meet their beginnings and ends, too.
ROTATE = ("--rotate", "8s")


def new_image(folder):
    image = folder / "new.image"
    with open(image, "wb") as file:
        file.truncate(DISK_BYTES)
    run("mkfs.ext4", "-q", image, env={**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"})
    return image


class Machine:
    """A guest that records all channels of a board to a disk; for a `with`."""

    def __init__(self, folder, clip, image):
        self._stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        self.clip, self.image = clip, image
        self.job = self.witness = None

    def __enter__(self):
        try:
            self.board = self._stack.enter_context(Emulator("--channels", CHANNELS, "--source", self.clip.path))
            self.disk = self._stack.enter_context(Disk(self.folder, self.image))
            self.guest = self._stack.enter_context(
                Guest(self.board.socket, modules=("vfio-pci", "vfio_iommu_type1", "virtio_blk", "crc32c_generic", "ext4"), cpus=2,
                      disk=self.disk.socket))
            self.guest.run(f"mkdir {MOUNTED} && mount -t ext4 -o noatime /dev/vda {MOUNTED} && mkdir -p {STORE}")
            self.guest.run(f"echo vfio-pci >/sys/bus/pci/devices/{BOARD}/driver_override && "
                           f"echo {BOARD} >/sys/bus/pci/drivers_probe")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def record(self, *options):
        self.witness = self.guest.start(WITNESS)
        self.job = self.guest.start(NETRA, "record", f"pci:{BOARD}", "--firmware", BUILD / "firmware", "--store", STORE,
                                    "--json", "--quiet", *options)
        wait_for(lambda: self.job.done.is_set() or self.coded()[0] > 2 * self.clip.rate, 90, "the board to stream")
        self.expect_recording()

    def expect_recording(self):
        expect(not self.job.done.is_set(), f"the recorder ended: {self.job.stderr}\n{self.guest.console()}")

    def coded(self):
        """Frames that each camera has given, up to now."""
        before = self.board.stats_file.stat().st_mtime_ns if self.board.stats_file.exists() else 0
        self.board.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.board.stats_file.exists() and self.board.stats_file.stat().st_mtime_ns != before, 10,
                 "the board's counters")
        return json.loads(self.board.stats_file.read_text(encoding="utf-8"))["coded"]

    def cut(self, random_, last=False):
        """Power off now; with last, for good."""
        cut = self.disk.cut(random_.randrange(1 << 30), random_.choice((0.0, 0.5, 0.9)), last)
        coded = self.coded()
        # Frames that came until the board was heard count as lost, too.
        slow_ms = int(1000 * max(time.monotonic() - cut.time, self.disk.slowest(2.5)))
        # What the witness writes about the moment of the cut comes after it.
        time.sleep(0.5)
        lines = [line.split() for line in self.witness.stdout.splitlines()[-12:-1]]
        late_ms = max((int(line[1]) for line in lines), default=10000)
        late_ms = max(late_ms, slow_ms)
        span_s = (int(lines[-1][0]) - int(lines[0][0])) / 1e9 if lines else 0
        self.expect_recording()
        return PowerCut(cut, coded, late_ms, span_s)


@dataclasses.dataclass
class PowerCut:
    """A cut, and what was known outside at that moment."""
    cut: Cut
    coded: list
    late_ms: int   # the witness, the disk or the board, by how much at the worst
    span_s: float  # of the witness's lines that were looked at

    @property
    def counts(self):
        return self.late_ms <= LATE_MS


def file_system(image):
    """Its journal replayed, and sound after that."""
    path = {**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"}
    replay = run("e2fsck", "-p", image, env=path, check=False)
    expect(replay.returncode in (0, 1), f"e2fsck -p: {replay.stdout}{replay.stderr}")
    run("e2fsck", "-fn", image, env=path)


def read_out(image, folder):
    """The store in the image, as it lies there."""
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    run("debugfs", "-R", f"rdump /store {folder}", image, timeout=120,
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"})
    return store


def index_is_sound(store, folder):
    """As SQLite finds it after the cut, before the recorder has mended anything; on a copy, as reading it writes."""
    for path in store.glob("index.sqlite*"):
        shutil.copyfile(path, folder / path.name)
    with contextlib.closing(sqlite3.connect(folder / "index.sqlite")) as index:
        equal(index.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "the index after the cut")
    for path in folder.glob("index.sqlite*"):
        path.unlink()


def repair(store, clip):
    """Start a recorder on it, as the machine would when it comes back."""
    with Emulator("--channels", CHANNELS, "--source", clip.path) as board:
        run(NETRA, "record", board.name, "--store", store, "--duration", "2s", "--quiet", timeout=90)


def whole_frames(path, clip):
    """Places in the clip of a file's frames, up to where it is torn."""
    places = []
    for fragment in mp4.fragments(path.read_bytes()):
        found = clip.places(fragment.units())
        if None in found:
            break
        places += found
    return places


def frames_on(store, clip):
    """{file: places of its frames} of each channel, in the order they were written."""
    return [{path: whole_frames(path, clip) for path in mp4.recordings(store, channel)} for channel in range(CHANNELS)]


def losses(frames, clip, coded):
    """Seconds of each channel that its camera had given, and that are not there from the beginning without a break."""
    lost = []
    for files, given in zip(frames, coded):
        runs = unbroken([place for places in files.values() for place in places], clip.frames)
        there = runs[0][1] if runs and runs[0][0] == 0 else 0
        lost.append((given - there) / clip.rate)
    return lost


def repaired(path):
    """What a file that the cut left is called after the repair."""
    name = path.name.removesuffix(".part")
    found = [path.with_name(name + end) for end in ("", ".damaged") if path.with_name(name + end).exists()]
    expect(found, f"{path.parent.name}/{path.name}: gone after repair")
    return found[0]


def mends(store, frames, clip):
    """A recorder that starts on it keeps every whole fragment, and nothing else."""
    repair(store, clip)
    equal(verified(store)["index"], "ok", "index")
    for path, places in (entry for files in frames for entry in files.items()):
        now = repaired(path)
        # A file that had only just been made holds nothing yet.
        expect(bool(places) != now.name.endswith(".damaged"), f"{now.name}: {len(places)} whole frames before the repair")
        if places:
            kept = [clip.places(fragment.units()) for fragment in mp4.fragments(now.read_bytes())]
            equal(sum(kept, []), places, f"{now.name}: frames after the repair")


def check(cut, image, folder, clip, synced=True):
    """What a cut left: the loss of each channel in seconds. All else must be as if the recording had ended there."""
    file_system(image)
    store = read_out(image, folder)
    frames = frames_on(store, clip)
    if synced:
        index_is_sound(store, folder)
        mends(store, frames, clip)
    return losses(frames, clip, cut.coded)


def tell(number, cut, lost, writes):
    print(f"        cut {number}: lost {max(lost):.2f} s at most ({statistics.median(lost):.2f} s in the median); "
          f"{writes} writes not flushed, {cut.cut.kept:.0%} of them kept; programs ran up to {cut.late_ms} ms late"
          f"{'' if cut.counts else ': does not count'}", flush=True)


def cut_and_check(machine, folder, count, random_, last=True, synced=True):
    """So many cuts that count; returns each one's worst loss, and the last image if it is a last one."""
    cuts, made, image = [], 0, None
    while made < 4 * count and sum(cut.counts for cut in cuts) < count:
        time.sleep(random_.uniform(0.5, 4.0))
        cuts.append(machine.cut(random_))
        made += 1
    if last:
        cuts.append(machine.cut(random_, last=True))
        machine.guest.__exit__()
    expect(cuts, "no cut was made")
    worst = []
    by_cut = {cut.cut: cut for cut in cuts}
    for number, (key, path) in enumerate(machine.disk.images(by_cut)):
        cut = by_cut[key]
        if last and cut is cuts[-1]:
            image = folder / "last.image"
            shutil.copyfile(path, image)
        lost = check(cut, path, folder / "cut", machine.clip, synced)
        tell(number, cut, lost, key.written - key.durable)
        if cut.counts:
            worst.append(max(lost))
    if not worst:
        raise Skip(f"this machine is too busy: in none of {made} cuts were programs let run in time")
    return worst, image


_stack = contextlib.ExitStack()
_shared = {}


def shared():
    """Folder, clip and new disk, made once."""
    if not _shared:
        folder = pathlib.Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="netra-power-")))
        _shared.update(folder=folder, clip=Clip(folder), image=new_image(folder))
    return _shared["folder"], _shared["clip"], _shared["image"]


@test
def a_second_at_most_is_lost():
    """Cuts at random times while 16 channels record; the last one is for good."""
    folder, clip, image = shared()
    random_ = random.Random(SEED)
    print(f"        SEED={SEED}", flush=True)
    with Machine(folder, clip, image) as machine:
        machine.record(*ROTATE)
        worst, _shared["after"] = cut_and_check(machine, folder, CUTS, random_)
    print(f"        {len(worst)} cuts, lost {max(worst):.2f} s at most", flush=True)
    expect(max(worst) <= LOSS_S, f"up to {max(worst):.2f} s of a channel were lost (SEED={SEED})")


@test
def the_machine_starts_again():
    """On the disk as the last cut left it: it mounts, repairs and goes on, and ends in order."""
    folder, clip, _ = shared()
    if not _shared.get("after"):
        raise Skip("there was no last cut")
    with Machine(folder, clip, _shared["after"]) as machine:
        machine.record(*ROTATE)
        time.sleep(3)
        machine.guest.run("kill -INT $(pidof netra)")
        report = json.loads(machine.job.wait(60).stdout)
        equal(report["whole"], CHANNELS, "channels that are whole")
        told = json.loads(machine.guest.run(NETRA, "verify", "--store", STORE, "--json", timeout=300).stdout)
        equal((told["bad"], told["index"]), (0, "ok"), "faults that verify found, and the index")
        listed = machine.guest.run(f"ls {STORE}/ch*").stdout
        expect(".part" not in listed, f"left as it was: {listed}")
        machine.guest.run(f"umount {MOUNTED}")


@test
def without_sync_more_is_lost():
    """The same with --no-sync: what is lost shows that these tests can fail."""
    folder, clip, image = shared()
    random_ = random.Random(SEED + 1)
    with Machine(folder, clip, image) as machine:
        machine.record("--no-sync", *ROTATE)
        time.sleep(2)
        worst, _ = cut_and_check(machine, folder, 2, random_, last=False, synced=False)
    expect(max(worst) > LOSS_S, f"only {max(worst):.2f} s were lost")


if __name__ == "__main__":
    with _stack:
        main()
