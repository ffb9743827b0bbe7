#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What people use shows the cameras' pictures, all of them, from a key frame on, on
all 16 channels at once, over UDP and TCP, without a word of complaint."""

import contextlib
import hashlib
import pathlib
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from openrtsp import OpenRtsp  # noqa: E402
from recordings import decoded  # noqa: E402
from serving import (FOLDER, GOP, Client, Continuity, Server, clip, hashes, player,  # noqa: E402
                     same_from_a_key_frame, undisturbed)
from vlc import Vlc  # noqa: E402
from harness import Skip, add, equal, expect, main, test  # noqa: E402

CHANNELS = 16
FRAMES = 60
RATE = 30


def cancelled_itself(output):
    """GStreamer 1.22 leaves playing by PAUSE in one thread, and cancels that in another when it closes at once. Of a
    cancelled send it says that the other side has closed (writev_bytes() in gstrtspconnection.c looks at what was
    written before it looks at the error). Nothing but that was said, and it came after the last picture."""
    lines = [line for line in output.splitlines() if line.strip()]
    return bool(lines) and all(
        "Could not write to resource" in line or line.startswith("Additional debug info") or
        "gst_rtspsrc_try_send ()" in line or "gst_rtspsrc_pause ()" in line or
        line == "Could not send message. (Received end-of-file)" for line in lines) and "gst_rtspsrc_pause ()" in output


def all_at_once(server, command, timeout):
    """Start a program per channel; each ends by itself with status 0. Returns what they said."""
    programs = []
    said = []
    try:
        for channel in range(CHANNELS):
            programs.append(subprocess.Popen([str(word) for word in command(channel)], stdin=subprocess.DEVNULL,
                                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        end = time.monotonic() + timeout
        for channel, program in enumerate(programs):
            output, _ = program.communicate(timeout=max(1, end - time.monotonic()))
            if cancelled_itself(output):
                print(f"        channel {channel}: GStreamer cancelled its own PAUSE at the end", flush=True)
                said.append("")
                continue
            equal(program.returncode, 0, f"channel {channel}: exit status ({output})")
            said.append(output)
    finally:
        for program in programs:
            if program.poll() is None:
                program.kill()
                program.wait()
            program.stdout.close()
    expect(server.process.poll() is None, f"netra serve ended: {server.said()}")
    return said


def ffmpeg(transport):
    with Server(channels=CHANNELS) as server:
        server.warm()
        said = all_at_once(server, lambda channel: (
            # Without -copyts, ffmpeg takes the third picture's time for the first one's if there are B-frames.
            "ffmpeg", "-v", "warning", "-nostdin", "-copyts", "-rtsp_transport", transport, "-i", server.url(channel),
            "-frames:v", FRAMES, "-fps_mode", "passthrough", "-f", "framemd5", "-y", FOLDER / f"ffmpeg{channel}"), 120)
        for channel, text in enumerate(said):
            equal(text, "", f"channel {channel}: ffmpeg says")
            lines = (FOLDER / f"ffmpeg{channel}").read_text(encoding="utf-8").splitlines()
            same_from_a_key_frame(server.source(channel), [line.split(",")[5].strip() for line in lines
                                                           if line[0] != "#"], FRAMES, f"channel {channel}")
        equal(server.said(), "", "netra says")


def gstreamer(transport):
    gst = player("gst-launch-1.0")
    with Server(channels=CHANNELS) as server:
        server.warm()
        said = all_at_once(server, lambda channel: (
            gst, "-q", "rtspsrc", f"location={server.url(channel)}", f"protocols={transport}", "latency=500", "!",
            "rtph264depay", "!", "h264parse", "!", "avdec_h264", "!", "identity", f"eos-after={FRAMES}", "!",
            "filesink", f"location={FOLDER}/gst{channel}"), 120)
        for channel, text in enumerate(said):
            equal(text, "", f"channel {channel}: GStreamer says")
            source = server.source(channel)
            size = (352 * 288 if source.stem == "d" else 176 * 144) * 3 // 2
            data = (FOLDER / f"gst{channel}").read_bytes()
            got = [hashlib.md5(data[at:at + size]).hexdigest() for at in range(0, len(data) - size + 1, size)]
            # At the end the decoder gives out what it has, though pictures are missing before it.
            same_from_a_key_frame(source, got[:FRAMES - 4], FRAMES - 4, f"channel {channel}")


def openrtsp(*options):
    with Server(channels=CHANNELS) as server, contextlib.ExitStack() as stack:
        server.warm()
        players = [stack.enter_context(OpenRtsp(server.url(channel), *options)) for channel in range(CHANNELS)]
        for one in players:
            # The last of them may not be whole, and one with B-frames is shown late.
            one.wait(FRAMES + 8)
        for channel, one in enumerate(players):
            same_from_a_key_frame(server.source(channel), decoded(one.end(stop=True))[:FRAMES], FRAMES,
                                  f"channel {channel}")
        server.wait_status(lambda s: s["connections"] == 0, 10, "them to be gone")
        equal(server.said(), "", "netra says")


def vlc(*options):
    with Server(channels=CHANNELS) as server, contextlib.ExitStack() as stack:
        server.warm()
        # Three seconds more than the frames take, as its clock begins when it does.
        seconds = FRAMES // RATE + 3
        players = [stack.enter_context(Vlc(server.url(channel), seconds, *options)) for channel in range(CHANNELS)]
        for channel, one in enumerate(players):
            same_from_a_key_frame(server.source(channel), decoded(one.end())[:FRAMES], FRAMES, f"channel {channel}")
        equal(server.said(), "", "netra says")


for _transport in ("tcp", "udp"):
    add(f"ffmpeg_{_transport}", undisturbed(ffmpeg), _transport)
    add(f"gstreamer_{_transport}", undisturbed(gstreamer), _transport)
    add(f"openrtsp_{_transport}", undisturbed(openrtsp), *(["-t"] if _transport == "tcp" else []))
    add(f"vlc_{_transport}", undisturbed(vlc), *(["--rtsp-tcp"] if _transport == "tcp" else []))


@test
def set_up_and_first_picture():
    """Figures; the bounds are ten times what they should be."""
    with Server(channels=CHANNELS) as server:
        server.warm()
        set_ups, firsts = [], []
        for channel in range(CHANNELS):
            begin = time.monotonic()
            with Client(server.port) as client:
                client.play(server.url(channel))
                set_ups.append(time.monotonic() - begin)
                for number, data in iter(client.packet, None):
                    if number == 0 and data[1] & 0x80:
                        break
                firsts.append(time.monotonic() - begin)
        print(f"        set-up {max(set_ups) * 1000:.1f} ms at most, first picture {max(firsts) * 1000:.1f} ms at most")
        expect(max(set_ups) < 0.5, f"set-up took {max(set_ups)} s")
        expect(max(firsts) < 2, f"the first picture took {max(firsts)} s")


@test
def times_and_reports():
    """RTP times are presentation times; the sender report ties them to the clock on the wall."""
    with Server(channels=2, sources=[clip("b", "-b:v", "300k", "-bf", 2, "-x264-params", "b-adapt=0")]) as server:
        server.warm()
        with Client(server.port) as client:
            _, _, played = client.play(server.url(1), "RTP/AVP/TCP;unicast;interleaved=6-7")
            info = dict(word.split("=", 1) for word in played["RTP-Info"].split(";"))
            times, report, arrived, first = [], None, None, True
            while len(times) < 90:
                number, data = client.packet()
                expect(number in (6, 7), f"interleaved channel {number}")
                if number == 7:
                    report = report or data
                    continue
                stamp, = struct.unpack(">I", data[4:8])
                if first:
                    first = False
                    equal(stamp, int(info["rtptime"]), "time of the first packet")
                    equal(struct.unpack(">H", data[2:4])[0], int(info["seq"]), "its number")
                if data[1] & 0x80:
                    times.append(stamp)
                    arrived = time.time()
            shown = sorted((stamp - times[0] + 2 ** 31) % 2 ** 32 - 2 ** 31 for stamp in times)
            expect(sorted(times) != times, "B-frames, and yet times only rise")
            # What is missing was counted where it was lost: on a machine that keeps up, nothing.
            status = server.status()
            channel = status["channels"][1]
            counted = channel["lost"] + channel["unfit"] + status["dropped_frames"]
            for a, b in zip(shown, shown[1:]):
                equal((b - a) % 3000, 0, "time between two pictures, in frames")
            missing = (shown[-1] - shown[0]) // 3000 + 1 - len(set(shown))
            expect(missing <= counted, f"{missing} frames are missing, {counted} were counted as lost")
            expect(report and report[1] == 200, "no sender report came first")
            seconds, part, stamp = struct.unpack(">III", report[8:20])
            wall = seconds - 2208988800 + part / 2 ** 32
            # The last frame by the report's clock: it was taken just before it arrived.
            taken = wall + ((times[-1] - stamp + 2 ** 31) % 2 ** 32 - 2 ** 31) / 90000
            expect(-0.5 < arrived - taken < 1.5, f"a frame was taken {arrived - taken} s before it came")


@test
def multicast():
    """The group gets what the channel has; two viewers cost one stream."""
    with Server("--multicast", "239.255.77.0:15004", "--multicast-interface", "127.0.0.1", channels=4) as server:
        server.warm()
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.settimeout(10)
        receiver.bind(("239.255.77.2", 15004))
        try:
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                socket.inet_aton("239.255.77.2") + socket.inet_aton("127.0.0.1"))
        except OSError as why:
            raise Skip(f"no multicast on loopback: {why}") from why
        with receiver, Client(server.port) as one, Client(server.port) as two:
            _, setup, _ = one.play(server.url(2), "RTP/AVP;multicast")
            expect("destination=239.255.77.2" in setup["Transport"], setup["Transport"])
            two.play(server.url(2), "RTP/AVP;multicast")
            seen = Continuity()
            while seen.frames < 60:
                seen.packet(receiver.recv(2048))
            equal(seen.gaps, 0, "gaps")
            equal(server.status()["multicast"], 2, "viewers")
            equal(one.request("TEARDOWN", server.url(2)).status, 200, "TEARDOWN")
            receiver.recv(2048)
        server.wait_status(lambda s: s["connections"] == 0, 10, "them to be gone")


@test
def end_of_stream():
    """When a camera's stream ends, players are told and end by themselves."""
    source = clip("e", "-b:v", "300k", seconds=5)
    with Server(board=f"emulated:channels=1,loops=1,source={source}", sources=[source]) as server:
        server.warm()
        for transport in ("tcp", "udp"):
            # The second time it is over, and the last second is still to be had.
            result = subprocess.run(["ffmpeg", "-v", "warning", "-nostdin", "-copyts", "-rtsp_transport", transport,
                                     "-i", server.url(0), "-f", "framemd5", "-"], timeout=60, capture_output=True,
                                    text=True, check=False)
            equal((result.returncode, result.stderr), (0, ""), f"ffmpeg by {transport}")
            got = [line.split(",")[5].strip() for line in result.stdout.splitlines() if line[0] != "#"]
            equal(got[-GOP:], hashes(source)[-GOP:], f"the last pictures by {transport}")


if __name__ == "__main__":
    main()
