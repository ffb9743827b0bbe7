#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Linux modules compile for each kernel without a word, W=1 and sparse
included, and checkpatch has nothing to say about their source."""

import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import ROOT, add, equal, expect, fetch, main, run, test  # noqa: E402

KERNELS = ("6.1", "6.12")
NOT_ASKED = (
    "LINUX_VERSION_CODE",   # one source serves two kernels and asks where they differ
    "BIT_MACRO",            # programs, which have no BIT(), share headers with the driver
)


def builds(kernel):
    """Everything anew, so that every warning shows."""
    headers = fetch("headers", kernel)
    with tempfile.TemporaryDirectory(prefix="netra-modules-") as out:
        said = run("make", "-s", "-C", ROOT / "tests" / "linux" / "module", f"KERNEL={headers}", f"OUT={out}",
                   "W=1", "C=2", f"-j{os.cpu_count()}", timeout=600)
        equal(said.stdout + said.stderr, "", "what the compilers said")
        for name in ("netra", "netra_memory"):
            version = run("modinfo", "-F", "vermagic", f"{out}/os/linux/{name}.ko").stdout
            expect(version.startswith(f"{kernel}."), f"{name}.ko is for {version.strip()}")


for number in KERNELS:
    add(f"builds_for_{number}", builds, number)


@test
def dkms():
    """What scripts/install-driver puts on a machine builds there, in a tree of its own."""
    with tempfile.TemporaryDirectory(prefix="netra-dkms-") as root:
        run(ROOT / "scripts" / "install-driver", "--root", root)
        tree = pathlib.Path(root) / "dkms"
        tree.mkdir()
        sources, = (pathlib.Path(root) / "usr" / "src").iterdir()
        name, version = sources.name.split("-", 1)
        headers = fetch("headers", KERNELS[0])
        release = run("make", "-s", "-C", headers, "kernelrelease").stdout.split()[-1]
        run("dkms", "build", f"{name}/{version}", "-k", release, "--kernelsourcedir", headers, "--dkmstree", tree,
            "--sourcetree", sources.parent, timeout=600)
        built = sorted(path.name for path in tree.rglob("*.ko"))
        equal(built, ["netra.ko", "netra_memory.ko"], "what it built")


@test
def checkpatch():
    # trace.h is a list of macros in the shape that all such lists have, which checkpatch cannot read.
    files = sorted(file for folder in ("os/linux", "tests/linux") for file in (ROOT / folder).rglob("*.[ch]")
                   if file.name != "trace.h")
    said = run(fetch("linux-source") / "checkpatch.pl", "--no-tree", "--strict", "--quiet", "--no-summary",
               "--terse", "--show-types", "--ignore", ",".join(NOT_ASKED), "-f", *files, check=False)
    equal(said.stdout + said.stderr, "", "what it said")


if __name__ == "__main__":
    main()
