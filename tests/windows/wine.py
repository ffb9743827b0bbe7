#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Windows driver, library and command under Wine: netra.sys as it was built,
on a loader of our own (tests/windows/wine/), installed by its INF, and netra.exe
with real footage from an emulated board."""

import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402
from harness import ROOT, Failure, Skip, add, equal, expect, run, test, wait_for  # noqa: E402

BUILD = pathlib.Path(os.environ.get("NETRA_MINGW", ROOT / "build-mingw"))
HERE = ROOT / "tests" / "windows" / "wine"
HARDWARE = r"PCI\VEN_104C&DEV_B800"
BOARD = r"\\.\Netra0"
IMAGES = ("u-boot.bin", "boot.scr", "uImage", "ramdisk.img")
# One a channel, which ends once. The longest lasts half a minute.
FOOTAGE = ("car-detection.mp4", "VID_1280x720_cabac_temporal_direct.264",
           "CVFC1_Sony_C.jsv", "test_cif_P_CABAC_slice.264")


def program(name):
    for path in (shutil.which(name), f"/usr/lib/wine/{name}"):
        if path and os.access(path, os.X_OK):
            return path
    raise Skip(f"no {name}: run scripts/install-packages wine")


class Windows:
    """A Wine prefix with the driver installed on an emulated board."""

    def __init__(self, *options):
        self.wine = program("wine64")
        self.server = shutil.which("wineserver") or program("wineserver64")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="netra-wine-"))
        self.prefix = self.folder / "prefix"
        self.drive = self.prefix / "drive_c"
        self.environment = {**os.environ, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all",
                            "WINEDLLOVERRIDES": "mscoree,mshtml,winedbg.exe=", "DISPLAY": ""}
        self.board = harness.Emulator(*options)
        self.bridge = self.holder = None
        self.late = ""
        self.log = open(self.folder / "driver.log", "w+", encoding="utf-8")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            run(self.server, "-k", env=self.environment, check=False, timeout=30)
        finally:
            for process in (self.holder, self.bridge):
                if process:
                    process.kill()
                    process.wait()
            self.board.__exit__()
            self.log.close()
            sys.stdout.write(self.told())
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        run(self.wine, "wineboot", "-i", env=self.environment, timeout=180, stderr=subprocess.DEVNULL)
        run(self.server, "-w", env=self.environment, timeout=120)
        self.copy_files()
        self.board.__enter__()
        port = self.drive / "windows" / "netra-board.txt"
        self.bridge = subprocess.Popen(
            [sys.executable, HERE / "bridge.py", self.board.socket, port],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_for(lambda: port.exists() or self.bridge.poll() is not None, 30, "the bridge")
        # Wine ends its drivers with the last program: this one stays. It is the first, so
        # the drivers' process has its log, and Wine checks the heaps there.
        self.holder = subprocess.Popen([self.wine, "cmd", "/c", "echo started& set /p x="],
                                       stdin=subprocess.PIPE, stdout=self.log, stderr=self.log,
                                       env={**self.environment, "WINEDEBUG": "-all,+pid,err+heap,warn+heap"})
        wait_for(lambda: "started" in self.told(), 60, "Wine to start")

    def told(self):
        """What Wine, the bridge and the loader have said."""
        files = self.folder / "driver.log", self.drive / "windows" / "netra-shim.log"
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files if path.exists())

    def check_driver(self):
        """That its process lives, and Wine finds no fault with its heaps."""
        told = self.told()
        expect(not self.late, f"{self.late} has not ended: nothing more is tried")
        for line in told.splitlines():
            expect("shim: FATAL" not in line, f"the driver's process has ended: {line}")
        for process in re.findall("^shim: process ([0-9a-f]+)$", told, re.M):
            found = re.search(f"^{process}:.*(err|warn):heap:.*", told, re.M)
            expect(not found, f"the heap of the driver's process: {found and found[0]}")

    def copy_files(self):
        """What a driver's disk holds, beside its INF; the command; the loader."""
        disk, netra = self.drive / "disk", self.drive / "netra"
        disk.mkdir()
        netra.mkdir()
        for path in (BUILD / "driver/netra.sys",
                     *(harness.BUILD / "firmware" / image for image in IMAGES)):
            shutil.copy(path, disk)
        # Wine knows no versions of Windows in names of sections.
        inf = (ROOT / "os/windows/netra.inf").read_text(encoding="utf-8")
        expect(".NTamd64.10.0]" in inf, "the INF is not for Windows 10 and later")
        (disk / "netra.inf").write_text(inf.replace("NTamd64.10.0", "NTamd64"), encoding="utf-8")
        for path in ("cli/netra.exe", "lib/netra.dll", "tests/windows/wine/frames.exe",
                     "tests/windows/wine/waits.exe", "tests/windows/wine/install-board.exe"):
            shutil.copy(BUILD / path, netra)
        shutil.copy(BUILD / "tests/windows/wine/wdfldr.sys", self.drive / "windows/system32/drivers")

    def run(self, name, *arguments, check=True, timeout=60):
        """A Windows program. To files: a pipe might be inherited, and never end."""
        out, err = self.folder / "out", self.folder / "err"
        self.check_driver()
        self.late = f"{name} {' '.join(map(str, arguments))}"
        with open(out, "w", encoding="utf-8") as o, open(err, "w", encoding="utf-8") as e:
            result = run(self.wine, self.drive / "netra" / name, *arguments, timeout=timeout,
                         check=False, env=self.environment, cwd=self.drive, stdout=o, stderr=e)
        self.late = ""
        self.check_driver()
        result.stdout, result.stderr = (path.read_text(encoding="utf-8") for path in (out, err))
        if check and result.returncode:
            raise Failure(f"{name} {' '.join(map(str, arguments))}: exit status "
                          f"{result.returncode}\n{result.stderr}")
        return result

    def netra(self, verb, *arguments, **keywords):
        return self.run("netra.exe", verb, BOARD, *arguments, **keywords)

    def install(self):
        self.run("install-board.exe", r"C:\disk\netra.inf", HARDWARE)
        for image in IMAGES:
            expect((self.drive / "windows/system32/drivers/netra" / image).exists(),
                   f"the INF did not copy {image}")
        wait_for(lambda: "attached" in self.run("netra.exe", "list").stdout, 60,
                 "the board to be attached")

    def status(self):
        return json.loads(self.netra("status", "--json").stdout)

    def begin(self, name, *arguments):
        """A program that goes on; the process is the Windows program's own."""
        return subprocess.Popen([self.wine, self.drive / "netra" / name, *map(str, arguments)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=self.environment, cwd=self.drive)


windows = None
sources = []
lasting = contextlib.ExitStack()


@functools.cache
def real():
    """One whose board plays the same files in real time: its rings have room for seconds."""
    other = lasting.enter_context(Windows(*board_options("realtime")))
    other.install()
    return other


@functools.cache
def live():
    """A second one, whose board never ends, in real time."""
    other = lasting.enter_context(Windows("--channels", 4))
    other.install()
    return other


@test
def install():
    """The INF installs the driver, which boots the board and attaches it."""
    windows.install()


@test
def listed():
    """netra list: the board, its ids, BARs, link, driver and state"""
    (entry,) = json.loads(windows.run("netra.exe", "list", "--json").stdout)
    equal((entry["board"], entry["vendor_id"], entry["device_id"], entry["soc"], entry["driver"],
           entry["state"]), (BOARD, 0x104C, 0xB800, "dm8168", "netra", "attached"), "entry")
    equal(entry["bar_bytes"][:4], [4096, 8 << 20, 16 << 20, 256 << 20], "BARs")


def decoded(path):
    frames = harness.frame_hashes(path)
    expect(frames, f"{path} has no frames")
    return frames


def same_pictures(path, channel, rest=False):
    """All of the source's pictures; or, with rest, its last ones."""
    got, wanted = decoded(path), decoded(sources[channel])
    if rest:
        wanted = wanted[-len(got):]
    expect(got == wanted, f"channel {channel}: {len(got)} pictures are not the {len(wanted)} "
           "of its source")


@test
def captured():
    """netra capture: the pictures of a file, to its end"""
    result = windows.netra("capture", "-c", 1, "-o", r"C:\one.264", "--json")
    told = json.loads(result.stdout)
    equal((told["dropped"], told["ended"]), (0, True), "account")
    same_pictures(windows.drive / "one.264", 1)


@test
def recorded():
    """netra record: all channels into a store, whole files, the pictures of their sources"""
    told = json.loads(real().netra("record", "--store", r"C:\store", "--json", "--quiet",
                                   timeout=300).stdout)
    equal((told["whole"], told["dropped"]), (len(sources), 0), "account")
    for channel, one in enumerate(told["channels"]):
        equal((one["channel"], one["whole"], one["error"]), (channel, True, ""), "channel")
        files = sorted((real().drive / "store" / f"ch{channel:02}").iterdir())
        equal([file.suffix for file in files], [".mp4"], f"files of channel {channel}")
        same_pictures(files[0], channel)


def by(where, way, channel, rest=False):
    """All of a channel's frames, by a program that goes the way."""
    here = where()
    path = here.drive / f"{way}.264"
    told = json.loads(here.run("frames.exe", BOARD, channel, way, f"C:\\{way}.264").stdout)
    equal((told["lost"], told["stale"]), (0, 0), "lost and stale frames")
    expect(told["frames"], "no frames")
    same_pictures(path, channel, rest)


add("frames_mapped", by, lambda: windows, "map", 2)
add("frames_copied", by, lambda: windows, "copy", 3)
# A board that is in a hurry takes frames back that are held for long.
add("frames_held", by, real, "hold", 1)


@test
def killed_client():
    """A program that is killed while it holds frames leaves the driver well."""
    other = real()
    path = other.drive / "killed.264"
    process = other.begin("frames.exe", BOARD, 1, "hold", r"C:\killed.264")
    wait_for(lambda: path.exists() and path.stat().st_size > 100000, 60, "its first frames")
    expect(process.poll() is None, "it ended before it could be killed")
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: other.status()["channels"][1]["readers"] == 0, 30,
             "the driver to have closed its reader")
    equal(other.status()["state"], "attached", "state")
    # The channel stood still with it, and goes on where it stood.
    by(real, "map", 1, rest=True)
    by(real, "map", 1)


