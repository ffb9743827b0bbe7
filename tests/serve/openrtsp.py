# SPDX-License-Identifier: BSD-2-Clause
"""openRTSP, the client of the library that VLC takes for RTSP (live555)."""

import itertools
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from serving import FOLDER, Running  # noqa: E402
from harness import equal, expect, fetch, nal_units, wait_for  # noqa: E402

BUFFER = 1 << 20
SLOP_S = 30     # after a range that has an end, if no goodbye comes
_numbers = itertools.count()
# All that it says when nothing is wrong: what it was told, what it does, and its counts at the end.
SAYS = re.compile("""Opened URL |[a-z]=|Created receiver for |Setup |Created output file: |Started playing session
|Receiving streamed data |Got shutdown signal|Received RTCP "BYE" |begin_QOS|end_QOS|subsession\t|elapsed_measurement_time\t
|num_packets_received\t[1-9]|num_packets_lost\t0$|kBytes_received_total\t|measurement_sampling_interval_ms\t
|kbits_per_second_(min|ave|max)\t|packet_loss_percentage_(min|ave|max)\t|inter_packet_gap_ms_(min|ave|max)\t|$""".replace("\n", ""))


class OpenRtsp(Running):
    """It writes what it gets to a file until it is stopped, or told that nothing more comes."""

    def __init__(self, url, *options):
        program = fetch("openrtsp")
        prefix = FOLDER / f"openrtsp{next(_numbers)}-"
        self.file = prefix.with_name(f"{prefix.name}video-H264-1")
        words = [program, "-V", "-Q", "1", "-F", prefix, "-b", BUFFER, "-d", f"-{SLOP_S}", *options, url]
        super().__init__(words)

    def frames(self):
        """How many it has written, the first slice of each."""
        data = self.file.read_bytes() if self.file.exists() else b""
        return sum(unit[0] & 31 in (1, 5) and unit[1] >> 7 for unit in nal_units(data))

    def wait(self, frames, seconds=120):
        wait_for(lambda: self.frames() >= frames or self.process.poll() is not None, seconds,
                 f"{frames} frames of openRTSP")

    def end(self, stop=False, seconds=60):
        """Its end by itself or by a signal, without a complaint. Returns what it wrote."""
        if stop and self.process.poll() is None:
            self.process.send_signal(signal.SIGHUP)
        said, _ = self.process.communicate(timeout=seconds)
        equal(self.process.returncode, 0, f"exit status of openRTSP ({said})")
        for line in said.splitlines():
            expect(SAYS.match(line), f"openRTSP says {line!r}, in:\n{said}")
        return self.file.read_bytes()
