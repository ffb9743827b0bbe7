# SPDX-License-Identifier: BSD-2-Clause
"""Reads the clock that emulated cameras draw into their pictures."""
import datetime
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import ROOT, Failure  # noqa: E402

WIDTH, HEIGHT, CHARACTERS = 8, 16, 12      # of a glyph; of "hh:mm:ss.mmm"
DAY_S = 86400


def _font():
    text = (ROOT / "emulator" / "camera_paint.c").read_text(encoding="utf-8")
    font = {}
    for character, rows in re.findall(r"\{ '([0-9:.])', \{([^}]*)\}", text):
        font[character] = [int(row, 16) for row in re.findall(r"0x[0-9a-f]+", rows)]
    assert len(font) == 12
    return font


FONT = _font()


def scale(width):
    return width // 176 if width >= 352 else 1


def area(width, height):
    """Where the clock is: x, y, and how many pixels one of the font takes."""
    k = scale(width)
    return 4 * k, height - (HEIGHT + 2) * k + k, k


def read(samples):
    """Seconds since midnight, from brightness sampled at each pixel of the font:
    CHARACTERS * WIDTH in a row, HEIGHT rows."""
    columns = CHARACTERS * WIDTH
    middle = (min(samples) + max(samples)) / 2
    if max(samples) - min(samples) < 80:
        raise Failure("no clock in the picture")
    text = ""
    for number, shape in enumerate("dd:dd:dd.ddd"):
        allowed = "0123456789" if shape == "d" else shape
        rows = []
        for y in range(HEIGHT):
            begin = y * columns + number * WIDTH
            bits = 0
            for value in samples[begin:begin + WIDTH]:
                bits = bits << 1 | (value > middle)
            rows.append(bits)
        wrong = {c: sum(bin(a ^ b).count("1") for a, b in zip(rows, FONT[c])) for c in allowed}
        best = min(wrong, key=wrong.get)
        if wrong[best] > 12:
            raise Failure(f"unreadable clock: {text}?, {wrong[best]} pixels are wrong")
        text += best
    hour, minute, second = text.split(":")
    return int(hour) * 3600 + int(minute) * 60 + float(second)


def read_picture(gray, width, height):
    """The same from a whole picture's bytes, one per pixel."""
    x, y, k = area(width, height)
    return read([gray[(y + j * k + k // 2) * width + x + i * k + k // 2]
                 for j in range(HEIGHT) for i in range(CHARACTERS * WIDTH)])


# A tile's picture, sampled; for read(). null while there is none.
SCRIPT = """
(tile) => {
  const video = document.querySelectorAll('.tile')[tile].querySelector('video');
  const [w, h] = [video.videoWidth, video.videoHeight];
  if (!w || video.readyState < 2) return null;
  const canvas = document.createElement('canvas');
  canvas.width = w; canvas.height = h;
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0);
  const k = w >= 352 ? Math.floor(w / 176) : 1;
  const data = pen.getImageData(4 * k, h - 17 * k, 96 * k, 16 * k).data;
  const samples = [];
  for (let j = 0; j < 16; j++) {
    for (let i = 0; i < 96; i++) {
      const at = 4 * ((j * k + (k >> 1)) * 96 * k + i * k + (k >> 1));
      samples.push(Math.round(0.3 * data[at] + 0.6 * data[at + 1] + 0.1 * data[at + 2]));
    }
  }
  return { samples, time: video.currentTime };
}
"""


def seconds_of_day(milliseconds):
    """Of a moment since 1970, in this machine's zone."""
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000)
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


def apart(one, other):
    """Seconds between two times of day, midnight or not."""
    off = (one - other) % DAY_S
    return min(off, DAY_S - off)
