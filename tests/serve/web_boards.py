#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two boards on the page of `netra serve`, in headless Chromium: live, recorded, exported; one of them is lost and comes back."""
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import BUILD, NETRA, Emulator, Skip, equal, expect, main, run, test, wait_for  # noqa: E402
import camera_clock as clock  # noqa: E402
from chromium import Chromium  # noqa: E402

FPS = 10
WIDTHS = [352, 352, 176, 176]
SHOTS = BUILD / "screenshots"
# Of each tile, while it shows something.
SEEN = """[...document.querySelectorAll('.tile')].map((tile) => {
  const video = tile.querySelector('video');
  return { state: tile.dataset.state, width: video.readyState >= 2 ? video.videoWidth : 0,
           frames: video.getVideoPlaybackQuality().totalVideoFrames, message: tile.querySelector('.message').textContent };
})"""


class Stage:
    """Board 0 on a socket of its own, board 1 the server's own, a browser with the page."""

    def __enter__(self):
        if not shutil.which("chromium"):
            raise Skip("no chromium: scripts/install-packages web")
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="netra-web-boards-"))
        self.first = Emulator("--channels", 2, "--fps", FPS, "--size", "352x288", "--bitrate", "300k").__enter__()
        second = f"emulated:channels=2,fps={FPS},size=176x144,bitrate=200k"
        self.errors = open(self.folder / "errors", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(NETRA), "serve", self.first.name, second, "--store", str(self.folder / "store"), "--rtsp", "none",
             "--web", "127.0.0.1:0", "--json"], stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        expect(line, f"netra serve does not start: {self.said()}")
        self.browser = Chromium()
        self.browser.open(json.loads(line)["web"][0])
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.process.terminate()
        self.process.communicate(timeout=60)
        self.errors.close()
        self.first.__exit__()
        shutil.rmtree(self.folder)

    def said(self):
        return (self.folder / "errors").read_text(encoding="utf-8")

    def seen(self):
        return self.browser.run(SEEN)

    def shown(self, *tiles):
        """Do these show pictures of their board?"""
        seen = self.seen()
        return len(seen) == len(WIDTHS) and all(seen[tile]["width"] == WIDTHS[tile] for tile in tiles)

    def frames(self, tile):
        return self.seen()[tile]["frames"]

    def moves(self, tile):
        """Do new pictures come? Counting begins anew with each stream."""
        before = self.frames(tile)
        wait_for(lambda: self.frames(tile) not in (0, before), 30, f"pictures at tile {tile}")


def live_and_lost(stage):
    """Pictures of both; those of a lost board say so, and come back by themselves."""
    browser = stage.browser
    wait_for(lambda: stage.shown(0, 1, 2, 3), 60, "pictures of both boards")
    names = browser.run("[...document.querySelectorAll('.tile .name')].map((e) => e.textContent)")
    equal(names, [f"Board {b}, camera {c}" for b in range(2) for c in range(2)], "names")
    stage.first.kill()
    wait_for(lambda: ["lost" in tile["message"] for tile in stage.seen()] == [True, True, False, False], 30, "the loss on the page")
    wait_for(lambda: not browser.run("document.querySelector('#alarm-count').hidden"), 30, "an alarm")
    stage.moves(2)
    browser.key("s")
    wait_for(lambda: "tried again and again" in browser.run("document.querySelector('#status').innerText"), 30, "the status")
    browser.screenshot(SHOTS / "board-lost.png")
    stage.first.again()
    wait_for(lambda: not any(tile["message"] for tile in stage.seen()), 90, "the board's return on the page")
    for tile in range(4):
        stage.moves(tile)
    text = browser.run("document.querySelector('#status').innerText")
    expect("Board 0: the board is lost" in text and "Board 0: the board is back" in text, f"events: {text}")
    browser.key("s")


def recorded(stage, from_s):
    """All tiles show their board's recordings; a marked range of the second board is saved under its name."""
    browser = stage.browser
    browser.key("t")
    browser.wait("!document.querySelector('#player').hidden", 10)
    wanted = (from_s + 3) * 1000
    browser.run(f"import('/main.js').then(({{ seek }}) => seek({wanted}))")

    def right():
        if not stage.shown(0, 1, 2, 3):
            return False
        sample = browser.run(f"({clock.SCRIPT})(1)")
        return sample and clock.apart(clock.read(sample["samples"]), clock.seconds_of_day(wanted)) < 1.2
    wait_for(right, 60, "pictures from before the loss")
    rows = browser.run("import('/main.js').then(({ timeline }) => timeline.rows.map((row) => row.label))")
    equal(rows, ["0/0", "0/1", "1/0", "1/1"], "the timeline's rows")
    browser.screenshot(SHOTS / "boards.png")
    browser.run("import('/main.js').then(({ wall }) => wall.choose(wall.tiles[3]))")
    for key in "io":
        browser.run(f"import('/main.js').then(({{ seek }}) => seek({wanted}))")
        browser.key(key)
        wanted += 2000
    browser.key("e")
    folder = Path(browser.downloads)
    wait_for(lambda: folder.is_dir() and list(folder.glob("*.mp4")), 60, "a download")
    path = next(folder.glob("*.mp4"))
    expect(path.name.startswith("board-1-camera-1-"), path.name)
    said = json.loads(run("ffprobe", "-v", "error", "-show_streams", "-of", "json", path).stdout)
    equal(said["streams"][0]["width"], WIDTHS[3], "the width of what was saved")


def just_begun(stage):
    """Half a minute ago there was nothing: recordings show where they begin, and more than a line of the day."""
    browser = stage.browser
    wait_for(lambda: list(stage.folder.glob("store/board1/ch01/*.part")), 30, "the last recording to begin")
    time.sleep(3)
    browser.key("t")
    wait_for(lambda: stage.shown(0, 1, 2, 3) and all(tile["state"] == "play" for tile in stage.seen()), 30,
             "the first pictures of all recordings")
    shown = browser.run("import('/main.js').then(({ timeline }) => timeline.to - timeline.from)")
    expect(shown < 3600e3, f"the timeline shows {shown / 3600e3:.1f} h")
    browser.key("l")


@test
def two_boards():
    """Live, lost and back, recorded, saved; the page complains of nothing."""
    with Stage() as stage:
        wait_for(lambda: stage.shown(0, 1, 2, 3), 60, "pictures of both boards")
        begin = time.time()
        just_begun(stage)
        time.sleep(8)
        live_and_lost(stage)
        recorded(stage, begin)
        troubles = [t for t in stage.browser.troubles() if "40" not in t and "/live/" not in t]
        expect(not troubles, f"the page complained: {troubles}")


if __name__ == "__main__":
    main()
