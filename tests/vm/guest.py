# SPDX-License-Identifier: BSD-2-Clause
"""A virtual machine with emulated boards in it, for the life of a `with`.

QEMU attaches each board as a vfio-user client; Debian's kernel boots with a
busybox initramfs that is made here. The guest sees the host's root read-only,
so that it runs the programs that were built here, and one folder, writable, at
the same path on both sides. Nothing is installed and no disk image is made.

QEMU emulates in software: /dev/kvm is not touched. Every wait is bounded."""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from harness import ROOT, Failure, expect, fetch, run, wait_for

BOOT_S = 120
LIFE_S = 1800  # of a guest whose test was killed
COMMAND_S = 60
BOOT_MODULES = ("virtio_pci", "9p", "9pnet_virtio")


def module_order(modules, names):
    """Files of these modules of the tree @modules, each after what it needs;
    none for those that are built in."""
    builtin = (modules / "modules.builtin").read_text(encoding="ascii").split()
    needs = {pathlib.Path(name).stem.replace("-", "_"): [] for name in builtin}
    for line in (modules / "modules.dep").read_text(encoding="ascii").splitlines():
        name, _, after = line.partition(":")
        needs[pathlib.Path(name).stem.replace("-", "_")] = [name, *after.split()]
    order = []
    for name in names:
        # modules.dep names the outermost need first.
        for file in reversed(needs[name.replace("-", "_")]):
            if file not in order:
                order.append(file)
    return order


def write_initramfs(folder, kernel, modprobe, systemd):
    """The archive at folder/initramfs: busybox, init, and the first modules."""
    modules, = (kernel / "lib" / "modules").iterdir()
    tree = folder / "initramfs.d"
    (tree / "bin").mkdir(parents=True)
    (tree / "boot-modules").mkdir()
    (tree / "dev").mkdir()
    shutil.copy(kernel / "busybox", tree / "bin" / "busybox")
    first = module_order(modules, (*BOOT_MODULES, *(["overlay"] if systemd else [])))
    for file in first:
        shutil.copy(modules / file, tree / "boot-modules")
    words = (("insmod", " ".join(pathlib.Path(file).name for file in first)),
             ("modprobe", " ".join(modprobe)), ("systemd", "yes" if systemd else ""),
             ("folder", folder), ("kernel", kernel))
    for name in ("init", "commands"):
        text = (ROOT / "tests" / "vm" / name).read_text(encoding="utf-8")
        for word, value in words:
            text = text.replace(f"@{word}@", str(value))
        (tree / name).write_text(text, encoding="utf-8")
        (tree / name).chmod(0o755)
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with open(folder / "initramfs", "wb") as archive:
        run("cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", input=names, stdin=None,
            stdout=archive, cwd=tree)
    shutil.rmtree(tree)


class Job:
    """A command that runs in the guest."""

    def __init__(self, guest, number, command):
        self.guest, self.number, self.command = guest, number, command
        self.begin = time.monotonic()
        self.end = None
        self.returncode = None
        self.done = threading.Event()

    def _text(self, kind):
        path = self.guest.folder / f"{self.number}.{kind}"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def stdout(self):
        """What the command has printed up to now."""
        return self._text("out")

    @property
    def stderr(self):
        return self._text("err")

    def wait(self, timeout=COMMAND_S, check=True):
        """Wait for its end; the job itself is the result."""
        if not self.done.wait(timeout):
            raise Failure(f"guest: still running after {timeout} s: {self.command}\n{self.stderr}"
                          f"\n{self.guest.console()}")
        expect(self.returncode is not None, f"the guest ended during: {self.command}\n{self.guest.console()}")
        if check and self.returncode:
            raise Failure(f"guest: exit status {self.returncode}: {self.command}\n{self.stderr}")
        return self


