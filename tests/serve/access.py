#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may see what, over TLS or not; taking over new users; life under a service manager."""

import hashlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from openrtsp import OpenRtsp  # noqa: E402
from recordings import decoded  # noqa: E402
from serving import FOLDER, Client, Server, clip, player, port_of, same_from_a_key_frame  # noqa: E402
from harness import NETRA, equal, expect, main, run, test, wait_for  # noqa: E402

USERS = FOLDER / "users"


def add_user(name, password, *options):
    run(NETRA, "user", "--users", USERS, "--add", name, *options, stdin=None, input=f"{password}\n")


def make_certificate():
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", FOLDER / "key.pem", "-out",
        FOLDER / "cert.pem", "-days", 2, "-subj", "/CN=localhost")


def digest(client, method, url, user, password, algorithm="SHA-256", **fields):
    """A request with credentials, as RFC 7616 has it."""
    asked = client.request(method, url, **fields)
    if asked.status != 401:
        return asked
    name = {"MD5": "md5", "SHA-256": "sha256"}[algorithm]
    offers = [value for field, value in asked.fields if field == "www-authenticate"]
    offer = next(value for value in offers if f"algorithm={algorithm}" in value)
    words = dict(word.strip().split("=", 1) for word in offer[len("Digest "):].split(","))
    realm, nonce = (words[key].strip('"') for key in ("realm", "nonce"))

    def hashed(*parts):
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()
    first, second = hashed(user, realm, password), hashed(method, url)
    if "qop" in words:
        proof = f'{hashed(first, nonce, "00000001", "abc", "auth", second)}", qop=auth, nc=00000001, cnonce="abc"'
    else:
        proof = hashed(first, nonce, second) + '"'
    fields["Authorization"] = (f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{url}", '
                               f'algorithm={algorithm}, response="{proof}')
    return client.request(method, url, **fields)


def pull(url, *options):
    """What ffmpeg says when it takes a few frames from there."""
    return run("ffmpeg", "-v", "error", "-nostdin", *options, "-i", url, "-frames:v", 5, "-f", "null", "-",
               check=False, timeout=60)


@test
def users_and_rights():
    """MD5 and SHA-256; wrong passwords, unknown users and other channels get nothing."""
    add_user("anna", "secret")
    add_user("gate", "open:sesame", "--channels", "1")
    with Server("--users", USERS, channels=2) as server:
        server.warm()
        for algorithm in ("MD5", "SHA-256"):
            with Client(server.port) as client:
                for user, password, channel, status in (
                        ("anna", "secret", 0, 200), ("anna", "secret", 1, 200), ("gate", "open:sesame", 1, 200),
                        ("gate", "open:sesame", 0, 403), ("anna", "secret", 9, 403), ("anna", "Secret", 0, 401)):
                    answer = digest(client, "DESCRIBE", server.url(channel), user, password, algorithm)
                    equal(answer.status, status, f"{user} on channel {channel} by {algorithm}")
        with Client(server.port) as client:
            equal(client.request("SETUP", server.url(0), Transport="RTP/AVP/TCP").status, 401, "SETUP by nobody")
            equal(client.request("OPTIONS", server.url(0)).status, 200, "OPTIONS by nobody")
        for transport in ("tcp", "udp"):
            result = pull(server.url(1, "gate:open%3asesame"), "-rtsp_transport", transport)
            equal((result.returncode, result.stderr), (0, ""), f"ffmpeg by {transport}")
        expect("401" in pull(server.url(1)).stderr, "ffmpeg got in without a password")
        gst = player("gst-launch-1.0")
        result = run(gst, "-q", "rtspsrc", f"location={server.url(0)}", "user-id=anna", "user-pw=secret",
                     "protocols=tcp", "!", "rtph264depay", "!", "identity", "eos-after=10", "!", "fakesink", timeout=60)
        equal((result.stdout, result.stderr), ("", ""), "GStreamer says")


@test
def openrtsp():
    """It gets in with the right password, and over TLS."""
    add_user("anna", "secret")
    make_certificate()
    with Server("--users", USERS, "--rtsps", "localhost:0", "--cert", FOLDER / "cert.pem", "--key", FOLDER / "key.pem",
                channels=1) as server:
        server.warm()
        secure = f"rtsps://127.0.0.1:{port_of(server.urls[1])}/ch/0"
        for url, *options in ((server.url(0),), (server.url(0), "-t"), (secure, "-t")):
            with OpenRtsp(url, "-u", "anna", "secret", *options) as one:
                one.wait(40)
                same_from_a_key_frame(server.source(0), decoded(one.end(stop=True))[:30], 30, f"{url} {options}")
        with OpenRtsp(server.url(0), "-u", "anna", "Secret") as one:
            said, _ = one.process.communicate(timeout=60)
            equal(one.process.returncode, 1, f"exit status with a wrong password ({said})")
            expect("401" in said and not one.frames(), f"with a wrong password: {said}")


