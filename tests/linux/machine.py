# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the Linux driver: each runs in a guest with emulated boards and the
modules loaded, under every set-up that it asks for, and fails if the kernel
complained meanwhile.

    @on(OFF, PT, FULL)
    def the_board_is_found(m):
        m.guest.run(NETRA, "status", "/dev/netra0")

    if __name__ == "__main__":
        main()

A set-up's tests run in one guest, one after the other; tests/linux/run, which has
those of all the files, runs two such guests at a time.
NETRA_GUEST=debug-kernel runs them on the kernel of scripts/fetch-debug-kernel,
NETRA_GUEST=guest-6.12 on that of scripts/fetch-guest-6.12."""

import contextlib
import dataclasses
import fcntl
import functools
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "vm")]
import harness  # noqa: E402
from harness import BUILD, ROOT, Emulator, Failure, Skip, expect, fetch, run  # noqa: E402
from guest import Guest  # noqa: E402

KERNEL = os.environ.get("NETRA_GUEST", "guest")
DEBUG = KERNEL == "debug-kernel"
# Everything is so much slower there.
PATIENCE = 4 if DEBUG else 1
CHANNELS = 4 if DEBUG else 16

COMPLAINTS = re.compile(
    r"WARNING:|BUG:|Oops|Call Trace|KASAN|UBSAN|ODEBUG|DMA-API:|INFO: |general protection|"
    r"unable to handle|corruption|refcount_t|DMAR: .*fault|kmemleak: \d+ new")


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a guest is made of."""
    name: str
    iommu: str = "off"      # or "pt" (on, but not for the driver's transfers), or "full"
    boards: tuple = (("--channels", CHANNELS),)   # the emulator's options for each
    parameters: str = ""    # of netra.ko
    append: str = ""        # to the kernel's command line
    cpus: int = 2
    memory_mb: int = 1024
    port_speed: int = 5     # GT/s of the ports above the boards
    systemd: bool = False   # is the first process


OFF = Setup("off")
PT = Setup("pt", iommu="pt")
FULL = Setup("full", iommu="full")

_tests = {}     # those of each set-up
_machine = None
_broken = set()


def on(*setups):
    """Register a test, once for each set-up; it gets the Machine."""
    def register(function):
        for setup in setups:
            _tests.setdefault(setup, []).append(function)
        return function
    return register


@contextlib.contextmanager
def building(out):
    """One process at a time builds modules in @out."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@functools.cache
def build_modules():
    """Folder with the modules for the guest's kernel, those of tests/linux/module two above it, and awake/ in it."""
    headers = fetch(KERNEL) / "build" if DEBUG else fetch("headers", "6.12" if KERNEL.endswith("6.12") else "6.1")
    version, = (path.name for path in (fetch(KERNEL) / "lib" / "modules").iterdir())
    out = BUILD / "linux" / version
    modules = out / "os" / "linux"
    with building(out):
        run("make", "-s", "-C", ROOT / "tests" / "linux" / "module", f"KERNEL={headers}", f"OUT={out}", timeout=300)
        shutil.copytree(ROOT / "tests" / "linux" / "awake", modules / "awake", dirs_exist_ok=True)
        run("make", "-s", "-C", headers, f"M={modules / 'awake'}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules",
            timeout=300)
    return modules


