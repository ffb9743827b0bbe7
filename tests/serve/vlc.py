# SPDX-License-Identifier: BSD-2-Clause
"""VLC, where it can do RTSP: a module of it made of live555, which Debian's is built without. NETRA_VLC names
another one's program."""

import glob
import itertools
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import FOLDER, Running  # noqa: E402
from harness import Skip, equal, expect  # noqa: E402

NOBODY = 65534
_numbers = itertools.count()
# It has no desktop to play sound and to be controlled by, perhaps no network but loopback, and says what it does.
SAYS = ("VLC media player ", "audio output error: PulseAudio server connection failure", "interface error: ",
        "main libvlc error: interface ", "dummy interface: ", "dummy mux: Open", "Created new TCP socket ",
        "Unable to determine our source address: ",
        "demux: command `quit'")


def program():
    path = os.environ.get("NETRA_VLC") or shutil.which("vlc")
    if not path:
        raise Skip("no vlc, nor NETRA_VLC")
    if "NETRA_VLC" not in os.environ and not glob.glob("/usr/lib/*/vlc/plugins/access/liblive555_plugin.so"):
        raise Skip("this VLC is built without RTSP, as Debian's are: NETRA_VLC=PROGRAM names one that is not")
    return path


class Vlc(Running):
    """It writes the stream, as it takes it for display, to a file for so many seconds."""

    def __init__(self, url, seconds, *options):
        path = program()
        # It does not run as root, nor write where only root may.
        self.folder = FOLDER / f"vlc{next(_numbers)}"
        self.folder.mkdir()
        words, self.file = [], self.folder / "stream"
        if os.geteuid() == 0:
            FOLDER.chmod(0o711)
            os.chown(self.folder, NOBODY, NOBODY)
            words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        words += ["env", f"HOME={self.folder}", path, "-I", "dummy", "--no-audio", f"--run-time={seconds}",
                  "--sout", f"#std{{access=file,mux=raw,dst={self.file}}}", *options, url, "vlc://quit"]
        super().__init__(words)

    def end(self):
        """Its end by itself, without a complaint. Returns what it wrote."""
        said, _ = self.process.communicate(timeout=120)
        equal(self.process.returncode, 0, f"exit status of VLC ({said})")
        for line in said.splitlines():
            expect(any(word in line for word in SAYS), f"VLC says {line!r}, in:\n{said}")
        return self.file.read_bytes()
