#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `meson install` puts into a prefix is whole: a program builds against
it with pkg-config alone, static and shared, and reads a frame."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, NETRA, ROOT, Skip, equal, expect, main, run, test  # noqa: E402

_folder = tempfile.TemporaryDirectory(prefix="netra-install-")
FOLDER = pathlib.Path(_folder.name)
STAGE = FOLDER / "stage"


def one(pattern):
    """The one installed file of that name."""
    found = list(STAGE.rglob(pattern))
    expect(len(found) == 1, f"{len(found)} files {pattern} are installed")
    return found[0]


def flags(*options):
    """What pkg-config says of the installed package, with nothing else in sight."""
    environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(STAGE),
                   "PKG_CONFIG_LIBDIR": str(one("netra.pc").parent)}
    return run("pkg-config", *options, "netra", env=environment).stdout.split()


def first_frame(name, *libraries):
    """Build first_frame.c with these libraries, apart from the sources; run it."""
    program = FOLDER / name
    source = FOLDER / "first_frame.c"
    source.write_text((ROOT / "tests/lib/first_frame.c").read_text(encoding="utf-8"), encoding="utf-8")
    run("cc", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags("--cflags"), "-o", program, source,
        *libraries, cwd=FOLDER)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(one("libnetra.so").parent),
                   "NETRA_EMULATOR": str(one("netra-emulator"))}
    said = run(program, "emulated:channels=1", one("boot.scr").parent, env=environment).stdout.split()
    version = run(NETRA, "--version").stdout.split()[1]
    equal(said[0], version, "version")
    expect(int(said[1]) > 100, f"a first frame of {said[1]} bytes")
    return program


@test
def shared_library():
    """A program against libnetra.so."""
    program = first_frame("shared", *flags("--libs"))
    expect("libnetra.so.0" in run("ldd", program).stdout, "the program does not use the shared library")


@test
def static_library():
    """The same against libnetra.a: core/ must be inside."""
    libraries = ["-l:libnetra.a" if word == "-lnetra" else word for word in flags("--static", "--libs")]
    program = first_frame("static", *libraries)
    expect("libnetra" not in run("ldd", program).stdout, "the program uses the shared library")


@test
def exported_names():
    """The shared library exports what the headers declare, neither more nor less."""
    declared = set()
    for header in (one("netra.h"), one("error.h")):
        declared |= set(re.findall(r"^(?!typedef)\w.*?\b(netra_\w+)\(", header.read_text(encoding="utf-8"), re.M))
    names = run("nm", "-D", "--defined-only", one("libnetra.so")).stdout.splitlines()
    exported = {line.split()[2].split("@")[0] for line in names if line.split()[1] == "T"}
    equal(sorted(exported), sorted(declared), "exported names")


@test
def found_on_debian():
    """Debian's pkg-config looks in the folder that netra.pc is in."""
    if not pathlib.Path("/etc/debian_version").exists():
        raise Skip("this is not Debian")
    folder = "/" + str(one("netra.pc").parent.relative_to(STAGE))
    looks = run("pkg-config", "--variable", "pc_path", "pkg-config").stdout.strip().split(":")
    expect(folder in looks, f"netra.pc is in {folder}, pkg-config looks in {looks}")


@test
def command():
    """The installed command runs."""
    equal(run(one("bin/netra"), "--version").stdout, run(NETRA, "--version").stdout, "netra --version")


subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet"], check=True,
               stdout=subprocess.DEVNULL, env={**os.environ, "DESTDIR": str(STAGE)})
main()
