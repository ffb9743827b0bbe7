# SPDX-License-Identifier: BSD-2-Clause
"""What the benchmarks of recording share: a file system of its own for each
recorder, what its device has written, and what a process costs."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("NETRA_BUILD", ROOT / "build")).resolve()
SECTOR = 512
SBIN = f"{os.environ['PATH']}:/sbin:/usr/sbin"


def fail(text):
    sys.exit(f"netra: {pathlib.Path(sys.argv[0]).name}: {text}")


def run(*words):
    result = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, "PATH": SBIN})
    if result.returncode:
        fail(result.stderr.strip() or f"{words[0]}: exit status {result.returncode}")
    return result.stdout


@contextlib.contextmanager
def file_system(megabytes, kind="ext4", place=None):
    """Folder of a new file system, over a loop device without a second cache. Only root can."""
    if not shutil.which(f"mkfs.{kind}", path=SBIN):
        fail(f"no mkfs.{kind}: install the tools of that file system")
    with tempfile.TemporaryDirectory(prefix="netra-bench-", dir=place) as name:
        image, folder = pathlib.Path(name) / "image", pathlib.Path(name) / "mounted"
        folder.mkdir()
        # Written through once: later writes then change nothing of the file
        # system below but the data.
        run("dd", "if=/dev/zero", f"of={image}", "bs=1M", f"count={megabytes}", "conv=fsync")
        run(f"mkfs.{kind}", "-q", image)
        direct = "on" if os.major(os.stat(name).st_dev) else "off"  # tmpfs has no direct I/O
        device = run("losetup", "--find", "--show", f"--direct-io={direct}", image).strip()
        try:
            run("mount", device, folder)
            try:
                yield folder
            finally:
                run("umount", folder)
        finally:
            run("losetup", "--detach", device)


class Device:
    """The block device below a folder: its counters, and its journal's CPU."""

    def __init__(self, folder):
        number = os.stat(folder).st_dev
        self.path = pathlib.Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
        if not (self.path / "stat").exists():
            fail(f"{folder}: not on a block device: its writes cannot be counted")
        self.journal = next((task for task in pathlib.Path("/proc").glob("[0-9]*")
                             if self._comm(task).startswith(f"jbd2/{self.path.name}-")), None)

    @staticmethod
    def _comm(task):
        try:
            return (task / "comm").read_text()
        except OSError:
            return ""

    def counters(self):
        words = [int(word) for word in (self.path / "stat").read_text().split()]
        cpu = int((self.journal / "schedstat").read_text().split()[0]) if self.journal else 0
        return {"writes": words[4], "bytes": words[6] * SECTOR, "flushes": words[15], "journal_ms": cpu / 1e6}


class Process:
    """A running program and what it has used so far.

    CPU is from the scheduler's accounts of all its threads (ns), between the
    two calls of mark(). Memory is RssAnon + RssFile, the highest of all
    sample()s; what remains of the resident memory (RssShmem) is, for netra, the
    arena and the board's BARs, which are the board's memory."""

    def __init__(self, words, **keywords):
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, **keywords)
        self.proc = pathlib.Path(f"/proc/{self.process.pid}")
        self.peak_kb = {"RssAnon": 0, "RssFile": 0, "RssShmem": 0, "sum": 0}
        self.begin = None
        self.cpu_ms = None

    def cpu_ns(self):
        return sum(int((task / "schedstat").read_text().split()[0]) for task in (self.proc / "task").iterdir())

    def sample(self):
        text = (self.proc / "status").read_text()
        now = {name: int(value) for name, value in re.findall(r"^(Rss\w+):\s+(\d+) kB", text, re.M)}
        now["sum"] = now["RssAnon"] + now["RssFile"]
        for name in self.peak_kb:
            self.peak_kb[name] = max(self.peak_kb[name], now[name])

    def mark(self):
        """First call: the measurement begins. Second: it ends."""
        now = (time.monotonic(), self.cpu_ns())
        if self.begin is None:
            self.begin = now
        else:
            seconds = now[0] - self.begin[0]
            self.cpu_ms = (now[1] - self.begin[1]) / 1e6 / seconds

    def alive(self, name):
        if self.process.poll() is not None:
            fail(f"{name} ended early with status {self.process.returncode}")


def calls_a_second(processes, seconds):
    """System calls of each process, all threads, counted by strace; None without it."""
    if not shutil.which("strace"):
        return [None] * len(processes)
    tracers = []
    with contextlib.ExitStack() as stack:
        for process in processes:
            table = stack.enter_context(tempfile.NamedTemporaryFile("r", prefix="netra-strace-"))
            tracer = subprocess.Popen(["strace", "-f", "-c", "-o", table.name, "-p", str(process.process.pid)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            tracers.append((tracer, table, time.monotonic()))
        time.sleep(seconds)
        rates = []
        for tracer, table, begin in tracers:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(10)
            found = re.search(r"^100\.00\s+\S+\s+\S*?\s+(\d+)\s.*total$", table.read(), re.M)
            rates.append(int(found[1]) / (time.monotonic() - begin) if found else None)
    return rates
