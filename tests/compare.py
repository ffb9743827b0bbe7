# SPDX-License-Identifier: BSD-2-Clause
"""Is a recording or a capture exactly what its source was?"""

from harness import Failure, equal, expect, frame_hashes, nal_units, run

_source_hashes = {}


def source_hashes(path):
    if path not in _source_hashes:
        _source_hashes[path] = frame_hashes(path)
    return _source_hashes[path]


def annex_b(path):
    """The file's video as an Annex B stream, also before its first key frame."""
    if path.suffix != ".mp4":
        return path.read_bytes()
    return run("ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy", "-copyinkf",
               "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-", text=False).stdout


def same_frames(source, result, what):
    wanted, got = source_hashes(source), frame_hashes(result)
    expect(wanted, f"{source.name}: the source decodes to nothing")
    for number, (a, b) in enumerate(zip(wanted, got)):
        if a != b:
            raise Failure(f"{what} of {source.name}: frame {number} differs "
                          f"({len(got)} frames, source {len(wanted)})")
    equal(len(got), len(wanted), f"{what} of {source.name}: frames")


def same_nal_units(source, result):
    """The source's NAL units in order; parameter sets may come in between."""
    wanted, got = nal_units(annex_b(source)), nal_units(annex_b(result))
    sets = {unit for unit in wanted if unit[0] & 31 in (7, 8)}
    position = 0
    for unit in got:
        if position < len(wanted) and unit == wanted[position]:
            position += 1
        else:
            expect(unit in sets, f"{source.name}: NAL unit {position} of {len(wanted)} is not the source's")
    equal(position, len(wanted), f"{source.name}: NAL units found")
