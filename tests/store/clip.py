# SPDX-License-Identifier: BSD-2-Clause
"""A camera whose every frame is known again: by the bytes of its slice."""

import hashlib

from harness import equal, nal_units, run

SLICES = (1, 5)


class Clip:
    """A made stream of seconds * rate frames, no two alike, a key frame each
    second; an emulated board plays it over and over. number: frame's key → its
    place in the clip."""

    def __init__(self, folder, seconds=60, rate=30, size="352x288", bits=2000000):
        self.path = folder / "clip.264"
        self.rate, self.bits = rate, bits
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate},noise=alls=9:allf=t",
            "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-threads", 1, "-bf", 0, "-g", rate,
            "-b:v", bits, "-maxrate", bits, "-bufsize", bits // 2, "-pix_fmt", "yuv420p",
            "-x264-params", "slices=1:scenecut=0", "-f", "h264", self.path, timeout=300)
        units = [unit for unit in nal_units(self.path.read_bytes()) if unit[0] & 31 in SLICES]
        self.frames = len(units)
        self.number = {key([unit]): place for place, unit in enumerate(units)}
        equal((self.frames, len(self.number)), (seconds * rate, seconds * rate), "frames of the clip, and different ones")

    def places(self, samples):
        """Places in the clip of these samples (lists of NAL units); None: not one of its frames."""
        return [self.number.get(key(units)) for units in samples]


def key(units):
    """What a frame is known by: its slices, not the parameter sets before."""
    digest = hashlib.md5()
    for unit in units:
        if unit and unit[0] & 31 in SLICES:
            digest.update(unit)
    return digest.digest()


def unbroken(places, frames):
    """[(first, count)]: runs of frames that follow each other in a clip of so many that is played over and over."""
    runs = []
    for place in places:
        if runs and place == (runs[-1][0] + runs[-1][1]) % frames:
            runs[-1][1] += 1
        else:
            runs.append([place, 1])
    return [tuple(run) for run in runs]
