#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""netra.sys as two compilers make it, and what Windows and its rules ask of it:
imports of an allow list, no memory both writable and executable, a right
checksum, control-flow guard; and static analysis of the driver's source."""

import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import ROOT, Failure, add, equal, expect, main, run, test  # noqa: E402

DRIVER = ROOT / "os" / "windows"
HEADERS = pathlib.Path("/usr/share/mingw-w64/include")
ALLOWED = {tuple(line.split()) for line in (pathlib.Path(__file__).parent / "imports.txt").read_text().splitlines()
           if not line.startswith("#")}
_folder = tempfile.TemporaryDirectory(prefix="netra-pe-")
FOLDER = pathlib.Path(_folder.name)

AMD64, NATIVE = 0x8664, 1
HIGH_ENTROPY, DYNAMIC_BASE, NX, GUARD_CF = 0x20, 0x40, 0x100, 0x4000
EXECUTE, WRITE = 0x20000000, 0x80000000
EXPORTS, IMPORTS, EXCEPTIONS, RELOCATIONS, DEBUG, LOAD_CONFIG = 0, 1, 3, 5, 6, 10


class Image:
    """A PE file, as much of it as is looked at."""

    def __init__(self, path):
        self.data = path.read_bytes()
        self.pe = self.u32(0x3c)
        equal(self.data[self.pe:self.pe + 4], b"PE\0\0", "signature")
        self.machine, count = struct.unpack_from("<HH", self.data, self.pe + 4)
        self.optional = self.pe + 24
        self.entry = self.u32(self.optional + 16)
        self.base = struct.unpack_from("<Q", self.data, self.optional + 24)[0]
        self.checksum = self.u32(self.optional + 64)
        self.subsystem, self.flags = struct.unpack_from("<HH", self.data, self.optional + 68)
        self.sections = []
        at = self.optional + struct.unpack_from("<H", self.data, self.pe + 20)[0]
        for i in range(count):
            name = self.data[at + 40 * i:at + 40 * i + 8].rstrip(b"\0").decode()
            size, address, raw_size, raw = struct.unpack_from("<4I", self.data, at + 40 * i + 8)
            self.sections.append((name, address, max(size, raw_size), raw, self.u32(at + 40 * i + 36)))

    def u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def section(self, rva):
        for section in self.sections:
            if section[1] <= rva < section[1] + section[2]:
                return section
        raise Failure(f"{rva:#x} is in no section")

    def at(self, rva):
        _, address, _, raw, _ = self.section(rva)
        return raw + rva - address

    def text(self, rva):
        begin = self.at(rva)
        return self.data[begin:self.data.index(b"\0", begin)].decode()

    def directory(self, index):
        return struct.unpack_from("<II", self.data, self.optional + 112 + 8 * index)

    def imports(self):
        at = self.at(self.directory(IMPORTS)[0])
        while self.u32(at):
            library, thunk = self.text(self.u32(at + 12)).lower(), self.at(self.u32(at))
            while (name := struct.unpack_from("<Q", self.data, thunk)[0]):
                expect(not name >> 63, f"{library}: an import by number")
                yield library, self.text(name + 2)
                thunk += 8
            at += 20

    def sum(self):
        total = 0
        for (word,) in struct.iter_unpack("<H", self.data + bytes(-len(self.data) % 2)):
            total += word
        total -= (self.checksum & 0xffff) + (self.checksum >> 16)
        while total >> 16:
            total = (total & 0xffff) + (total >> 16)
        return total + len(self.data)


def build(compiler):
    folder = FOLDER / compiler
    if not (folder / "netra.sys").exists():
        run(DRIVER / "build", compiler, folder, timeout=600)
    return Image(folder / "netra.sys")


def is_a_driver(compiler):
    """A native 64-bit image that can be moved, with a checksum Windows accepts."""
    image = build(compiler)
    equal(image.machine, AMD64, "machine")
    equal(image.subsystem, NATIVE, "subsystem")
    for flag in (HIGH_ENTROPY, DYNAMIC_BASE, NX):
        expect(image.flags & flag, f"flag {flag:#x} is missing in {image.flags:#x}")
    expect(image.section(image.entry)[4] & EXECUTE, "the entry is not in code")
    expect(image.directory(RELOCATIONS)[1] > 0, "no relocations")
    expect(image.directory(EXCEPTIONS)[1] > 0, "no unwind information")
    equal(image.directory(EXPORTS)[1], 0, "bytes of exports")
    equal(image.checksum, image.sum(), "checksum")