@test
def wrong_passwords_are_slowed():
    """After three, each costs more; connections beside each other gain nothing; who is in stays in."""
    add_user("anna", "secret")
    with Server("--users", USERS, channels=1) as server:
        server.warm()
        with Client(server.port) as inside:
            equal(digest(inside, "DESCRIBE", server.url(0), "anna", "secret").status, 200, "the right one")

            def guess():
                with Client(server.port, timeout=60) as client:
                    digest(client, "DESCRIBE", server.url(0), "anna", "guess")
            begin = time.monotonic()
            threads = [threading.Thread(target=guess) for _ in range(6)]
            for thread in threads:
                thread.start()
            # The fourth to sixth wait: 0.25 + 0.5 s, and the next one 1 s more.
            time.sleep(0.2)
            equal(digest(inside, "DESCRIBE", server.url(0), "anna", "secret").status, 200, "who was in")
            expect(time.monotonic() - begin < 0.7, "who was in had to wait")
            for thread in threads:
                thread.join()
            guess()
            expect(time.monotonic() - begin > 1.7, f"7 guesses took {time.monotonic() - begin} s only")
        equal(server.status()["wrong_passwords"], 7, "wrong passwords counted")


@test
def new_users_at_sighup():
    """Users come and go while others watch; a damaged file changes nothing."""
    add_user("anna", "secret")
    add_user("bert", "secret")
    with Server("--users", USERS, channels=1) as server:
        server.warm()
        clients = {}
        for name in ("anna", "bert"):
            client = clients[name] = Client(server.port)
            digest(client, "DESCRIBE", server.url(0), name, "secret")
            setup = digest(client, "SETUP", server.url(0), name, "secret", Transport="RTP/AVP/TCP")
            client.session = setup["Session"].split(";")[0]
            equal(digest(client, "PLAY", server.url(0), name, "secret").status, 200, "PLAY")
        text = USERS.read_text(encoding="utf-8")
        USERS.write_text("damaged\n", encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "line 1" in server.said(), 10, "a complaint")
        equal(server.status()["tcp"], 2, "players after a damaged file")
        USERS.write_text(text, encoding="utf-8")
        run(NETRA, "user", "--users", USERS, "--remove", "bert")
        add_user("carl", "secret")
        server.process.send_signal(signal.SIGHUP)
        server.wait_status(lambda s: s["tcp"] == 1, 10, "bert to go")
        for _ in range(100):
            clients["anna"].packet()
        with Client(server.port) as client:
            equal(digest(client, "DESCRIBE", server.url(0), "carl", "secret").status, 200, "the new one")
            equal(digest(client, "DESCRIBE", server.url(0), "bert", "secret").status, 401, "the old one")
        for client in clients.values():
            client.__exit__()


