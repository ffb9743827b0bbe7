#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The INF and the project file say what the driver's source says. There is no
checker of INFs on Linux: this one knows what ours can get wrong."""

import pathlib
import re
import sys
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import ROOT, equal, expect, main, test  # noqa: E402

DRIVER = ROOT / "os" / "windows"


def read_inf():
    sections, now = {}, None
    for line in (DRIVER / "netra.inf").read_text(encoding="ascii").splitlines():
        line = re.sub(r"(^|\s);.*", "", line).strip()
        if not line:
            continue
        if line.startswith("["):
            now = line.strip("[]")
            expect(now not in sections, f"[{now}] is there twice")
            sections[now] = []
        else:
            sections[now].append(line)
    return sections


INF = read_inf()


def value(section, key):
    for line in INF[section]:
        name, _, rest = line.partition("=")
        if name.strip() == key:
            return rest.strip()
    return None


@test
def sections_fit_together():
    """Each section that is named exists, each that exists is named, strings too."""
    named = set()
    for key in ("AddReg", "CopyFiles"):
        for section in INF:
            if value(section, key):
                named |= {name.strip() for name in value(section, key).split(",")}
    named |= {value("Netra.NT.Services", "AddService").split(",")[2],
              value("Netra.NT.Wdf", "KmdfService").split(",")[1]}
    models, platform = value("Manufacturer", "%Provider%").split(",")
    named.add(f"{models}.{platform}")
    for line in INF[f"{models}.{platform}"]:
        install = line.split("=")[1].split(",")[0].strip()
        named |= {f"{install}.NT", f"{install}.NT.HW", f"{install}.NT.Services", f"{install}.NT.Wdf"}
    known = {"Version", "ClassInstall32", "DestinationDirs", "SourceDisksNames", "SourceDisksFiles",
             "Manufacturer", "Strings"}
    equal(sorted(named | known), sorted(INF), "sections")
    text = "\n".join(line for lines in INF.values() for line in lines)
    used = set(re.findall(r"%([A-Za-z]\w*)%", text))
    equal(sorted(used), sorted(line.split("=")[0].strip() for line in INF["Strings"]), "strings")


@test
def files_are_listed():
    """What is copied is on the disk, and what the registry names is copied."""
    copied = INF["Driver.Copy"] + INF["Images.Copy"]
    equal(sorted(copied), sorted(line.split("=")[0].strip() for line in INF["SourceDisksFiles"]), "files")
    expect(value("DestinationDirs", "Images.Copy") == "12,netra", "images go elsewhere")
    named = re.findall(r"\\drivers\\netra\\([\w.-]+)\"", "\n".join(INF["Service.Registry"]))
    equal(sorted(named), sorted(INF["Images.Copy"]), "images in the registry")
    expect(value("Service", "ServiceBinary") == "%12%\\netra.sys", "another service binary")


@test
def parameters_are_known():
    """The driver reads each value that the INF writes."""
    source = (DRIVER / "parameters.c").read_text()
    read = set(re.findall(r"L\"(\w+)\"", source))
    for line in INF["Service.Registry"]:
        name = line.split(",")[2]
        expect(name in read or name == "DmaRemappingCompatible", f"nobody reads {name}")
    for line in INF["Service.Registry"]:
        kind = line.split(",")[3]
        expect(kind in ("0x00000000", "0x00010001", "0x00010003"), f"{line}: of what type?")


@test
def boards_are_those_of_core():
    """The ids of the SoC table, and no class."""
    source = (ROOT / "core" / "registers.c").read_text()
    ids = sorted(set(re.findall(r"\.device_id = 0x(b80\d)", source)))
    expect(ids, "no ids found in core/registers.c")
    found = re.findall(r"PCI\\VEN_104C&DEV_(B80\d)$", "\n".join(INF["Boards.NTamd64.10.0"]), re.M)
    equal(sorted(name.lower() for name in found), ids, "boards")


@test
def security_and_interrupts():
    """An SDDL of its own that lets in neither everybody nor users; one MSI."""
    registry = "\n".join(INF["Device.Registry"])
    sddl = re.search(r"HKR,,Security,,\"(D:P[^\"]*)\"", registry)
    expect(sddl, "no security descriptor")
    trustees = set(re.findall(r"\(A;;\w+;;;(\w+)\)", sddl.group(1)))
    equal(trustees, {"SY", "BA"}, "let in")
    expect("MSISupported,0x00010001,1" in registry and "MessageNumberLimit,0x00010001,1" in registry,
           "MSI is not asked for")


@test
def versions_agree():
    """KMDF in INF, binding and project; the driver's version and the project's."""
    bind = (DRIVER / "kmdf" / "bind.c").read_text()
    major, minor = re.search(r"\.Major = (\d+), \.Minor = (\d+)", bind).groups()
    equal(value("Framework", "KmdfLibraryVersion"), f"{major}.{minor}", "KMDF of the INF")
    project = (DRIVER / "netra.vcxproj").read_text()
    expect(f"<KMDF_VERSION_MINOR>{minor}<" in project, "KMDF of the project")
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text()).group(1)
    equal(value("Version", "DriverVer").split(",")[1], f"{version}.0", "version")


@test
def project_is_well_formed():
    """XML, with all sources but those for builds without the WDK."""
    root = xml.etree.ElementTree.parse(DRIVER / "netra.vcxproj").getroot()
    space = "{http://schemas.microsoft.com/developer/msbuild/2003}"
    sources = [item.get("Include") for item in root.iter(f"{space}ClCompile") if item.get("Include")]
    equal(sources, ["*.c", "..\\..\\core\\*.c"], "sources")


if __name__ == "__main__":
    main()
