#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page of `netra serve`, in headless Chromium: live pictures, recordings,
export, logins. Pictures are told by the clock the emulated cameras draw."""
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import BUILD, NETRA, Failure, Skip, expect, main, run, test  # noqa: E402
import camera_clock as clock  # noqa: E402
from chromium import Chromium  # noqa: E402

CHANNELS = 16
FPS = 10
# A picture's clock is drawn when the machine gets to it, its time is when it was due:
# on a busy machine they part. Key frames are 3 s apart, so a wrong one shows.
BUSY_S = 0.9
LATENCY_S = 1.5
PASSWORD = "a-long-one"
SHOTS = BUILD / "screenshots"


class Server:
    """One `netra serve` for all tests: it records while they run."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="netra-web-")
        self.users = Path(self.folder, "users")
        run(NETRA, "user", "--users", self.users, "--add", "anna", input=PASSWORD + "\n", stdin=None)
        run(NETRA, "user", "--users", self.users, "--add", "gate", "--channels", "0-3",
            input=PASSWORD + "\n", stdin=None)
        self.errors = open(Path(self.folder, "errors"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [NETRA, "serve", f"emulated:channels={CHANNELS},fps={FPS},size=352x288,bitrate=400k",
             "--store", str(Path(self.folder, "store")), "--users", str(self.users),
             "--rtsp", "none", "--web", "127.0.0.1:0", "--json"],
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise Failure(f"netra serve does not start: {self.errors.read()}")
        self.url = json.loads(line)["web"][0]

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=60)
        self.errors.close()
        return self.process.returncode

    def stop(self):
        self.end()
        shutil.rmtree(self.folder)


class Stage:
    server = None
    browser = None


def stage():
    """Server and browser, logged in."""
    if not shutil.which("chromium"):
        raise Skip("no chromium: scripts/install-packages web")
    if not Stage.server:
        SHOTS.mkdir(parents=True, exist_ok=True)
        Stage.server = Server()
        Stage.browser = Chromium()
        Stage.browser.open(Stage.server.url)
    return Stage.browser


def log_in(browser, user, password):
    browser.wait("document.querySelector('#login').open", 30)
    browser.run(f"""(() => {{
      const form = document.querySelector('#login form');
      form.user.value = {json.dumps(user)};
      form.password.value = {json.dumps(password)};
    }})()""")
    browser.click("#login button")


def watching(user="anna"):
    browser = stage()
    if browser.run("document.querySelector('#login').open || !document.querySelector('.tile')"):
        log_in(browser, user, PASSWORD)
        browser.wait("document.querySelectorAll('.tile').length > 0", 30)
    return browser


TILES = """[...document.querySelectorAll('.tile')].map((tile) => {
  const video = tile.querySelector('video');
  const quality = video.getVideoPlaybackQuality();
  return { state: tile.dataset.state, time: video.currentTime, ready: video.readyState,
           latency: parseFloat(tile.dataset.latency), frames: quality.totalVideoFrames,
           message: tile.querySelector('.message').textContent };
})"""


def tiles(browser):
    return browser.run(TILES)


def picture(browser, tile):
    """Time of day in a tile's picture."""
    sample = browser.run(f"({clock.SCRIPT})({tile})")
    if not sample:
        said = browser.run(f"document.querySelectorAll('.tile')[{tile}].querySelector('.message').textContent")
        raise Failure(f"tile {tile} has no picture, and says: {said}")
    return clock.read(sample["samples"])


def until(seconds, look, what):
    """Until look() raises no Failure and returns something true."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            if look():
                return
            last = None
        except Failure as why:
            last = why
        time.sleep(0.3)
    raise Failure(f"{what}: not within {seconds} s{f': {last}' if last else ''}")


@test
def login():
    """A wrong password is refused in words, a right one shows the cameras."""
    browser = stage()
    browser.wait("document.querySelector('#login').open", 30)
    expect(browser.run("fetch('/api/status').then((r) => r.status)") == 401, "status without a login")
    browser.screenshot(SHOTS / "login.png")
    log_in(browser, "anna", "wrong")
    browser.wait("document.querySelector('#login .error').textContent.includes('wrong')", 20)
    log_in(browser, "anna", PASSWORD)
    browser.wait(f"document.querySelectorAll('.tile').length === {CHANNELS}", 30)
    expect(browser.run("document.cookie") == "", "scripts can see the cookie")


@test
def wall():
    """16 tiles play: time goes on, frames are decoded, pictures are fresh."""
    browser = watching()
    until(90, lambda: all(t["state"] == "live" and t["ready"] >= 2 for t in tiles(browser)), "all tiles live")
    before = tiles(browser)
    time.sleep(4)
    after = tiles(browser)
    for number, (one, two) in enumerate(zip(before, after)):
        expect(two["time"] > one["time"] + 1, f"tile {number}: {one['time']} to {two['time']} in 4 s")
        expect(two["frames"] > one["frames"] + FPS, f"tile {number}: {one['frames']} to {two['frames']} frames")
    until(90, lambda: all(t["latency"] <= LATENCY_S for t in tiles(browser)), f"latency <= {LATENCY_S} s")
    latencies = sorted(t["latency"] for t in tiles(browser))
    print(f"        latency {latencies[0]:.2f} to {latencies[-1]:.2f} s")

    def fresh():
        for tile in range(0, CHANNELS, 5):
            age = clock.apart(picture(browser, tile), clock.seconds_of_day(time.time() * 1000))
            if age > LATENCY_S:
                raise Failure(f"tile {tile}: its own clock is {age:.2f} s old")
        return True
    until(60, fresh, "fresh pictures")
    browser.screenshot(SHOTS / "wall.png")


@test
def enlarge():
    """A click makes a camera large; keys go to the next one and back to the wall."""
    browser = watching()
    browser.click(".tile[data-channel='5']")
    browser.wait("document.querySelector('.tile.big')?.dataset.channel === '5'", 10)
    # The others are let go.
    until(30, lambda: browser.run("document.querySelectorAll('.tile video[src]').length") == 1, "one picture")
    browser.key("ArrowRight")
    browser.wait("document.querySelector('.tile.big')?.dataset.channel === '6'", 10)
    until(30, lambda: picture(browser, 6) is not None, "its picture")
    browser.screenshot(SHOTS / "large.png")
    browser.key("Escape")
    browser.wait("!document.querySelector('.tile.big')", 10)
    until(60, lambda: all(t["state"] == "live" and t["ready"] >= 2 for t in tiles(browser)), "the wall again")


@test
def status():
    """The panel shows board, disk, cameras and no alarm."""
    browser = watching()
    browser.key("s")
    until(15, lambda: browser.run("document.querySelector('#status meter')?.max"), "the panel")
    text = browser.run("document.querySelector('#status').innerText").lower()
    for word in ("alarms", "none", "attached", "recordings", "free", "windows", "camera 15"):
        expect(word in text, f"no '{word}' in the status: {text}")
    browser.key("d")
    browser.screenshot(SHOTS / "status.png")
    browser.key("d")
    browser.key("s")


def at(browser):
    return float(browser.run("document.querySelector('#at').dataset.time"))


def shown(browser, tiles_of_interest, tolerance_s, seconds=40):
    """The tiles show the moment the page says, by their own clocks."""
    def right():
        wanted = clock.seconds_of_day(at(browser))
        for tile in tiles_of_interest:
            off = clock.apart(picture(browser, tile), wanted)
            if off > tolerance_s:
                raise Failure(f"tile {tile} is {off:.3f} s off the timeline")
        return True
    until(seconds, right, "the right pictures")


def point_at(browser, time_ms):
    """Press the timeline at a moment."""
    x, y = browser.run(f"""(async () => {{
      const {{ timeline }} = await import('/main.js');
      const box = timeline.canvas.getBoundingClientRect();
      return [box.x + timeline.x({time_ms}), box.y + box.height / 2];
    }})()""")
    browser.mouse(x, y)


@test
def timeline():
    """Scrubbing shows the pictures of that moment on all tiles; play, speed and step do as they say."""
    browser = watching()
    until(60, lambda: recorded_s(browser) > 12, "12 s recorded")
    browser.key("t")
    browser.wait("!document.querySelector('#player').hidden", 10)
    begin, end = recorded_range(browser)
    browser.run(f"import('/main.js').then(({{ timeline }}) => timeline.show({begin - 5000}, {end + 5000}))")
    time.sleep(1)
    seen = []
    for share in (0.5, 0.15, 0.8):
        wanted = begin + (end - begin) * share
        point_at(browser, wanted)
        expect(abs(at(browser) - wanted) < 500, f"pointed at {wanted}, got {at(browser)}")
        shown(browser, (0, 7, 15), 1 / FPS + BUSY_S)
        seen.append(picture(browser, 0))
    expect(len(set(seen)) == 3, f"the same picture everywhere: {seen}")
    browser.screenshot(SHOTS / "timeline.png")

    one = picture(browser, 0)
    browser.key(".")
    until(20, lambda: picture(browser, 0) != one, "another picture")
    step = clock.apart(picture(browser, 0), one)
    expect(0.03 < step < 2.5 / FPS, f"a step of {step:.3f} s at {FPS} pictures a second")

    point_at(browser, begin + 1000)
    shown(browser, (0,), 1 / FPS + BUSY_S)
    first = picture(browser, 0)
    browser.key(" ")
    until(40, lambda: 2 < clock.apart(picture(browser, 0), first) < 60, "it plays")
    browser.key("+")
    expect(browser.run("document.querySelector('#speed').value") == "2", "twice as fast")
    browser.key(" ")
    shown(browser, (0,), 1 / FPS + BUSY_S)


def recorded_range(browser, channel=0):
    """The last stretch of a channel's recordings, in ms."""
    now = int(time.time() * 1000)
    answer = browser.run(f"fetch('/api/timeline?from={now - 3600000}&to={now}').then((r) => r.json())")
    spans = [c["spans"] for c in answer["channels"] if c["channel"] == channel]
    return spans[0][-1] if spans else (now, now)


def recorded_s(browser):
    begin, end = recorded_range(browser)
    return (end - begin) / 1000


def steady(browser, tile):
    one = picture(browser, tile)
    time.sleep(0.5)
    return picture(browser, tile) == one


@test
def export():
    """A marked range is saved as an MP4 that begins and ends there."""
    browser = watching()
    until(60, lambda: recorded_s(browser) > 12, "12 s recorded")
    browser.key("t")
    begin, end = recorded_range(browser)
    browser.run("document.querySelector(\".tile[data-channel='2']\").focus()")
    browser.run("import('/main.js').then(({ wall }) => wall.choose(wall.tiles[2]))")
    # In the middle of a picture, so that no rounding chooses another.
    wanted = [begin + 3050, begin + 8050]
    seen = []
    for moment, key in zip(wanted, "io"):
        browser.run(f"import('/main.js').then(({{ seek }}) => seek({moment}))")
        shown(browser, (2,), 1 / FPS + BUSY_S)
        browser.key(key)
        until(20, lambda: steady(browser, 2), "a picture that stays")
        seen.append(picture(browser, 2))
    browser.key("e")
    folder = Path(browser.downloads)
    until(60, lambda: folder.is_dir() and list(folder.glob("*.mp4")), "a download")
    path = list(folder.glob("*.mp4"))[0]
    data = json.loads(run("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path).stdout)
    stream = data["streams"][0]
    expect(stream["codec_name"] == "h264" and stream["width"] == 352, f"what is in it: {stream}")
    duration = float(data["format"]["duration"])
    expect(abs(duration - 5) < 0.3, f"{duration} s long, not 5")
    said = run("ffmpeg", "-v", "error", "-i", path, "-f", "null", "-").stderr
    expect(not said, f"ffmpeg says: {said}")
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-vf", "format=gray", "-f", "rawvideo", "-"],
                         stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, check=True).stdout
    size = 352 * 288
    # ffmpeg leaves out the picture that the edit list cuts in two: the page shows it.
    pictures = [clock.read_picture(raw[at:at + size], 352, 288) for at in range(0, len(raw) - size + 1, size)]
    expect(seen[0] <= pictures[0] < seen[0] + 0.5, f"begins with {pictures[0]}, not just after {seen[0]}")
    expect(seen[1] - 0.5 < pictures[-1] <= seen[1], f"ends with {pictures[-1]}, not just before {seen[1]}")
    expect(abs(len(pictures) - 5 * FPS) <= 2, f"{len(pictures)} pictures")
    path.unlink()


@test
def phone():
    """On a phone: two columns, nothing wider than the screen."""
    browser = watching()
    browser.key("l")
    browser.size(390, 844, phone=True)
    time.sleep(3)
    expect(browser.run("document.documentElement.scrollWidth <= innerWidth"), "wider than the screen")
    columns = browser.run("getComputedStyle(document.querySelector('#wall')).gridTemplateColumns.split(' ').length")
    expect(columns == 2, f"{columns} columns")
    boxes = browser.run("""[...document.querySelectorAll('.tile')].map((t) => {
      const box = t.getBoundingClientRect(); return [box.x, box.y, box.right, box.bottom]; })""")
    for one, other in zip(boxes, boxes[2:]):
        expect(one[3] <= other[1], f"tiles lie on each other: {one} {other}")
    until(60, lambda: browser.run("[...document.querySelectorAll('.tile')].filter((t) => t.dataset.state === 'live').length") > 3,
          "tiles in sight live")
    browser.screenshot(SHOTS / "phone.png")
    browser.size(1600, 1000)


@test
def rights():
    """Who may see four cameras sees four, in the page and by asking."""
    browser = watching()
    browser.click("#logout")
    log_in(browser, "gate", PASSWORD)
    browser.wait("document.querySelectorAll('.tile').length === 4", 30)
    expect(browser.run("fetch('/api/recordings/0/7?from=1&to=2').then((r) => r.status)") == 403, "another's recordings")


@test
def logout():
    """Logging out ends pictures and all else; nothing in the page went wrong before."""
    browser = watching()
    browser.click("#logout")
    browser.wait("document.querySelector('#login').open", 20)
    expect(browser.run("document.querySelectorAll('.tile').length") == 0, "cameras are still there")
    expect(browser.run("fetch('/api/status').then((r) => r.status)") == 401, "status after the logout")
    troubles = [t for t in browser.troubles() if "40" not in t and "/live/" not in t]
    expect(not troubles, f"the page complained: {troubles}")


@test
def stop():
    """The server stops cleanly under a watching browser, and its recordings are whole."""
    browser = watching()
    browser.key("l")
    until(60, lambda: any(t["state"] == "live" for t in tiles(browser)), "live")
    server, Stage.server = Stage.server, None
    code = server.end()
    said = Path(server.folder, "errors").read_text(encoding="utf-8")
    expect(code == 0, f"exit status {code}: {said[-500:]}")
    store = Path(server.folder, "store")
    expect(len(list(store.glob("ch*/*.mp4"))) >= CHANNELS, "recordings are missing")
    expect(not list(store.glob("ch*/*.part")), "unfinished recordings")
    shutil.rmtree(server.folder)


if __name__ == "__main__":
    try:
        main()
    finally:
        if Stage.browser:
            Stage.browser.close()
        if Stage.server:
            Stage.server.stop()
