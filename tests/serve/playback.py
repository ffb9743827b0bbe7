#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Recordings by RTSP: exactly the frames of a range, seeking, speed and pause, with
ffmpeg, GStreamer, openRTSP, and a client that counts packets."""

import contextlib
import datetime
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from openrtsp import OpenRtsp  # noqa: E402
from recordings import Depacketizer, clock, decoded  # noqa: E402
from serving import FOLDER, GOP, Client, Server, clip, hashes, player, same_from_a_key_frame  # noqa: E402
from harness import NETRA, Failure, equal, expect, main, run, test  # noqa: E402

SECONDS = 9
STORE = FOLDER / "store"
_recording = threading.Lock()


def sources():
    return [clip("a", "-b:v", "300k"), clip("b", "-b:v", "300k", "-bf", 2, "-x264-params", "b-adapt=0")]


def recorded():
    """A store of its own, in two files a channel, and when each channel's recording began."""
    with _recording:
        if not STORE.exists():
            board = "emulated:channels=2," + ",".join(f"source={path}" for path in sources())
            run(NETRA, "record", board, "--store", STORE, "--duration", f"{SECONDS}s", "--rotate", "5s", "--quiet")
    store = pathlib.Path(tempfile.mkdtemp(prefix="store-", dir=FOLDER))
    shutil.copytree(STORE, store, dirs_exist_ok=True)
    begins = []
    for channel in range(2):
        names = sorted(path.name for path in (STORE / f"ch{channel:02d}").glob("*.mp4"))
        expect(len(names) >= 2, f"channel {channel} has not been rotated: {names}")
        begins.append(datetime.datetime.strptime(names[0], "%Y%m%dT%H%M%S.%fZ.mp4").replace(
            tzinfo=datetime.timezone.utc))
    return store, begins


def after(begin, seconds):
    return clock(begin + datetime.timedelta(seconds=seconds))


