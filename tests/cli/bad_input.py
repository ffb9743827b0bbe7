#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bad input ends netra with one clear line, the right exit status, and nothing
half-written left looking whole."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, NETRA, Emulator, Skip, add, equal, expect, main, run, test, wait_for  # noqa: E402

IMAGES = ("u-boot.bin", "boot.scr", "uImage", "ramdisk.img")
_folder = tempfile.TemporaryDirectory(prefix="netra-cli-")
FOLDER = pathlib.Path(_folder.name)


def fails(status, *command, says=(), **keywords):
    """The command ends with this status and one line of the project's form."""
    result = run(NETRA, *command, check=False, **keywords)
    lines = result.stderr.splitlines()
    expect(len(lines) == 1, f"not one line on stderr: {result.stderr!r}")
    line = lines[0]
    expect(line.startswith("netra: ") and line.count(": ") >= 3, f"not 'netra: what: why: what to do': {line}")
    for word in says:
        expect(word in line, f"'{word}' is not in: {line}")
    equal(result.returncode, status, f"exit status ({line})")
    return result


def wrong(*command, says=()):
    """Wrong usage: status 2, nothing on standard output."""
    equal(fails(2, *command, says=says).stdout, "", "standard output")


for _name, _words, _says in (
        ("unknown_verb", ["recrod", "emulated"], ["recrod", "'record'"]),
        ("unknown_verb_like_none", ["frobnicate"], ["netra help"]),
        ("option_before_verb", ["--json", "list"], ["--json"]),
        ("unknown_option", ["capture", "emulated", "--chanel", "1"], ["--chanel", "'--channel'"]),
        ("unknown_option_last", ["list", "--jsno"], ["'--json'"]),
        ("unknown_option_with_value", ["record", "emulated", "--stroe=x"], ["--stroe", "'--store'"]),
        ("unknown_letter", ["list", "-z"], ["-z"]),
        ("ambiguous_option", ["boot", "emulated", "--f"], ["--f"]),
        ("flag_with_value", ["list", "--json=yes"], ["--json"]),
        ("missing_value", ["record", "emulated", "--store"], ["--store", "missing"]),
        ("empty_value", ["record", "emulated", "--store="], ["--store", "empty"]),
        ("no_board", ["status"], ["no board", "emulated"]),
        ("two_boards", ["status", "emulated", "emulated"], ["one board"]),
        ("operand_too_many", ["list", "x"], ["x"]),
        ("no_channel", ["capture", "emulated"], ["--channel"]),
        ("no_store", ["record", "emulated"], ["--store"]),
        ("number_with_letters", ["capture", "emulated", "--channel", "3x"], ["3x", "0 to 63"]),
        ("number_negative", ["capture", "emulated", "--channel=-1"], ["-1"]),
        ("number_too_large", ["capture", "emulated", "--channel", "64"], ["64"]),
        ("number_huge", ["capture", "emulated", "--frames", "99999999999999999999"], ["--frames"]),
        ("list_twice", ["record", "emulated", "--store", "x", "--channels", "0-3,2"], ["0-3,2"]),
        ("list_backwards", ["record", "emulated", "--store", "x", "--channels", "3-1"], ["3-1"]),
        ("list_open", ["record", "emulated", "--store", "x", "--channels", "3,"], ["3,"]),
        ("duration_unit", ["record", "emulated", "--store", "x", "--duration", "5y"], ["5y", "30s"]),
        ("duration_zero", ["record", "emulated", "--store", "x", "--duration", "0"], ["--duration 0"]),
        ("duration_exponent", ["record", "emulated", "--store", "x", "--duration", "1e3"], ["1e3"]),
        ("duration_nan", ["record", "emulated", "--store", "x", "--duration", "nan"], ["nan"]),
        ("size_too_large", ["top", "emulated", "--arena", "5G"], ["5G", "248 MB"]),
        ("choice", ["top", "emulated", "--sync", "mutex"], ["mutex", "peterson"]),
        ("window_size", ["top", "emulated", "--window", "3M"], ["3M", "8M"]),
        ("bench_windows", ["bench", "emulated", "--windows", "3"], ["3"]),
        ("bench_real_board", ["bench", "pci:0000:00:00.0", "--channels", "4"], ["--channels"]),
        ("keep_nothing", ["record", "emulated", "--store", "x", "--keep-bytes", "5"], ["--keep-bytes 5", "1 MB"]),
        ("store_of_nothing", ["store"], ["--store DIR"]),
        ("verify_nothing", ["verify"], ["--store DIR"]),
        ("export_without_end", ["export", "--store", "x", "-o", "y", "--from", "2026-11-23"], ["--to"]),
        ("export_backwards", ["export", "--store", "x", "-o", "y", "--from", "2026-11-23T10:15", "--to", "2026-11-23"],
         ["2026-11-23", "swap"]),
        ("export_no_time", ["export", "--store", "x", "-o", "y", "--from", "noon", "--to", "2026-11-23"],
         ["noon", "2026-11-23T10:15:00"]),
        ("export_time_skipped", ["export", "--store", "x", "-o", "y", "--timezone", "Europe/Berlin", "--from",
                                 "2026-03-29T02:30", "--to", "2026-11-23"], ["02:30", "+01:00"]),
        ("export_time_twice", ["export", "--store", "x", "-o", "y", "--timezone", "Europe/Berlin", "--from",
                               "2026-10-25T02:30", "--to", "2026-11-23"], ["02:30", "+01:00"]),
        ("export_no_zone", ["export", "--store", "x", "-o", "y", "--timezone", "Mars/Olympus", "--from",
                            "2026-11-22", "--to", "2026-11-23"], ["Mars/Olympus", "Europe/Berlin"]),
        ("json_and_stream", ["capture", "emulated", "--channel", "0", "--json"], ["--json", "-o"]),
        ("serve_no_board", ["serve"], ["no board"]),
        ("serve_address", ["serve", "emulated", "--rtsp", "localhost"], ["localhost", ":8554"]),
        ("serve_address_v6", ["serve", "emulated:channels=1", "--rtsp", "::1:8554"], ["::1:8554"]),
        ("serve_odd_port", ["serve", "emulated", "--udp-port", "5001"], ["5001", "even"]),
        ("serve_multicast", ["serve", "emulated:channels=1", "--multicast", "10.0.0.1:5004"], ["10.0.0.1", "239."]),
        ("serve_tls_without_certificate", ["serve", "emulated", "--rtsps", ":322"], ["--cert"]),
        ("serve_web_address", ["serve", "emulated:channels=1", "--rtsp", "none", "--web", "nowhere"], ["--web", "nowhere"]),
        ("serve_channels", ["serve", "emulated:channels=4", "--channels", "9"], ["9", "0 to 3"]),
        ("user_nothing", ["user"], ["--users"]),
        ("user_board", ["user", "emulated"], ["options only"]),
        ("help_of_nothing", ["help", "frobnicate"], ["frobnicate"]),
        ("emulate_unknown_option", ["emulate", "--sokcet", "/tmp/x"], ["sokcet"]),
        ("control_characters", ["re\x1b[31mcord"], ["re?[31mcord"])):
    add(f"usage_{_name}", lambda words, says: wrong(*words, says=says), _words, _says)