@test
def two_clients():
    """Two programs read the same channel; one is killed, the other loses nothing."""
    other = real()
    path = other.drive / "other.264"
    process = other.begin("frames.exe", BOARD, 1, "hold", r"C:\other.264")
    wait_for(lambda: path.exists() and path.stat().st_size > 0, 60, "its first frames")
    first = other.begin("netra.exe", "capture", BOARD, "-c", 1, "-o", "NUL")
    time.sleep(0.5)
    first.kill()
    first.wait()
    equal(process.wait(60), 0, "exit status of the other one")
    same_pictures(path, 1)


@test
def forced_boot():
    """netra boot --force: reset, four images, and frames as before"""
    before = windows.status()["running"]["generation"]
    told = json.loads(windows.netra("boot", "--force", "--json").stdout)
    equal((told["state"], told["channels"]), ("attached", len(sources)), "account")
    expect(windows.status()["running"]["generation"] != before, "the board was not attached anew")
    by(lambda: windows, "copy", 2)


@test
def bundle():
    """netra dump: what a stranger needs to know"""
    text = windows.netra("dump").stdout
    for line in ("driver = netra", "state = attached", "[counters]", "channel3 = state"):
        expect(line in text, f"no '{line}' in it")


@test
def bad_use():
    """Wrong names, options and wishes: one clear line, and the right status"""
    for arguments, status, words in (
            (("status", r"\\.\Netra9"), 1, "no such board"),
            (("status", "/dev/netra0"), 1, "names no board"),
            (("status",), 2, "no board given"),
            (("top", BOARD), 2, "no such verb"),
            (("record", BOARD), 2, "no folder given"),
            (("capture", BOARD, "-c", "9", "-o", "x"), 2, "the board has 4 channels"),
            (("capture", BOARD, "-c", "0", "-o", r"C:\none\x"), 1, "make its folder first"),
            (("boot", BOARD, "--force", "--firmware", "x"), 1, "name no folder"),
            (("status", BOARD, "--sync", "peterson"), 1, "Peterson")):
        result = windows.run("netra.exe", *arguments, check=False)
        equal(result.returncode, status, " ".join(arguments))
        lines = result.stderr.splitlines()
        expect(len(lines) == 1 and words in lines[0], f"{arguments}: {result.stderr}")


