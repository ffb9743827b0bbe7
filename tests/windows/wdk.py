#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The driver against Microsoft's own headers, where a NuGet registry has them:
the WDK for the driver, else at least the SDK for its interface. Fetched into
.cache/wdk by `dotnet restore`; a gigabyte or so, none of it is ours to pass on."""

import json
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import ROOT, Skip, equal, expect, main, run, test  # noqa: E402

DRIVER = ROOT / "os" / "windows"
CACHE = ROOT / ".cache" / "wdk"
MINGW = pathlib.Path("/usr/share/mingw-w64/include")
SDK = ("Microsoft.Windows.SDK.CPP", "10.0.26100.*")
WDK = ("Microsoft.Windows.WDK.x64", "10.0.26100.*")
PROJECT = """<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>netstandard2.0</TargetFramework>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
    <NoWarn>NU1701;NU1604</NoWarn>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="{}" Version="{}" ExcludeAssets="all" /></ItemGroup>
</Project>
"""
_restored = {}


def restore(package):
    """The folder of a package's include directory; skips where it cannot be had."""
    name, version = package
    if not shutil.which("dotnet"):
        raise Skip("no dotnet here")
    if name not in _restored:
        folder = CACHE / "projects" / name
        folder.mkdir(parents=True, exist_ok=True)
        project = folder / "fetch.csproj"
        project.write_text(PROJECT.format(name, version))
        _restored[name] = run("dotnet", "restore", project, "--packages", CACHE / "packages",
                              timeout=1800, check=False)
    result = _restored[name]
    if result.returncode:
        if "NU1101" in result.stdout or "NU1102" in result.stdout:
            raise Skip(f"the NuGet registry does not have {name}")
        raise Skip(f"{name} cannot be fetched: dotnet restore ended with {result.returncode}")
    found = sorted((CACHE / "packages" / name.lower()).glob("*/c/Include"))
    expect(found, f"{name} has no headers")
    return found[-1]


def overlay(roots):
    """Windows' headers include each other with whatever case: a file system that does not care."""
    def directory(path):
        contents = []
        for entry in sorted(os.scandir(path), key=lambda e: e.name):
            if entry.is_dir():
                contents.append(directory(entry.path) | {"name": entry.name})
            else:
                contents.append({"name": entry.name, "type": "file", "external-contents": entry.path})
        return {"type": "directory", "contents": contents}

    path = CACHE / "overlay.json"
    path.write_text(json.dumps({"version": 0, "case-sensitive": "false", "roots": [
        directory(root) | {"name": str(root)} for root in roots]}))
    return path


def compile_with(roots, source, *options, machine="x86_64"):
    includes = [word for root in roots for word in ("-imsvc", root)]
    return run("clang-cl-19", f"--target={machine}-pc-windows-msvc", "/clang:-std=gnu11", "-vfsoverlay", overlay(roots),
               *includes, "/X", "-imsvc", run("clang-19", "-print-resource-dir").stdout.strip() + "/include",
               "-I", ROOT, *options, "--", source, timeout=300)


def sdk_roots():
    version = sorted(restore(SDK).glob("10.*"))[-1]
    return [version / "um", version / "shared", version / "ucrt"]


@test
def codes_are_made_as_in_the_sdk():
    """netra_ioctl.h with the macros of the SDK: its assertions hold, for 32 and 64 bits."""
    um = sdk_roots()[0]
    text = (um / "winioctl.h").read_text(encoding="latin-1") + (um / "winnt.h").read_text(encoding="latin-1")
    lines = []
    for name in (r"CTL_CODE\(", r"METHOD_BUFFERED\b", r"METHOD_OUT_DIRECT\b", r"FILE_READ_DATA\b", r"FILE_WRITE_DATA\b"):
        found = re.search(r"^#define\s+" + name + r"(?:.*\\\r?\n)*.*$", text, re.M)
        expect(found, f"the SDK has no {name}")
        lines.append(found.group(0).replace("\r", ""))
    source = CACHE / "codes.c"
    source.write_text("\n".join([*lines, "#include \"os/windows/netra_ioctl.h\"", ""]))
    for machine in ("i686", "x86_64"):
        run("clang-19", f"--target={machine}-pc-windows-msvc", "-I", ROOT, "-fsyntax-only", source)


@test
def statuses_are_microsofts():
    """Each status that the driver returns has the value of the SDK's ntstatus.h."""
    names = set()
    for path in DRIVER.glob("*.[ch]"):
        names |= set(re.findall(r"\bSTATUS_[A-Z_]+\b", path.read_text()))
    names -= {"STATUS_WAIT"}
    expect(len(names) > 20, "the driver returns no statuses")

    def values(text):
        found = dict(re.findall(r"#define (STATUS_[A-Z_]+)\s+\(\(NTSTATUS\)\s*(0x[0-9A-Fa-f]+)[UL]*\)", text))
        return {name: int(found[name], 16) for name in names if name in found}

    theirs = values((sdk_roots()[1] / "ntstatus.h").read_text(encoding="latin-1"))
    ours = values((MINGW / "ntstatus.h").read_text(encoding="latin-1"))
    equal(sorted(names - set(theirs)), [], "statuses that the SDK does not know")
    equal({name: ours[name] for name in ours}, {name: theirs[name] for name in ours}, "values")


@test
def driver_compiles_with_the_wdk():
    """The driver with the WDK's headers instead of ours, linked with its libraries.

    Nobody has seen this run yet: no registry that was at hand had the WDK.
    """
    wdk = restore(WDK)
    version = sorted(wdk.glob("10.*"))[-1]
    roots = [version / "km", version / "km" / "crt", wdk / "wdf" / "kmdf" / "1.15", *sdk_roots()[1:]]
    objects = []
    for source in [*sorted(DRIVER.glob("*.c")), *sorted((ROOT / "core").glob("*.c"))]:
        target = CACHE / (source.stem + ".obj")
        compile_with(roots, source, "/c", "/kernel", "/guard:cf", "/D_AMD64_", "/D_WIN64", "/DKMDF_VERSION_MAJOR=1",
                     "/DKMDF_VERSION_MINOR=15", "/D_WIN32_WINNT=0x0A00", "-Wno-everything", f"/Fo{target}")
        objects.append(target)
    libraries = wdk.parent / "Lib"
    run("lld-link-19", "/driver", "/subsystem:native", "/guard:cf", "/entry:FxDriverEntry", "/nodefaultlib",
        f"/out:{CACHE / 'netra.sys'}", *objects,
        *[next(libraries.rglob(name)) for name in ("WdfDriverEntry.lib", "WdfLdr.lib")],
        *[next((libraries / version.name / "km" / "x64").glob(name)) for name in
          ("ntoskrnl.lib", "hal.lib", "BufferOverflowFastFailK.lib")])


if __name__ == "__main__":
    main()