@test
def usage_no_verb():
    """netra alone: short help, status 2."""
    result = run(NETRA, check=False)
    equal(result.returncode, 2, "exit status")
    expect(result.stderr.startswith("Usage: ") and not result.stdout, "help is not on stderr")


@test
def usage_help():
    """Help of each verb: status 0, on standard output, 80 columns."""
    overview = run(NETRA, "--help").stdout
    verbs = [line.split()[0] for line in overview.splitlines() if line[:2] == "  " and line[2] != " "]
    expect(len(verbs) == 14, f"verbs: {verbs}")
    for verb in verbs:
        for words in ((verb, "--help"), ("help", verb)):
            result = run(NETRA, *words)
            expect(result.stdout.startswith("Usage: netra ") and not result.stderr, f"{words}: no help")
            wide = [line for line in result.stdout.splitlines() if len(line) > 80]
            expect(not wide or verb == "emulate", f"{words}: wider than 80 columns: {wide}")


@test
def channel_out_of_range():
    """A channel the board does not have is wrong usage; no file, no folder."""
    out, store = FOLDER / "out-of-range.264", FOLDER / "out-of-range"
    fails(2, "capture", "emulated:channels=4", "--channel", 4, "-o", out, says=["4", "0 to 3"])
    fails(2, "record", "emulated:channels=4", "--channels", "1,9", "--store", store, says=["9", "0 to 3"])
    expect(not out.exists() and not store.exists(), "something was left")


@test
def unknown_board():
    fails(1, "status", "nonsense", says=["nonsense"])
    fails(1, "status", "pci:not-an-address", says=["not-an-address"])
    fails(1, "status", "pci:ffff:ff:1f.7", says=["ffff:ff:1f.7"])


@test
def unknown_option_of_emulated_board():
    fails(1, "status", "emulated:chanels=4", says=["chanels"])
    fails(1, "status", "emulated:channels=1000", says=["channels"])