def imports_what_it_may(compiler):
    """Nothing but what the allow list has, and nothing there is not imported by any."""
    imports = set(build(compiler).imports())
    expect(imports, "no imports at all")
    equal(sorted(imports - ALLOWED), [], "imports that are not allowed")


def has_no_writable_code(compiler):
    """No section is both writable and executable."""
    for name, _, _, _, flags in build(compiler).sections:
        expect(not (flags & EXECUTE and flags & WRITE), f"{name} is writable and executable")


@test
def guards_its_control_flow():
    """clang's has a load configuration with a table of the functions called indirectly."""
    image = build("clang")
    expect(image.flags & GUARD_CF, f"GUARD_CF is missing in {image.flags:#x}")
    config = image.at(image.directory(LOAD_CONFIG)[0])
    check, dispatch, table, count = struct.unpack_from("<4Q", image.data, config + 112)
    flags = image.u32(config + 144)
    expect(flags & 0x100 and flags & 0x400, f"guard flags {flags:#x}")
    expect(20 < count < 500, f"{count} functions in its table")
    expect(table > image.base, "its table is nowhere")
    for pointer in (check, dispatch):
        target = struct.unpack_from("<Q", image.data, image.at(pointer - image.base))[0]
        expect(image.section(target - image.base)[4] & EXECUTE, "a guard's pointer leads nowhere")
        expect(not image.section(pointer - image.base)[4] & WRITE, "a guard's pointer is writable")
    expect((FOLDER / "clang" / "netra.pdb").stat().st_size > 10000, "no PDB")
    expect(image.directory(DEBUG)[1] > 0, "it does not say which PDB is its own")


@test
def allow_list_has_nothing_more():
    """Each line of the allow list is needed by one of the two."""
    used = set(build("clang").imports()) | set(build("gcc").imports())
    equal(sorted(ALLOWED - used - {("ntoskrnl.exe", "memcmp")}), [], "lines that nobody needs")


@test
def interface_is_the_same_for_all_programs():
    """netra_ioctl.h, whose assertions hold for 32 and 64 bits, for mingw-w64 and MSVC."""
    source = FOLDER / "program.c"
    source.write_text("#include <windows.h>\n#include <winioctl.h>\n#include \"os/windows/netra_ioctl.h\"\n")
    plain = FOLDER / "plain.c"
    plain.write_text("#define CTL_CODE(t, f, m, a) (((t) << 16) | ((a) << 14) | ((f) << 2) | (m))\n"
                     "#define METHOD_BUFFERED 0\n#define METHOD_OUT_DIRECT 2\n"
                     "#define FILE_READ_DATA 1\n#define FILE_WRITE_DATA 2\n"
                     "#include \"os/windows/netra_ioctl.h\"\n")
    for machine in ("i686", "x86_64"):
        run("clang-19", f"--target={machine}-w64-windows-gnu", "-isystem", HEADERS, "-I", ROOT,
            "-fsyntax-only", source)
        run("clang-19", f"--target={machine}-pc-windows-msvc", "-I", ROOT, "-fsyntax-only", plain)
    run("gcc", "-m64", "-I", ROOT, "-fsyntax-only", plain)


SOURCES = sorted(DRIVER.glob("*.c")) + [DRIVER / "kmdf" / "bind.c"]
TIDY = ("--target=x86_64-w64-windows-gnu", "-std=gnu11", "-fms-extensions", "-Wno-#warnings",
        "-Wno-ignored-attributes", "-Wno-unused-function", "-isystem", HEADERS / "ddk", "-isystem", HEADERS,
        "-I", DRIVER / "kmdf", "-I", ROOT)


@test
def source_is_clean():
    """clang-tidy, and with it the static analyzer, find nothing in the driver."""
    running = []
    for part in (SOURCES[::2], SOURCES[1::2]):
        command = ["clang-tidy-19", "--quiet", "--warnings-as-errors=*", *part, "--", *TIDY]
        running.append(subprocess.Popen([str(word) for word in command], cwd=ROOT, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    for process in running:
        out, _ = process.communicate(timeout=600)
        expect(process.returncode == 0, out[-4000:])


for _compiler in ("clang", "gcc"):
    for _test in (is_a_driver, imports_what_it_may, has_no_writable_code):
        add(f"{_test.__name__}_{_compiler}", _test, _compiler)

if __name__ == "__main__":
    main()