class Guest:
    """boards: sockets of emulated boards, the n-th at bus n+1, device 0.
    iommu: translate the boards' transfers. modules: loaded at boot.
    disk: socket of an NBD server, /dev/vda in the guest: volatile cache, sectors of 4096.
    kernel: a folder with vmlinuz, lib/modules/VERSION and busybox.
    port_speed: GT/s of the ports above the boards.
    systemd: it is the first process, on a root that is the host's and may be written to."""

    def __init__(self, *boards, iommu=True, modules=(), kernel=None, append="", memory_mb=1024, cpus=1, disk=None,
                 port_speed=5, systemd=False):
        self._qemu_program = fetch("qemu")
        kernel = kernel or fetch("guest")
        self._temporary = tempfile.TemporaryDirectory(prefix="netra-guest-", ignore_cleanup_errors=True)
        self.folder = pathlib.Path(self._temporary.name)
        self._next = 0
        self._jobs = {}
        self._ready = threading.Event()
        self._ended = False
        self._qmp = None
        self._port, port = socket.socketpair()
        self._monitor, monitor = socket.socketpair()
        write_initramfs(self.folder, kernel, modules, systemd)
        words = [
            "timeout", "-k", 10, LIFE_S, self._qemu_program, "-M", "q35",
            # Fast string instructions would be emulated byte by byte.
            "-accel", "tcg", "-cpu", "max,erms=off,fsrm=off", "-smp", cpus, "-m", f"{memory_mb}M",
            # The boards' processes write into the guest's memory themselves.
            "-object", f"memory-backend-memfd,id=mem,size={memory_mb}M,share=on",
            "-machine", "memory-backend=mem",
            "-kernel", kernel / "vmlinuz", "-initrd", self.folder / "initramfs",
            # The kernel's check of its timer fails in a guest that is not let run in time;
            # what it does against leaks between programs only costs here.
            "-append", "console=ttyS0 panic=-1 loglevel=5 no_timer_check mitigations=off "
                       f"{'intel_iommu=on' if iommu else ''} {append}",
            "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", f"file:{self.folder / 'console'}",
            "-chardev", f"socket,id=port,fd={port.fileno()}", "-serial", "chardev:port",
            "-chardev", f"socket,id=qmp,fd={monitor.fileno()}", "-qmp", "chardev:qmp",
            "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
            "-virtfs", f"local,path={self.folder},mount_tag=folder,security_model=none"]
        if iommu:
            words += ["-device", "intel-iommu,caching-mode=on,intremap=on"]
        if disk:
            words += ["-blockdev", f"nbd,node-name=disk,server.type=unix,server.path={disk}",
                      "-device", "virtio-blk-pci,drive=disk,write-cache=on,logical_block_size=4096,"
                      "physical_block_size=4096"]
        for number, board in enumerate(boards):
            words += ["-device", f"pcie-root-port,id=port{number},chassis={number},bus=pcie.0,x-speed={port_speed}"]
            words += ["-device", json.dumps(self._device(number, board))]
        with open(self.folder / "qemu.log", "w", encoding="utf-8") as log:
            self._process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log,
                                             pass_fds=(port.fileno(), monitor.fileno()))
        port.close()
        monitor.close()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @staticmethod
    def _device(number, board):
        return {"driver": "vfio-user-pci", "id": f"board{number}", "bus": f"port{number}",
                "rombar": 0, "socket": {"type": "unix", "path": str(board)}}

    def _listen(self):
        with self._port.makefile("r", encoding="ascii", errors="replace") as lines:
            for line in lines:
                number, _, status = line.strip().partition(" ")
                if number == "ready":
                    self._ready.set()
                elif number.isdigit() and int(number) in self._jobs:
                    job = self._jobs[int(number)]
                    job.end = time.monotonic()
                    job.returncode = int(status)
                    job.done.set()
        self._ended = True
        for job in list(self._jobs.values()):
            job.done.set()
        self._ready.set()

    def __enter__(self):
        try:
            expect(self._ready.wait(BOOT_S) and not self._ended,
                   f"the guest did not boot (bound: {BOOT_S} s)\n{self.console()}")
        except Failure:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()  # timeout(1) hands it on to QEMU
        self._process.wait()
        self._listener.join(10)
        self._port.close()
        self._monitor.close()
        self._temporary.cleanup()

    def is_running(self):
        return not self._ended and self._process.poll() is None

    def console(self):
        """The last lines of QEMU and of the guest's kernel."""
        text = ""
        for name in ("qemu.log", "console"):
            path = self.folder / name
            if path.exists():
                text += "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]) + "\n"
        return text

    def start(self, *words):
        """Start a shell command, given in words, as root in the guest."""
        self._next += 1
        job = Job(self, self._next, " ".join(str(word) for word in words))
        expect(not self._ended, f"the guest has ended\n{self.console()}")
        self._jobs[job.number] = job
        (self.folder / f"{job.number}.sh").write_text(f"cd '{self.folder}'\n{job.command}\n", encoding="utf-8")
        self._port.sendall(f"{job.number}\n".encode("ascii"))
        return job

    def run(self, *words, timeout=COMMAND_S, check=True):
        return self.start(*words).wait(timeout, check)

    def qmp(self, command, **arguments):
        """One command of QEMU's monitor; what it returns."""
        self._monitor.settimeout(10)
        if not self._qmp:
            self._qmp = self._monitor.makefile("rw", encoding="utf-8")
            json.loads(self._qmp.readline())
            self._qmp_send("qmp_capabilities", {})
        return self._qmp_send(command, arguments)

    def unplug(self, number):
        """Take a board out of the running guest, which is asked to let go of it."""
        self.qmp("device_del", id=f"board{number}")
        wait_for(lambda: f"board{number}" not in
                 [entry["name"] for entry in self.qmp("qom-list", path="/machine/peripheral")],
                 30, "the guest to let go of the board")

    def plug(self, number, board):
        """Put a board into the port that unplug() emptied."""
        end = time.monotonic() + 10
        while True:
            try:
                self.qmp("device_add", **self._device(number, board))
                return
            except Failure as why:
                # The board notices only after QEMU that its client has left.
                if "busy" not in str(why) or time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def _qmp_send(self, command, arguments):
        self._qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._qmp.flush()
        while True:
            answer = json.loads(self._qmp.readline())
            if "error" in answer:
                raise Failure(f"QEMU: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