@test
def removed():
    """The device is removed: its name is gone, and the board stays as it is."""
    windows.run("install-board.exe", "-r", HARDWARE)
    wait_for(lambda: windows.run("netra.exe", "list", "--json").stdout.strip() == "[]", 30,
             "the board to leave the list")


@test
def cancelled_waits():
    """Waits that are cancelled just as they end: each ends once, one way or the other."""
    told = json.loads(live().run("waits.exe", BOARD, 1000).stdout)
    equal(told["failed"], 0, "waits that failed")
    equal(told["ready"] + told["cancelled"], 1000, "waits")
    expect(told["cancelled"] > 0, "none was cancelled")


@test
def killed_at_any_time():
    """Programs that are killed wherever they are, calls under way included"""
    other = live()
    for n in range(12):
        process = other.begin("frames.exe", BOARD, n % 4, ("map", "copy", "hold")[n % 3], "NUL")
        time.sleep(0.1 + 0.037 * n)
        expect(process.poll() is None, "it ended before it could be killed")
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_for(lambda: not any(channel["readers"] for channel in other.status()["channels"]), 30,
             "the driver to have closed its readers")
    equal(other.status()["state"], "attached", "state")
    told = json.loads(other.netra("capture", "-c", 2, "-n", 50, "-o", r"C:\after.264", "--json").stdout)
    equal((told["frames"], told["dropped"]), (50, 0), "frames after that")