class Machine:
    """A guest of one set-up. boards: the Emulators; guest: see tests/vm/guest.py."""

    def __init__(self, setup):
        self.setup = setup
        self.modules = build_modules()
        self.boards = []
        self.guest = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        for options in self.setup.boards:
            board = Emulator(*options)
            self.boards.append(board)
            board.__enter__()
        append = {"off": "", "pt": "iommu=pt", "full": "iommu.strict=1"}[self.setup.iommu]
        guest = Guest(*[board.socket for board in self.boards], iommu=self.setup.iommu != "off",
                      kernel=fetch(KERNEL), append=f"{append} {self.setup.append}", cpus=self.setup.cpus,
                      memory_mb=self.setup.memory_mb, port_speed=self.setup.port_speed,
                      systemd=self.setup.systemd)
        self.guest = guest.__enter__()
        # Firmware is looked for below the first process's root.
        firmware = self.guest.folder / "firmware"
        shutil.copytree(BUILD / "firmware", firmware / "netra")
        root = "" if self.setup.systemd else "/host"
        self.guest.run(f"printf %s {root}{firmware} >/sys/module/firmware_class/parameters/path")
        self.guest.run("mount -t debugfs none /sys/kernel/debug; mount -t tracefs none /sys/kernel/tracing",
                       check=False)
        self.guest.run("dmesg -C")  # not what the kernel says of its own start
        self.log = ""
        self.load()

    def close(self):
        if self.guest:
            self.guest.__exit__()
        for board in self.boards:
            board.__exit__()

    def load(self, parameters=None):
        """Insert what is missing of the two modules and of those they need."""
        words = self.setup.parameters if parameters is None else parameters
        for module, given in (("netra_memory", ""), ("netra", words)):
            file = self.modules / f"{module}.ko"
            needs = run("modinfo", "-F", "depends", file).stdout.strip().split(",")
            needs = " ".join(need for need in needs if need and need != "netra_memory")
            self.guest.run(f"[ -d /sys/module/{module} ] ||",
                           f"{{ modprobe -a {needs} &&" if needs else "{", f"insmod {file} {given}; }}")

    def unload(self, memory=False):
        """Remove netra, and netra_memory only if asked to."""
        self.guest.run("rmmod netra", "netra_memory" if memory else "")

    def reload(self, parameters=None):
        self.unload()
        self.load(parameters)

    def suspend(self, seconds=2):
        """Suspend the guest to idle, and resume it. Every driver is called as
        always; only the CPUs stay awake, as nothing could wake them."""
        self.guest.run(f"[ -d /sys/module/awake ] || insmod {self.modules}/awake/awake.ko")
        self.guest.run(f"echo {seconds} >/sys/module/suspend/parameters/pm_test_delay; cd /sys/power;"
                       "echo platform >pm_test && echo freeze >state; status=$?; echo none >pm_test; exit $status")

    @staticmethod
    def address(board=0):
        """The n-th board's PCI address in the guest."""
        return f"0000:{board + 1:02x}:00.0"

    def sysfs(self, board=0):
        return f"/sys/bus/pci/devices/{self.address(board)}"

    def dmesg(self):
        """What the kernel said since the test began."""
        self.log += self.guest.run("dmesg -c").stdout
        return self.log

    def wait_for_dmesg(self, pattern, seconds=20):
        """The match of @pattern, as soon as the kernel has said it."""
        end = time.monotonic() + seconds * PATIENCE
        while True:
            match = re.search(pattern, self.dmesg())
            if match:
                return match
            if time.monotonic() > end:
                raise Failure(f"waited {seconds * PATIENCE} s for {pattern!r} in:\n{self.log}")
            time.sleep(0.1)

    def dmesg_clean(self, allowed=None):
        """Fail if the kernel complained, other than by lines that match
        @allowed; forget the log. Called after each test."""
        lines = self.dmesg().splitlines()
        self.log = ""
        for number, line in enumerate(lines):
            if COMPLAINTS.search(line) and not (allowed and re.search(allowed, line)):
                context = "\n".join(lines[max(number - 2, 0):number + 60])
                raise Failure(f"the kernel complained:\n{context}")

    def gst(self, *pipeline):
        """A Job that runs the pipeline; looking for plugins would take it 20 s."""
        registry = self.guest.folder / "gstreamer"
        if not registry.exists():
            run("gst-inspect-1.0", "fakesink", env={**os.environ, "GST_REGISTRY": str(registry)})
        return self.guest.start(f"GST_REGISTRY={registry} GST_REGISTRY_UPDATE=no gst-launch-1.0 -q", *pipeline)

    def python(self, text):
        """A Job: a program in the guest that has all of tests/linux/node.py."""
        name = f"{hash(text) & 0xffffffff:x}.py"
        (self.guest.folder / name).write_text(f"from node import *\n{text}", encoding="ascii")
        return self.guest.start(f"PYTHONPATH={ROOT / 'tests' / 'linux'} exec python3 -B", name)

    def leaks(self):
        """What kmemleak finds; only the debug kernel has it."""
        # Nothing younger than 5 s is reported, and nothing at first sight.
        return self.guest.run("f=/sys/kernel/debug/kmemleak; sleep 6; echo scan >$f; sleep 1; echo scan >$f; cat $f",
                              timeout=600).stdout


def machine(setup):
    """The one guest that runs, of this set-up."""
    global _machine
    if _machine and (_machine.setup != setup or not _machine.guest.is_running()):
        close()
    expect(setup not in _broken, "the guest did not start: see the first test")
    if not _machine:
        try:
            _machine = Machine(setup)
        except Failure:
            _broken.add(setup)
            raise
    return _machine


def close():
    global _machine
    if _machine:
        _machine.close()
        _machine = None


def _run(setup, function):
    m = machine(setup)
    m.log = ""
    try:
        function(m)
    except Failure as why:
        if not m.guest.is_running():
            raise
        last = "\n".join(m.dmesg().splitlines()[-40:])
        raise Failure(f"{why}\nthe kernel's last words:\n{last}") from why
    m.dmesg_clean()


def no_leaks(m):
    m.unload(memory=True)
    found = m.leaks()
    expect(not found, f"kmemleak:\n{found}")


def _add(setup):
    for function in _tests[setup] + ([no_leaks] if DEBUG else []):
        harness.add(f"{function.__name__}, {setup.name}", _run, setup, function)


def main():
    """Run what was registered, a set-up at a time."""
    for setup in _tests:
        _add(setup)
    try:
        harness.main()
    finally:
        close()


def _lane(setup, output):
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    _add(setup)
    try:
        harness.main()
    finally:
        close()


def _end_of(setup, process, output, begin):
    """Print what a set-up's process said; its counts."""
    process.join()
    output.seek(0)
    *lines, last = output.read().splitlines() or [""]
    if lines:
        print(f"-- {setup.name}: {time.monotonic() - begin:.0f} s", *lines, sep="\n", flush=True)
    match = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", last)
    if match:
        return [int(count) for count in match.groups()]
    print(f"FAILED  {setup.name}: ended with status {process.exitcode}\n{last}")
    return [0, 1, 0]


def main_in_lanes(lanes, first):
    """Run what was registered, @lanes set-ups at a time, each in a process of
    its own; those named in @first, the longest, before the others."""
    with contextlib.suppress(Failure, Skip):    # each test says it
        build_modules()
    names = [setup.name for setup in _tests]
    expect(len(set(names)) == len(names) and set(first) <= set(names), f"names of set-ups: {names}")
    waiting = sorted(_tests, key=lambda setup: first.index(setup.name) if setup.name in first else len(first))
    running, counts = {}, [0, 0, 0]
    fork = multiprocessing.get_context("fork")
    while waiting or running:
        while waiting and len(running) < lanes:
            setup = waiting.pop(0)
            output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
            process = fork.Process(target=_lane, args=(setup, output))
            process.start()
            running[process.sentinel] = (setup, process, output, time.monotonic())
        for sentinel in multiprocessing.connection.wait(list(running)):
            counts = [sum(pair) for pair in zip(counts, _end_of(*running.pop(sentinel)))]
    print("{} passed, {} failed, {} skipped".format(*counts))
    sys.exit(1 if counts[1] else 0)