def frames_between(store, channel, begin, first, last):
    """How many are recorded from the key frame at or before `first` s to `last` s: as `netra export` counts them. On a
    busy machine that is a frame or two more or less than the clock would have it."""
    def moment(seconds):
        return (begin + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    result = run(NETRA, "export", "--store", store, "--channels", channel, "--from", moment(first), "--to", moment(last),
                 "-o", store / f"{channel}.mp4", "--force", "--json")
    count = json.loads(result.stdout)["channels"][0]["frames"]
    expect(abs(count - (last - first // 1) * 30) < 10, f"{count} frames were exported")
    return count


def take_all(client, timeout=30):
    """Until the goodbye."""
    got = Depacketizer()
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        number, data = client.packet()
        if number == 0:
            got.packet(data)
        elif data[-8:-6] == b"\x81\xcb":
            return got
    raise Failure("no end came")


def range_of(server, channel, begin, first, last):
    """Pull by clock range: frames from the key frame at or before `first` s up to `last` s."""
    with Client(server.port) as client:
        url = server.url(channel)
        described = client.request("DESCRIBE", url)
        setup = client.request("SETUP", described["Content-Base"] + "track0", Transport="RTP/AVP/TCP")
        client.session = setup["Session"].split(";")[0]
        played = client.request("PLAY", url, Range=f"clock={after(begin, first)}-{after(begin, last)}")
        equal(played.status, 200, "PLAY")
        got = take_all(client)
    info = dict(word.split("=", 1) for word in played["RTP-Info"].split(";"))
    return got, info, played["Range"]


@test
def exact_range():
    """A range over two files gives exactly its frames, in their time."""
    store, begins = recorded()
    with Server("--store", store, channels=2, sources=sources()) as server:
        for channel, source in enumerate(sources()):
            begin = time.monotonic()
            # Half a frame's time on the safe side of both ends.
            got, info, played = range_of(server, channel, begins[channel], 2.516, 6.516)
            passed = time.monotonic() - begin
            start = datetime.datetime.strptime(played, "clock=%Y%m%dT%H%M%S.%fZ-").replace(tzinfo=datetime.timezone.utc)
            expect(abs((start - begins[channel]).total_seconds() - 2) < 0.3, f"it begins at {played}")
            # From the key frame at 2 s to 6.5 s.
            equal(got.frames, frames_between(store, channel, begins[channel], 2.516, 6.516), f"channel {channel}: frames")
            pictures = decoded(got.data)[:got.frames - 3]
            equal(pictures, hashes(source)[2 * GOP:2 * GOP + len(pictures)], f"channel {channel}: pictures")
            equal(int(info["rtptime"]), got.times[0], "time of the first packet")
            shown = sorted((stamp - got.times[0] + 2 ** 31) % 2 ** 32 - 2 ** 31 for stamp in got.times)
            expect(all(b - a == 3000 for a, b in zip(shown, shown[1:])), f"times: {shown}")
            expect(3.5 < passed < 12, f"4.5 s took {passed} s")


@test
def range_by_openrtsp():
    """It asks by clock, or takes what a URL names; over UDP and TCP it gets exactly these frames."""
    store, begins = recorded()
    with Server("--store", store, channels=2, sources=sources()) as server, contextlib.ExitStack() as stack:
        pulled = []
        for channel in range(2):
            url, first, last = server.url(channel), after(begins[channel], 2.516), after(begins[channel], 6.516)
            for way in (url, "-U", first, "-E", last), (f"{url}/from/{first}/to/{last}",):
                for transport in (), ("-t",):
                    pulled.append((channel, way + transport, stack.enter_context(OpenRtsp(*way, *transport))))
        for channel, way, one in pulled:
            pictures = decoded(one.end())
            equal(len(pictures), frames_between(store, channel, begins[channel], 2.516, 6.516),
                  f"channel {channel} {way}: frames")
            equal(pictures[:-3], hashes(sources()[channel])[2 * GOP:2 * GOP + len(pictures) - 3],
                  f"channel {channel} {way}: pictures")


@test
def by_url():
    """ffmpeg and GStreamer play what a URL names, from the first picture to the last, and seek."""
    store, (begin, _) = recorded()
    source = sources()[0]
    with Server("--store", store, channels=2, sources=sources()) as server:
        url = f"{server.url(0)}/from/{after(begin, 1.016)}/to/{after(begin, 4.016)}"
        for transport in ("tcp", "udp"):
            result = run("ffmpeg", "-v", "warning", "-nostdin", "-copyts", "-rtsp_transport", transport, "-i", url,
                         "-fps_mode", "passthrough", "-f", "framemd5", "-", timeout=60)
            equal(result.stderr, "", f"ffmpeg by {transport} says")
            got = [line.split(",")[5].strip() for line in result.stdout.splitlines() if line[0] != "#"]
            expect(90 <= len(got) <= 91, f"ffmpeg by {transport}: {len(got)} frames, not 90")
            equal(got[:90], hashes(source)[GOP:GOP + 90], f"pictures by {transport}")
        # PLAY with a range; the key frame before is at 2 s.
        result = run("ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-ss", "1.5", "-i", url,
                     "-frames:v", 20, "-fps_mode", "passthrough", "-f", "framemd5", "-", timeout=60)
        got = [line.split(",")[5].strip() for line in result.stdout.splitlines() if line[0] != "#"]
        expect(got and got[0] in hashes(source), "ffmpeg -ss shows something else")
        expect(2 * GOP <= hashes(source).index(got[0]) <= 3 * GOP, f"it went to {hashes(source).index(got[0])}")
        gst = player("gst-launch-1.0")
        raw = FOLDER / "gst.raw"
        result = run(gst, "-q", "rtspsrc", f"location={url}", "protocols=tcp", "!", "rtph264depay", "!", "h264parse",
                     "!", "avdec_h264", "!", "filesink", f"location={raw}", timeout=60)
        equal((result.stdout, result.stderr), ("", ""), "GStreamer says")
        data, size = raw.read_bytes(), 176 * 144 * 3 // 2
        got = [hashlib.md5(data[at:at + size]).hexdigest() for at in range(0, len(data), size)]
        expect(len(got) >= 90, f"GStreamer: {len(got)} frames")
        equal(got[:90], hashes(source)[GOP:GOP + 90], "GStreamer's pictures")


@test
def seek_scale_and_pause():
    """In one session: from live to a recording, elsewhere, faster, stopped, and back to live."""
    store, (begin, _) = recorded()
    source = sources()[0]
    with Server("--store", store, channels=2, sources=sources()) as server, Client(server.port) as client:
        server.warm()
        url = server.url(0)
        client.play(url)
        got = Depacketizer()

        def take(frames):
            wanted = got.frames + frames
            while got.frames < wanted:
                number, data = client.packets.pop(0) if client.packets else client.packet()
                if number == 0:
                    got.packet(data)

        def play(**fields):
            """PLAY; packets from before it are taken, those after have new numbers."""
            nonlocal got
            answer = client.request("PLAY", url, **fields)
            equal(answer.status, 200, f"PLAY {fields}")
            for number, data in client.packets:
                if number == 0:
                    got.packet(data)
            client.packets.clear()
            before, got = got, Depacketizer()
            if "RTP-Info" in dict(answer.fields) or "rtp-info" in dict(answer.fields):
                info = dict(word.split("=", 1) for word in answer["RTP-Info"].split(";"))
                if fields:
                    got.last = int(info["seq"]) - 1 & 0xffff
            return before, answer

        take(20)
        play(Range=f"clock={after(begin, 3.016)}-")
        take(20)
        equal(decoded(got.data)[:18], hashes(source)[3 * GOP:3 * GOP + 18], "pictures after the first seek")
        play(Range=f"clock={after(begin, 1.016)}-")
        take(20)
        equal(decoded(got.data)[:18], hashes(source)[GOP:GOP + 18], "pictures after the second seek")
        # Twice as fast, all frames; RTP time passes as it is seen.
        start = time.monotonic()
        play(Range=f"clock={after(begin, 0.5)}-{after(begin, 6.516)}", Scale="2.0")
        take(190)
        expect(1.5 < time.monotonic() - start < 8, f"6.5 s at double speed took {time.monotonic() - start} s")
        equal((got.times[60] - got.times[0]) % 2 ** 32, 90000, "RTP time of 2 s at double speed")
        # Eight times as fast: key frames only.
        play(Range=f"clock={after(begin, 0.5)}-{after(begin, 6.516)}", Scale="8")
        take(6)
        equal(got.keys, 6, "key frames at eightfold speed")
        play(Range=f"clock={after(begin, 0.5)}-")
        take(10)
        equal(client.request("PAUSE", url).status, 200, "PAUSE")
        time.sleep(1)
        client.socket.settimeout(1)
        frames = got.frames
        try:
            while True:
                number, data = client.packets.pop(0) if client.packets else client.packet()
                if number == 0:
                    got.packet(data)
        except TimeoutError:
            pass
        expect(got.frames - frames < 40, f"{got.frames - frames} frames while it pauses")
        client.socket.settimeout(20)
        # It goes on where it stopped: without a gap, and to the same pictures.
        answer = client.request("PLAY", url)
        equal(answer.status, 200, "PLAY after PAUSE")
        take(60)
        pictures = decoded(got.data)
        equal(pictures, hashes(source)[:len(pictures)], "pictures around the pause")
        play(Range="npt=now-")
        take(30)
        same_from_a_key_frame(source, decoded(got.data), 25, "back to live")


@test
def again_after_the_end():
    """Who has seen all of it may see it once more, end its session, and begin another one."""
    store, (begin, _) = recorded()
    with Server("--store", store, channels=2, sources=sources()) as server, Client(server.port) as client:
        url = f"{server.url(0)}/from/{after(begin, 1.016)}"

        def seen(**fields):
            """The first key frame of a PLAY that ends where nothing is recorded yet."""
            equal(client.request("PLAY", url, Scale="16", **fields).status, 200, f"PLAY {fields}")
            got = take_all(client)
            expect(got.keys >= 6, f"{got.keys} key frames with {fields}")
            return decoded(got.data)[0]

        def set_up():
            client.session = None
            setup = client.request("SETUP", f"{url}/track0", Transport="RTP/AVP/TCP")
            equal(setup.status, 200, "SETUP")
            client.session = setup["Session"].split(";")[0]
        set_up()
        first = hashes(sources()[0])[GOP]
        equal(seen(Range="npt=0-"), first, "the first picture")
        equal(seen(Range="npt=0-"), first, "the same once more")
        equal(client.request("TEARDOWN", url).status, 200, "TEARDOWN")
        set_up()
        equal(seen(), first, "the first picture of another session")


@test
def being_recorded():
    """What is recorded at this moment can be seen, two seconds late."""
    source = sources()[0]
    with Server("--store", FOLDER / "now", channels=1, sources=[source]) as server, Client(server.port) as client:
        server.wait_status(lambda s: s["channels"][0]["frames"] > 150, 60, "some seconds of recording")
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=2)
        url = server.url(0)
        described = client.request("DESCRIBE", url)
        setup = client.request("SETUP", described["Content-Base"] + "track0", Transport="RTP/AVP/TCP")
        client.session = setup["Session"].split(";")[0]
        equal(client.request("PLAY", url, Range=f"clock={clock(start)}-").status, 200, "PLAY")
        got = Depacketizer()
        while got.frames < 120:
            number, data = client.packet()
            if number == 0:
                got.packet(data)
        same_from_a_key_frame(source, decoded(got.data)[:110], 110, "two seconds late")


@test
def what_is_not_there():
    """Times before and after all recordings, channels and boards without any, no store at all."""
    store, (begin, _) = recorded()
    with Server("--store", store, channels=2, sources=sources()) as server, Client(server.port) as client:
        for path, status in ((f"/ch/0/from/{after(begin, -3600)}", 200), (f"/ch/0/from/{after(begin, 3600)}", 404),
                             (f"/ch/3/from/{after(begin, 1)}", 404), ("/ch/0/from/yesterday", 404),
                             (f"/ch/0/from/{after(begin, 1)}/to/x", 404), ("/ch/0/from/20260230T000000Z/x", 404)):
            equal(client.request("DESCRIBE", f"rtsp://127.0.0.1:{server.port}{path}").status, status, path)
    with Server(channels=1, sources=sources()) as server, Client(server.port) as client:
        equal(client.request("DESCRIBE", f"{server.url(0)}/from/{after(begin, 1)}").status, 404, "without a store")
        # Away while its disk is asked: nothing is left behind.
    with Server("--store", store, channels=2, sources=sources()) as server:
        for _ in range(50):
            with Client(server.port) as client:
                client.socket.sendall(f"DESCRIBE {server.url(0)}/from/{after(begin, 1)} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
                                      .encode())
        server.wait_status(lambda s: s["connections"] == 0, 10, "them to be gone")


if __name__ == "__main__":
    # They wait for recordings to be played, most of the time. The cameras first: they share them.
    sources()
    main(jobs=2)