@test
def bench():
    """netra bench: every figure is there and not absurd; how large they are is not tested."""
    told = json.loads(live().netra("bench", "--seconds", "300ms", "--json", timeout=120).stdout)
    equal(told["board"], BOARD, "board")
    entry, = told["results"]
    equal(entry["channels"], 4, "channels")
    expect(entry["window_bytes"] in (1 << 20, 2 << 20, 4 << 20, 8 << 20), f"windows: {entry['window_bytes']}")
    for name in ("memcpy", "read", "zero_copy", "copy"):
        expect(1e4 < entry[f"{name}_bytes_per_second"] < 1e12, f"{name}: {entry[f'{name}_bytes_per_second']}")
    for name in ("zero_copy", "copy"):
        expect(0 < entry[f"{name}_ratio"] < 100, f"{name}: {entry[f'{name}_ratio']}")
    expect(entry["rounds"] >= 5 and entry["frame_bytes"] > 100, f"rounds: {entry}")
    expect(entry["uncached_bytes_per_second"] is None and entry["uncached_why"], "uncached")
    expect("full_speed" not in entry, "a real board has one speed")
    stream = entry["real_time"]
    expect(stream["frames"] > 0 and stream["wakeups"] > 0 and stream["seconds"] >= 0.3, f"stream: {stream}")
    expect(0 < stream["latency_median_us"] <= stream["latency_99_us"] < 10e6, f"latency: {stream}")
    expect(0 <= entry["cpu_ms_per_stream_second"] < 1000, "CPU")
    used = live().run("netra.exe", "bench", "--help").stdout
    expect("--seconds" in used and "emulated" not in used, "its help is of another system")


def board_options(pace):
    options = ["--channels", len(sources), "--loops", 1, "--pace", pace]
    for path in sources:
        options += ["--source", path]
    return options


def prepare():
    """Everything that is needed, or a reason to skip it all."""
    program("wine64")
    if not (BUILD / "cli/netra.exe").exists():
        raise Skip(f"nothing built for Windows in {BUILD}")
    folder = harness.VIDEO
    if not folder.is_dir():
        raise Skip(f"no test videos at {folder} (set NETRA_VIDEO)")
    sources.extend(folder / name for name in FOOTAGE)


if __name__ == "__main__":
    try:
        prepare()
    except Skip as why:
        print(f"skip    wine: {why}\n0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    with lasting, Windows(*board_options("free")) as windows:
        harness.main()
