#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may do what at the web server of `netra serve`: logins, rights, other sites' pages, TLS."""
import json
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import NETRA, Skip, equal, expect, main, run, test, wait_for  # noqa: E402
from web_serving import PASSWORD, Server, basic, refused  # noqa: E402


@test
def access():
    """Cookies, passwords, rights; other sites' pages get nothing."""
    with Server() as server:
        for path in ("/api/status", "/api/events", "/metrics", "/api/timeline?from=1&to=2", "/api/recordings/0/0?from=1&to=2",
                     "/api/media/0/0/20260101T000000.000Z.mp4", "/api/export/0/0?from=1&to=2"):
            equal(server.ask(path)[0], 401, f"{path} without a login")
        equal(server.ask("/")[0], 200, "the page")
        for path in ("/nothing.js", "/web_http.c", "/api", "/api/nothing", "/api/status/", "/live/0/0", "/../../etc/passwd", "/%2e%2e/users"):
            expect(server.ask(path)[0] in (401, 404), f"{path}: {server.ask(path)[0]}")
        equal(server.ask("/nothing.js")[0], 404, "a file that the page does not have")
        status, headers, _ = server.log_in()
        equal(status, 200, "login")
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            expect(word in headers["set-cookie"], f"no {word} in {headers['set-cookie']}")
        cookie = "Cookie: " + headers["set-cookie"].split(";")[0]
        equal(server.ask("/api/status", cookie)[0], 200, "status with the cookie")
        equal(server.ask("/api/status", cookie[:-1] + ("0" if cookie[-1] != "0" else "1"))[0], 401, "another cookie")
        equal(server.ask("/api/status", f"{cookie}; other={'x' * 4000}")[0], 200, "status beside other servers' cookies")
        equal(server.ask("/metrics", basic("anna"))[0], 200, "metrics with a password")

        gate = server.cookie("gate")
        equal(len(server.json("/api/status", gate)["channels"]), 4, "what gate sees")
        equal(server.ask("/api/recordings/0/5?from=1&to=2", gate)[0], 403, "recordings that are not gate's")
        server.live(3, gate).close()
        refused(lambda: server.live(5, gate), "a channel that is not gate's")
        refused(lambda: server.live(0), "a WebSocket without a login")

        evil = "Origin: http://evil.example"
        refused(lambda: server.live(0, cookie, evil), "a WebSocket of another site")
        server.live(0, cookie, f"Origin: http://127.0.0.1:{server.port}").close()
        equal(server.log_in("anna", PASSWORD, evil)[0], 403, "a login by another site")
        equal(server.ask("/api/logout", cookie, evil, "Content-Type: application/json", method="POST", body=b"{}")[0],
              403, "a logout by another site")
        equal(server.ask("/api/logout", cookie, "Content-Type: text/plain", method="POST", body=b"{}")[0], 415,
              "what a form could send")
        for field in ("content-security-policy", "x-content-type-options"):
            expect(field in headers, f"no {field}")

        watching = server.live(0, cookie)
        equal(server.ask("/api/logout", cookie, "Content-Type: application/json", method="POST", body=b"{}")[0], 200, "logout")
        equal(server.ask("/api/status", cookie)[0], 401, "status after the logout")
        watching.socket.settimeout(20)
        try:
            while watching.receive() is not None:
                pass
        except (ConnectionError, TimeoutError) as why:
            expect(not isinstance(why, TimeoutError), "pictures go on after the logout")


@test
def wrong_passwords():
    """After three, each further try has to wait; others do not."""
    with Server() as server:
        answers = [server.log_in("anna", "wrong", source="127.0.0.2")[0] for _ in range(3)]
        equal(answers, [401] * 3, "three wrong ones")
        status, headers, body = 401, {}, b""
        for _ in range(3):
            if status == 401:
                status, headers, body = server.log_in("anna", "wrong", source="127.0.0.2")
        equal(status, 429, "the next one at once")
        expect(json.loads(body)["wait_ms"] > 0 and int(headers["retry-after"]) >= 1, f"how long: {body}")
        equal(server.log_in("anna", PASSWORD, source="127.0.0.2")[0], 429, "a right one too early")
        equal(server.log_in("anna", PASSWORD, source="127.0.0.3")[0], 200, "a right one from elsewhere")
        time.sleep(json.loads(body)["wait_ms"] / 1000 + 1)
        equal(server.log_in("anna", PASSWORD, source="127.0.0.2")[0], 200, "a right one in time")


def ends(client, what):
    """It is closed within a while."""
    end = time.monotonic() + 20
    try:
        while client.receive() is not None:
            expect(time.monotonic() < end, f"{what}: pictures go on")
    except ConnectionError:
        pass