@test
def tls():
    """The same pictures over TLS; UDP is refused there; a slow one does not tear others' records."""
    make_certificate()
    with Server("--rtsps", "localhost:0", "--cert", FOLDER / "cert.pem", "--key", FOLDER / "key.pem",
                channels=2) as server:
        server.warm()
        port = port_of(server.urls[1])
        expect(server.urls[1].startswith("rtsps://"), server.urls[1])
        url = f"rtsps://127.0.0.1:{port}/ch/0"
        result = run("ffmpeg", "-v", "warning", "-nostdin", "-copyts", "-i", url, "-frames:v", 60, "-fps_mode",
                     "passthrough", "-f", "framemd5", "-", timeout=60)
        equal(result.stderr, "", "ffmpeg says")
        same_from_a_key_frame(server.source(0), [line.split(",")[5].strip() for line in result.stdout.splitlines()
                                                 if line[0] != "#"], 60, "over TLS")
        context = ssl.create_default_context(cafile=FOLDER / "cert.pem")
        context.check_hostname = False
        with Client(port, context) as client:
            equal(client.request("SETUP", url, Transport="RTP/AVP;unicast;client_port=5000-5001").status, 461, "UDP")
            client.play(url, "RTP/AVP/TCP;unicast;interleaved=2-3")
            for _ in range(50):
                expect(client.packet()[0] in (2, 3), "another interleaved channel")
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.sendall(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            plain.settimeout(10)
            try:
                expect(b"RTSP" not in plain.recv(1000), "plain RTSP on the TLS port")
            except ConnectionError:
                pass
        server.process.send_signal(signal.SIGHUP)
        equal(pull(url).returncode, 0, "ffmpeg after a reload")


@test
def several_boards_and_a_file_of_options():
    """Boards and options from a file; the command line wins."""
    source = clip("a", "-b:v", "300k")
    file = FOLDER / "serve.conf"
    file.write_text(f"# a comment\nboard = emulated:channels=1,source={source}\nboard = emulated:channels=3,"
                    f"source={source}\nrtsp = localhost:1\ninterval = 200ms\njson = yes\nquiet=no\n", encoding="utf-8")
    with subprocess.Popen([NETRA, "serve", "--config", file, "--rtsp", "127.0.0.1:0", "--web", "none"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(process.stdout.readline())
            port = port_of(ready["rtsp"][0])
            with Client(port) as client:
                for path, status in (("/ch/0", 200), ("/ch/1", 404), ("/board/0/ch/0", 200), ("/board/1/ch/2", 200),
                                     ("/board/1/ch/3", 404), ("/board/2/ch/0", 404)):
                    equal(client.request("DESCRIBE", f"rtsp://127.0.0.1:{port}{path}").status, status, path)
                client.play(f"rtsp://127.0.0.1:{port}/board/1/ch/2")
                for _ in range(40):
                    client.packet()
        finally:
            process.terminate()
            _, said = process.communicate(timeout=20)
        equal((process.returncode, said), (0, ""), "how it ended")


@test
def service_manager():
    """Sockets that it opened, its watchdog, and what it is told."""
    path = str(FOLDER / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, socket.socket() as listener:
        manager.bind(path)
        manager.settimeout(30)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        # As systemd does it: descriptor 3, and the number of the process itself.
        words = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", str(NETRA), "serve", "emulated:channels=1", "--web", "none", "--quiet"]
        read = os.dup(listener.fileno())
        env = {**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000", "LISTEN_FDS": "1",
               "LISTEN_FDNAMES": "rtsp"}

        def give():
            os.dup2(read, 3)
        with subprocess.Popen(words, env=env, pass_fds=(3,) if read == 3 else (3, read), preexec_fn=give,
                              stdin=subprocess.DEVNULL) as process:
            try:
                said = [manager.recv(200).decode() for _ in range(4)]
                expect("READY=1" in said and said.count("WATCHDOG=1") >= 2, f"it said {said}")
                with Client(port) as client:
                    client.play(f"rtsp://127.0.0.1:{port}/ch/0")
                process.send_signal(signal.SIGHUP)
                while "RELOADING=1" not in (word := manager.recv(200).decode()):
                    expect(process.poll() is None, "netra serve ended")
                expect("MONOTONIC_USEC=" in word, word)
            finally:
                process.terminate()
                process.wait(20)
        os.close(read)
        word = ""
        while word != "STOPPING=1":
            word = manager.recv(200).decode()


@test
def user_verb():
    """Adding, changing, listing, removing; the file is for its owner only and holds no password."""
    file = FOLDER / "verb-users"
    for name, password, channels in (("anna", "pass word", None), ("bert", "x", "0-3,1/7"), ("anna", "new", None)):
        run(NETRA, "user", "--users", file, "--add", name, *(("--channels", channels) if channels else ()),
            stdin=None, input=f"{password}\n")
    equal(file.stat().st_mode & 0o777, 0o600, "its mode")
    text = file.read_text(encoding="utf-8")
    expect("pass word" not in text and "new" not in text, "a password is in the file")
    listed = json.loads(run(NETRA, "user", "--users", file, "--list", "--json").stdout)
    equal(listed, [{"name": "anna", "channels": "*"}, {"name": "bert", "channels": "0-3,1/7"}], "the list")
    run(NETRA, "user", "--users", file, "--remove", "anna")
    expect("anna" not in run(NETRA, "user", "--users", file, "--list").stdout, "anna is still there")
    for words, status in ((("--remove", "anna"), 1), (("--add", "a:b"), 2), (("--add", "a", "--channels", "99"), 2),
                          (("--add", "a"), 1), ((), 2), (("--list", "--add", "a"), 2)):
        result = run(NETRA, "user", "--users", file, *words, check=False)
        equal(result.returncode, status, f"{words}: exit status ({result.stderr})")
        equal(len(result.stderr.splitlines()), 1, f"{words}: lines on standard error")


if __name__ == "__main__":
    main()
