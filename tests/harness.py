# SPDX-License-Identifier: BSD-2-Clause
"""What the integration tests share: where things are, bounded runs, and one
way of saying ok, not ok and skip, which ./check adds up."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("NETRA_BUILD", ROOT / "build")).resolve()
NETRA = BUILD / "netra"
EMULATOR = BUILD / "emulator" / "netra-emulator"
VIDEO = pathlib.Path(os.environ.get("NETRA_VIDEO", ROOT.parent / "shared" / "video"))

_tests = []
_only = sys.argv[1:]


class Skip(Exception):
    """Raised by a test that cannot run here; says why."""


class Failure(Exception):
    """Raised by a check that does not hold."""


def test(function):
    """Register a test; its docstring's first line is what it shows."""
    _tests.append((function.__name__, function, (), {}))
    return function


def add(name, function, *arguments, **keywords):
    """Register a test made in a loop."""
    _tests.append((name, function, arguments, keywords))


def expect(condition, message):
    if not condition:
        raise Failure(message)


def equal(got, wanted, what):
    expect(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def run(*command, timeout=60, check=True, **keywords):
    """Run a command to its end; what it printed is in the result as text."""
    keywords.setdefault("stdout", subprocess.PIPE)
    keywords.setdefault("stderr", subprocess.PIPE)
    keywords.setdefault("stdin", subprocess.DEVNULL)
    keywords.setdefault("text", True)
    words = [str(word) for word in command]
    try:
        result = subprocess.run(words, timeout=timeout, **keywords)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"still running after {timeout} s: {' '.join(words)}") from late
    if check and result.returncode != 0:
        raise Failure(f"exit status {result.returncode}: {' '.join(words)}\n{result.stderr}")
    return result


def fetch(what, *arguments):
    """Where scripts/fetch-WHAT put it; skips where it cannot be had."""
    result = run(ROOT / "scripts" / f"fetch-{what}", *arguments, timeout=3600, check=False)
    if result.returncode:
        raise Skip(result.stderr.strip())
    return pathlib.Path(result.stdout.strip())


def videos():
    """The shared test videos; skips where they are absent."""
    if not VIDEO.is_dir():
        raise Skip(f"no test videos at {VIDEO} (set NETRA_VIDEO)")
    return sorted(p for p in VIDEO.iterdir() if p.suffix in (".264", ".h264", ".jsv", ".mp4"))


class Emulator:
    """An emulated board on a socket of its own, for the life of a `with`."""

    def __init__(self, *options, folder=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="netra-test-", dir=folder))
        self.socket = self.folder / "board.sock"
        self.stats_file = self.folder / "stats.json"
        self.log = open(self.folder / "emulator.log", "w+", encoding="utf-8")
        self.words = [str(EMULATOR), "--socket", str(self.socket), "--stats", str(self.stats_file),
                      *[str(option) for option in options]]
        self.process = self._begin()

    def _begin(self):
        return subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    @property
    def name(self):
        return f"vfio-user:{self.socket}"

    def __enter__(self):
        wait_for(lambda: self.socket.exists() or self.process.poll() is not None, 30,
                 "the emulated board's socket")
        expect(self.process.poll() is None, f"emulator ended at once: {self.text()}")
        return self

    def kill(self):
        """A board pulled out of its slot."""
        self.process.kill()
        self.process.wait()

    def again(self):
        """Another one in the same slot."""
        self.socket.unlink(missing_ok=True)
        self.process = self._begin()
        self.__enter__()

    def __exit__(self, *_):
        self.stop()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def text(self):
        return (self.folder / "emulator.log").read_text(encoding="utf-8")

    def stats(self):
        """The board's own counters; ends the board."""
        self.stop()
        return json.loads(self.stats_file.read_text(encoding="utf-8"))


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s for {what}")
        time.sleep(0.01)


def recorded(store, channel, part=False):
    """The one file of a channel in a store, whole or (part) being written."""
    folder = pathlib.Path(store) / f"ch{channel:02d}"
    files = sorted(path for path in folder.glob("*.mp4*") if path.name.endswith(".part") == part)
    expect(len(files) == 1, f"files in {folder}: {[path.name for path in folder.glob('*')]}")
    return files[0]


def frame_hashes(path):
    """MD5 and size of each decoded frame, in presentation order."""
    result = run("ffmpeg", "-v", "quiet", "-threads", 1, "-i", path, "-map", "0:v:0",
                 "-fps_mode", "passthrough", "-f", "framemd5", "-", timeout=300)
    lines = [line for line in result.stdout.splitlines() if line and line[0] != "#"]
    return [tuple(word.strip() for word in line.split(",")[4:6]) for line in lines]


def nal_units(data):
    """NAL units of an Annex B stream, without trailing zero bytes."""
    units = []
    position = data.find(b"\0\0\1")
    while position >= 0:
        following = data.find(b"\0\0\1", position + 3)
        unit = data[position + 3:following if following >= 0 else len(data)]
        unit = unit.rstrip(b"\0")
        if unit:
            units.append(unit)
        position = following
    return units


def _run_one(counts, name, function, arguments, keywords):
    begin = time.monotonic()
    try:
        function(*arguments, **keywords)
        counts["passed"] += 1
        print(f"ok      {name} ({time.monotonic() - begin:.1f} s)", flush=True)
    except Skip as why:
        counts["skipped"] += 1
        print(f"skip    {name}: {why}", flush=True)
    except Failure as why:
        counts["failed"] += 1
        print(f"FAILED  {name}: {why}", flush=True)
    except Exception:  # a broken test is a failed one
        counts["failed"] += 1
        print(f"FAILED  {name}:\n{traceback.format_exc()}", flush=True)


def main(jobs=1):
    """Run what was registered, up to so many at a time; exit status 1 if anything failed."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    wanted = [entry for entry in _tests if not _only or any(word in entry[0] for word in _only)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for entry in wanted:
            pool.submit(_run_one, counts, *entry)
    print(", ".join(f"{number} {word}" for word, number in counts.items()))
    sys.exit(1 if counts["failed"] else 0)
