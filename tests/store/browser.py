# SPDX-License-Identifier: BSD-2-Clause
"""Plays a file in headless Chromium; what came out, as player.html tells it."""

import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

from harness import Failure, Skip

PAGE = pathlib.Path(__file__).resolve().parent / "player.html"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 90


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self, data, kind, status=200, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/":
            self._answer(PAGE.read_bytes(), "text/html")
        elif self.path == "/task":
            self._answer(json.dumps(self.server.task).encode(), "application/json")
        elif self.path == "/video.mp4":
            self._video()
        else:
            self._answer(b"", "text/plain", 404)

    def _video(self):
        data = self.server.video
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match:
            self._answer(data, "video/mp4", headers=[("Accept-Ranges", "bytes")])
            return
        begin = int(match[1])
        end = min(int(match[2] or len(data) - 1), len(data) - 1)
        if begin > end:
            self._answer(b"", "video/mp4", 416, [("Content-Range", f"bytes */{len(data)}")])
            return
        self._answer(data[begin:end + 1], "video/mp4", 206,
                     [("Accept-Ranges", "bytes"), ("Content-Range", f"bytes {begin}-{end}/{len(data)}")])

    def do_POST(self):
        self.server.result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(b"", "text/plain")
        self.server.done.set()

    def log_message(self, *_):
        pass


def play(data, seeks=(), seconds=0, pieces=False):
    """Play a file's bytes: what player.html's run() returns. seeks: times whose pictures
    are wanted; seconds: play so long; pieces: by Media Source Extensions."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        raise Skip("no Chromium: run scripts/install-packages store")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server, \
            tempfile.TemporaryDirectory(prefix="netra-chromium-", ignore_cleanup_errors=True) as profile:
        server.daemon_threads = True
        server.video, server.done, server.result = data, threading.Event(), None
        server.task = {"url": "/video.mp4", "seeks": list(seeks), "play": seconds, "pieces": pieces,
                       "codec": codec(data) if pieces else None}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = [program, "--headless=new", "--disable-gpu", "--no-first-run", "--mute-audio", "--no-sandbox",
                 "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={profile}",
                 f"http://127.0.0.1:{server.server_port}/"]
        with open(pathlib.Path(profile) / "log", "w+", encoding="utf-8") as log:
            browser = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env={**os.environ, "HOME": profile}, start_new_session=True)
            try:
                done = server.done.wait(PATIENCE_S)
            finally:
                browser.terminate()
                try:
                    browser.wait(10)
                except subprocess.TimeoutExpired:
                    browser.kill()
                    browser.wait()
                server.shutdown()
            if not done:
                log.seek(0)
                raise Failure(f"Chromium gave no answer within {PATIENCE_S} s: {log.read()[-2000:]}")
    if "error" in server.result:
        raise Failure(f"Chromium: {server.result['error']}")
    return server.result


def codec(data):
    """As in RFC 6381: profile, constraints and level are the first bytes of avcC's content."""
    at = data.index(b"avcC") + 5
    return f"avc1.{data[at:at + 3].hex()}"