@test
def users_at_sighup():
    """Users where there were none; rights and passwords that change: who may no longer watch is sent away."""
    folder = Path(tempfile.mkdtemp(prefix="netra-users-"))
    users, config = folder / "users", folder / "serve.conf"
    config.write_text("interval = 1s\n", encoding="utf-8")

    def allow(name, channels, password=PASSWORD):
        run(NETRA, "user", "--users", users, "--add", name, "--channels", channels, input=password + "\n", stdin=None)
    with Server("--config", config, users=False) as server:
        def read_again(what):
            server.process.send_signal(signal.SIGHUP)
            wait_for(what, 20, "the users to be read again")
        anybody = server.live(0)
        anybody.receive()
        allow("anna", "*")
        allow("gate", "0-3")
        config.write_text(f"interval = 1s\nusers = {users}\n", encoding="utf-8")
        read_again(lambda: server.ask("/api/status")[0] == 401)
        refused(lambda: server.live(0), "a WebSocket without a login")
        ends(anybody, "nobody")
        # By cookie and by password; a cookie of nobody's changes nothing.
        cookie, junk = server.cookie("gate"), "Cookie: netra=" + "0" * 64
        kept = server.live(2, basic("gate"), junk)
        lost = [server.live(3, who) for who in (cookie, basic("gate"))]
        allow("gate", "0-2")
        read_again(lambda: server.ask("/api/recordings/0/3?from=1&to=2", cookie)[0] == 403)
        for client in lost:
            ends(client, "a channel that is not gate's any more")
        allow("gate", "0-2", "another one")
        for _ in range(20):
            kept.receive()
        read_again(lambda: server.ask("/api/status", cookie)[0] == 401)
        ends(kept, "gate with the old password")
        config.write_text("interval = 1s\n", encoding="utf-8")
        read_again(lambda: "stay in force" in server.said())
        equal(server.ask("/api/status")[0], 401, "without a login, as before")
    shutil.rmtree(folder)


@test
def one_count():
    """Wrong passwords of one address count together, by RTSP and here."""
    with Server("--rtsp", "127.0.0.1:0") as server:
        port = int(server.ready["rtsp"][0].rsplit(":", 1)[1])
        request = (f"DESCRIBE rtsp://127.0.0.1:{port}/ch/0 RTSP/1.0\r\nCSeq: 1\r\n"
                   'Authorization: Digest username="anna", realm="netra", nonce="0"\r\n\r\n').encode()
        for _ in range(7):
            with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=("127.0.0.4", 0)) as client:
                client.sendall(request)
                expect(b" 401 " in client.recv(4096)[:20], "RTSP with a wrong password")
        equal(server.log_in("anna", PASSWORD, source="127.0.0.4")[0], 429, "the page, too early")
        equal(server.log_in("anna", PASSWORD, source="127.0.0.5")[0], 200, "from elsewhere")


@test
def names():
    """Without users, a name that may be another site's is not served."""
    with Server(users=False) as server:
        equal(server.ask("/api/status")[0], 200, "by address")
        answer = server.raw(b"GET /api/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        expect(b" 421 " in answer[:20], f"by a name: {answer[:60]}")


@test
def tls():
    """With a certificate it is HTTPS and nothing else, and the cookie is Secure."""
    if not shutil.which("openssl"):
        raise Skip("no openssl: scripts/install-packages serve")
    folder = Path(tempfile.mkdtemp(prefix="netra-tls-"))
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
    with Server("--cert", folder / "cert.pem", "--key", folder / "key.pem") as server:
        expect(server.url.startswith("https://"), server.url)
        context = ssl.create_default_context(cafile=str(folder / "cert.pem"))
        context.check_hostname = False
        body = json.dumps({"user": "anna", "password": PASSWORD}).encode()
        with context.wrap_socket(server.connect()) as client:
            client.sendall((f"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
                            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
            answer = b""
            while data := client.recv(65536):
                answer += data
        expect(b"200 OK" in answer[:20] and b"Secure" in answer, f"the login: {answer[:300]}")
        plain = server.raw(b"GET / HTTP/1.0\r\n\r\n")
        expect(not plain.startswith(b"HTTP/1.1 200"), "served without TLS")
    shutil.rmtree(folder)


@test
def renewed_certificate():
    """SIGHUP has HTTPS and RTSPS show the new certificate, also one of another kind; a damaged one changes nothing."""
    if not shutil.which("openssl"):
        raise Skip("no openssl: scripts/install-packages serve")
    folder = Path(tempfile.mkdtemp(prefix="netra-tls-"))
    curve = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    kinds = (curve, ("rsa:2048",), curve)

    def make(kind):
        """A new pair in place of the old one; the certificate in DER."""
        run("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
        return ssl.PEM_cert_to_DER_cert((folder / "cert.pem").read_text(encoding="ascii"))

    def shown(port):
        context = ssl._create_unverified_context()
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
            return client.getpeercert(binary_form=True)

    def ask(client):
        """One more request on a connection."""
        client.sendall(b"GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        while b"now_ms" not in answer:
            data = client.recv(4096)
            expect(data, "who was connected was sent away")
            answer += data
    wanted = make(kinds[0])
    with Server("--cert", folder / "cert.pem", "--key", folder / "key.pem", "--rtsps", "127.0.0.1:0") as server:
        ports = [server.port, int(server.ready["rtsp"][0].rsplit(":", 1)[1])]
        for kind in kinds[1:]:
            equal([shown(port) == wanted for port in ports], [True, True], f"before {kind[0]}")
            with ssl._create_unverified_context().wrap_socket(server.connect()) as before:
                ask(before)
                wanted = make(kind)
                server.process.send_signal(signal.SIGHUP)
                for port in ports:
                    wait_for(lambda p=port: shown(p) == wanted, 20, f"{kind[0]} at port {port}")
                ask(before)
        (folder / "cert.pem").write_text("damaged", encoding="ascii")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "what was in force stays" in server.said(), 20, "a complaint")
        equal([shown(port) == wanted for port in ports], [True, True], "after a damaged one")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