@test
def socket_not_there():
    fails(1, "status", f"vfio-user:{FOLDER}/nothing", says=["nothing"])


@test
def socket_is_a_file():
    path = FOLDER / "file"
    path.write_text("hello")
    fails(1, "status", f"vfio-user:{path}", says=[str(path)])


@test
def socket_nobody_listens():
    path = FOLDER / "deaf"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    fails(1, "status", f"vfio-user:{path}", says=[str(path)])


def answering(data):
    """A server that answers whatever it is asked with these bytes."""
    path = FOLDER / f"server{len(data)}"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve():
        client, _ = server.accept()
        with client:
            client.recv(4096)
            if data:
                client.sendall(data)
                client.settimeout(10)
                try:
                    client.recv(4096)
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    fails(1, "status", f"vfio-user:{path}", says=[str(path)], timeout=20)
    thread.join()
    server.close()


add("socket_closes", answering, b"")
add("socket_speaks_something_else", answering, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


@test
def socket_busy():
    """A second process is told that the board is in use."""
    with Emulator("--channels", 1) as board:
        with subprocess.Popen([NETRA, "top", board.name, "--interval", "200ms"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as first:
            first.stdout.readline()
            fails(1, "status", board.name, says=["use"])
            first.terminate()
            first.communicate()
        equal(first.returncode, 0, "the first one's exit status")


@test
def firmware_folder_missing():
    fails(1, "boot", "emulated", "--firmware", FOLDER / "no-firmware", says=["no-firmware"])


@test
def firmware_folder_empty():
    folder = FOLDER / "empty"
    folder.mkdir()
    fails(1, "boot", "emulated", "--firmware", folder, says=["u-boot.bin"])


def damaged(image, how):
    """Boot with one image damaged: the line names what was refused."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=FOLDER))
    for name in IMAGES:
        shutil.copy(BUILD / "firmware" / name, folder)
    path = folder / image
    data = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(data[:len(data) * 2 // 3])
    else:
        data[-5] ^= 0x10
        path.write_bytes(data)
    fails(1, "boot", "emulated", "--firmware", folder, "--boot-timeout", "2s", timeout=30)


for _image in IMAGES:
    for _how in ("missing", "empty", "truncated", "corrupt"):
        # U-Boot itself carries no checksum: a flipped bit there is seen by nobody.
        if (_image, _how) not in (("u-boot.bin", "corrupt"), ("u-boot.bin", "truncated")):
            add(f"firmware_{_image}_{_how}", damaged, _image, _how)


def source(data, name):
    path = FOLDER / name
    if data is not None:
        path.write_bytes(data)
    out, store = FOLDER / f"{name}.264", FOLDER / f"{name}-store"
    fails(1, "capture", f"emulated:channels=1,source={path}", "-c", 0, "-d", "1s", "-o", out, says=[name])
    fails(1, "record", f"emulated:channels=1,source={path}", "-d", "1s", "--store", store, says=[name])
    expect(not out.exists() and not list(store.glob("*")), "something was left")


add("source_missing", source, None, "no-such.mp4")
add("source_empty", source, b"", "empty.mp4")
add("source_text", source, b"This is not a video.\n" * 1000, "text.mp4")
add("source_random", source, bytes(range(256)) * 64, "random.264")


class SmallDisk:
    """A file system of 1 MB, for the life of a `with`."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("mounting a small disk takes root")
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=FOLDER))
        if run("mount", "-t", "tmpfs", "-o", "size=1m", "none", self.folder, check=False).returncode:
            raise Skip("no tmpfs can be mounted here")
        return self.folder

    def __exit__(self, *_):
        run("umount", self.folder)


@test
def capture_disk_full():
    """No file of its final name; what was received is in FILE.part."""
    with SmallDisk() as disk:
        fails(1, "capture", "emulated:channels=1,pace=free", "-c", 0, "-d", "20s", "-o", disk / "x.264",
              says=["x.264", "No space"])
        equal([path.name for path in disk.iterdir()], ["x.264.part"], "files left")
        expect((disk / "x.264.part").stat().st_size > 900000, "what was received is lost")


@test
def capture_to_full_device():
    fails(1, "capture", "emulated:channels=1", "-c", 0, "-n", 2, "-o", "/dev/full", says=["No space"])


@test
def capture_to_folder_not_there():
    fails(1, "capture", "emulated:channels=1", "-c", 0, "-n", 2, "-o", FOLDER / "none" / "x", says=["none/x"])
    fails(1, "capture", "emulated:channels=1", "-c", 0, "-n", 2, "-o", FOLDER, says=[str(FOLDER)])


@test
def dump_to_full_device():
    fails(1, "dump", "emulated:channels=1", "-o", "/dev/full", says=["No space"])


@test
def table_to_full_device():
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = run(NETRA, "help", stdout=full, check=False)
    equal(result.returncode, 1, "exit status")
    expect("No space" in result.stderr, f"stderr: {result.stderr}")


@test
def record_disk_full():
    """Exit status 1, the error names it, nothing looks whole that is not."""
    with SmallDisk() as disk:
        result = run(NETRA, "record", "emulated:channels=2,pace=free", "-d", "4s", "--store", disk / "store",
                     "--quiet", check=False)
        equal(result.returncode, 1, "exit status")
        lines = result.stderr.splitlines()
        # Who keeps the floor of free space may look while nothing may go yet.
        expect(any("No space" in line for line in lines), f"stderr: {result.stderr}")
        expect(all("No space" in line or "too little free space" in line for line in lines), f"stderr: {result.stderr}")
        left = list((disk / "store").glob("ch*/*"))
        expect(left, "nothing was recorded")
        for path in left:
            run("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-")


@test
def record_store_is_a_file():
    path = FOLDER / "store-file"
    path.write_text("x")
    fails(1, "record", "emulated:channels=1", "-d", "1s", "--store", path, says=["store-file"])
    equal(path.read_text(), "x", "the file in its place")


@test
def record_store_not_allowed():
    fails(1, "record", "emulated:channels=1", "-d", "1s", "--store", "/proc/netra", says=["/proc/netra"])


@test
def record_leaving_too_much_free():
    fails(1, "record", "emulated:channels=1", "-d", "1s", "--store", FOLDER / "free", "--free", "1024T",
          says=["left free"])


@test
def store_that_is_none():
    """A folder that no recorder has made is not taken for an empty store."""
    times = ["--from", "2026-11-22", "--to", "2026-11-23"]
    for words in (["store"], ["verify"], ["export", *times, "-o", FOLDER / "x.mp4"]):
        fails(1, *words, "--store", FOLDER, says=[str(FOLDER), "not a store"])
        fails(1, *words, "--store", FOLDER / "no-such", says=["no-such"])


@test
def store_in_use():
    """A second recorder is told so; readers are not in its way."""
    store = FOLDER / "in-use"
    with subprocess.Popen([NETRA, "record", "emulated:channels=1", "--store", store, "-q"]) as recorder:
        try:
            wait_for(lambda: list(store.glob("ch00/*.part")), 20, "the recording")
            fails(1, "record", "emulated:channels=1", "-d", "1s", "--store", store, says=["another recorder"])
            fails(1, "verify", "--store", store, "--rebuild", "-q", says=["a recorder is at work"])
            run(NETRA, "verify", "--store", store)
            expect("being recorded into" in run(NETRA, "store", "--store", store).stdout, "not told")
        finally:
            recorder.terminate()
    equal(recorder.returncode, 0, "exit status of the first")


@test
def no_boot_of_a_cold_board():
    fails(1, "capture", "emulated:channels=1", "-c", 0, "--no-boot", "-o", FOLDER / "cold.264")
    expect(not (FOLDER / "cold.264").exists(), "something was left")


@test
def serve_files():
    """Files that netra serve cannot use: one line, before a client is let in."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=FOLDER))
    users, words = folder / "users", ["serve", "emulated:channels=1", "--rtsp", "localhost:0", "--web", "none"]
    fails(1, *words, "--users", users, says=[str(users)])
    users.write_text("anna:1:2:*\n")
    users.chmod(0o600)
    fails(1, *words, "--users", users, says=["line 1"])
    users.write_text("")
    users.chmod(0o644)
    fails(1, *words, "--users", users, says=["chmod"])
    fails(1, *words, "--cert", users, says=[str(users)])
    fails(1, "serve", "--config", folder / "none", says=["none"])
    users.write_text("rtsp localhost\n")
    fails(2, "serve", "--config", users, says=[f"{users}:1"])
    users.write_text("rstp = localhost:0\n")
    fails(2, "serve", "emulated", "--config", users, says=["--rstp"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fails(1, "serve", "emulated:channels=1", "--rtsp", f"127.0.0.1:{port}", says=[str(port), "in use"])


@test
def no_emulator():
    for verb in (("emulate", "--socket", FOLDER / "s"), ("status", "emulated")):
        fails(1, *verb, says=["NETRA_EMULATOR"], env={**os.environ, "NETRA_EMULATOR": "/nonexistent"})


if __name__ == "__main__":
    main()
