#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The netra command as people and programs use it: files, pipes, signals,
terminals, JSON, man pages, completion."""

import datetime
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import fcntl

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import BUILD, NETRA, ROOT, Emulator, Skip, equal, expect, main, nal_units, run, test, wait_for  # noqa: E402

_folder = tempfile.TemporaryDirectory(prefix="netra-cli-")
FOLDER = pathlib.Path(_folder.name)


def pictures(data):
    """Access units of a synthetic camera's stream: each has one first slice."""
    return sum(1 for unit in nal_units(data) if unit[0] & 31 in (1, 5) and unit[1] & 0x80)


def on_terminal(*command, seconds=30, keys=(), columns=80, rows=24, **environment):
    """Run on a terminal of its own; what it printed, and its exit status.

    keys: pairs of a word to wait for and what is typed after it."""
    environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}
    environment.pop("NO_COLOR" if environment.get("NO_COLOR") == "" else "", None)
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execve(NETRA, [str(NETRA), *[str(word) for word in command]], environment)
    text, keys, end = "", list(keys), time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        text += data.decode("utf-8", "replace")
        if keys and keys[0][0] in text:
            os.write(master, keys.pop(0)[1].encode())
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(master)
    return text, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def screen(text, columns=80):
    """Lines as a terminal would hold them that never scrolls back."""
    lines, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[\??[0-9;]*[A-Za-z]|[^\x1b]", text):
        if token[0] == "\x1b":
            number = re.sub(r"\D", "", token)
            if token[-1] == "A":
                row = max(0, row - int(number or 1))
            elif token[-1] == "K":
                lines[row] = lines[row][:column]
            elif token[-1] == "J":
                lines[row] = lines[row][:column]
                del lines[row + 1:]
            elif token[-1] == "H":
                row = column = 0
        elif token == "\r":
            column = 0
        elif token == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        else:
            expect(column < columns, f"a line is wider than the terminal: {lines[row]!r}")
            lines[row] = lines[row][:column].ljust(column) + token + lines[row][column + 1:]
            column += 1
    return lines


@test
def version():
    expect(re.fullmatch(r"netra \d+\.\d+\.\d+\n", run(NETRA, "--version").stdout), "not 'netra X.Y.Z'")


@test
def list_json():
    expect(isinstance(json.loads(run(NETRA, "list", "--json").stdout), list), "not a list")


@test
def boot_json():
    told = json.loads(run(NETRA, "boot", "emulated:channels=3", "--json").stdout)
    equal(told["channels"], 3, "channels")


@test
def boot_of_a_running_board():
    """It is left alone; --force boots it again."""
    with Emulator("--channels", 1) as board:
        for options in ((), (), ("--force",)):
            run(NETRA, "boot", board.name, *options)
        equal(board.stats()["boots"], 2, "boots")


@test
def status_shows_a_cold_board():
    """A cold board is shown, and not booted."""
    with Emulator("--channels", 2) as board:
        told = json.loads(run(NETRA, "status", board.name, "--json").stdout)
        equal(told["state"], "cold", "state")
        expect("running" not in told, "it was given windows")
        equal(board.stats()["boots"], 0, "boots")


@test
def status_of_a_running_board():
    told = json.loads(run(NETRA, "status", "emulated:channels=2", "--start", "--window", "4M", "--sync", "peterson",
                          "--json").stdout)
    equal(len(told["channels"]), 2, "channels")
    equal(told["running"]["window_bytes"], 4 << 20, "window size")
    equal(told["running"]["sync"], "peterson", "synchronisation")
    expect(all(c["state"] == "running" and c["frames"] > 0 for c in told["channels"]), f"not streaming: {told}")


@test
def capture_frames():
    """--frames is exact; the file appears under its name when it is whole."""
    out = FOLDER / "frames.264"
    told = json.loads(run(NETRA, "capture", "emulated:channels=2,pace=free", "-c", 1, "-n", 100, "-o", out, "--json")
                      .stdout)
    equal((told["frames"], told["channel"], told["dropped"]), (100, 1, 0), "frames, channel, dropped")
    equal(pictures(out.read_bytes()), 100, "pictures in the file")
    expect(not pathlib.Path(f"{out}.part").exists(), "the part file is still there")


@test
def capture_to_pipe():
    """Standard output carries the stream and nothing else."""
    result = run(NETRA, "capture", "emulated:channels=1", "-c", 0, "-n", 10, "-o", "-", text=False)
    equal(pictures(result.stdout), 10, "pictures in the pipe")
    expect(result.stderr.startswith(b"channel 0: 10 frames"), f"summary: {result.stderr}")


@test
def capture_reader_goes_away():
    """netra capture … | head: it ends quietly, status 0."""
    with subprocess.Popen([NETRA, "capture", "emulated:channels=1,pace=free", "-c", "0", "--quiet"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        equal(len(process.stdout.read(100000)), 100000, "bytes read")
        process.stdout.close()
        equal(process.stderr.read(), b"", "standard error")
        equal(process.wait(10), 0, "exit status")


@test
def capture_reader_stands_still():
    """A stuck reader of the pipe does not keep a signal from ending it."""
    with subprocess.Popen([NETRA, "capture", "emulated:channels=1,pace=free", "-c", "0"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(1)
        time.sleep(0.5)
        process.terminate()
        equal(process.wait(5), 0, "exit status")


@test
def capture_duration():
    begin = time.monotonic()
    run(NETRA, "capture", "emulated:channels=1", "-c", 0, "-d", "1500ms", "-o", FOLDER / "duration.264")
    taken = time.monotonic() - begin
    expect(1.5 <= taken < 10, f"it took {taken} s")


@test
def signals_end_in_order():
    """Each of the signals finishes the file, status 0."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        out = FOLDER / f"signal{number}.264"
        with subprocess.Popen([NETRA, "capture", "emulated:channels=1", "-c", "0", "-o", out],
                              stderr=subprocess.DEVNULL) as process:
            part = pathlib.Path(f"{out}.part")
            wait_for(lambda: part.exists() and part.stat().st_size > 0, 20, "the first frame")
            process.send_signal(number)
            equal(process.wait(10), 0, f"exit status after {number}")
        expect(out.exists() and not part.exists(), "the file has not got its name")


@test
def record_json():
    """Chosen channels, in files, with a report."""
    store = FOLDER / "store"
    told = json.loads(run(NETRA, "record", "emulated:channels=4", "-d", "2s", "--store", store, "--channels", "1,3",
                          "--json").stdout)
    equal([c["channel"] for c in told["channels"]], [1, 3], "channels")
    equal(told["whole"], 2, "whole channels")
    for entry in told["channels"]:
        path = pathlib.Path(entry["file"])
        equal(path.stat().st_size, entry["bytes"], f"{path}: bytes")
        expect(entry["frames"] > 0 and not entry["error"], f"{entry}")
    equal(len(list(store.glob("ch0[13]/*.mp4"))), 2, "files")


@test
def store_export_verify():
    """What was recorded is listed, exported to the millisecond, and whole."""
    store = FOLDER / "listed"
    run(NETRA, "record", "emulated:channels=2", "-d", "8s", "--rotate", "2s", "--store", store, "-q")
    told = json.loads(run(NETRA, "store", "--store", store, "--timezone", "Europe/Berlin", "--json").stdout)
    expect(not told["recording"], "a recorder is said to be at work")
    for entry in told["channels"]:
        expect(entry["files"] >= 1 and 2.5 < entry["seconds"] < 9 and not entry["gaps"], f"{entry}")
        expect(entry["start"][-6:] in ("+01:00", "+02:00"), f"zone: {entry['start']}")
    begin = max(datetime.datetime.fromisoformat(entry["start"]) for entry in told["channels"])
    begin += datetime.timedelta(milliseconds=700)
    end = begin + datetime.timedelta(milliseconds=1210)
    out = FOLDER / "exported"
    words = ["export", "--store", store, "--from", begin.isoformat(), "--to", end.isoformat(), "-o", out]
    account = json.loads(run(NETRA, *words, "--json").stdout)
    for entry in account["channels"]:
        probe = json.loads(run("ffprobe", "-v", "error", "-show_entries", "format=duration,start_time", "-of", "json",
                               entry["file"]).stdout)["format"]
        equal(float(probe["start_time"]), 0.0, "first picture")
        expect(abs(float(probe["duration"]) - 1.21) < 0.002, f"{entry}: {probe}")
    equal(run(NETRA, *words, check=False).returncode, 1, "exit status where files exist")
    run(NETRA, *words, "--force")
    told = json.loads(run(NETRA, "verify", "--store", store, "--rebuild", "--json").stdout)
    equal((told["bad"], told["index"]), (0, "rebuilt"), "faults, index")


@test
def record_ends_with_the_streams():
    """All channels ended: the command ends by itself."""
    clip = FOLDER / "clip.264"
    run(NETRA, "capture", "emulated:channels=1,pace=free", "-c", 0, "-n", 60, "-o", clip)
    told = json.loads(run(NETRA, "record", f"emulated:channels=2,pace=free,loops=1,source={clip}", "--store",
                          FOLDER / "ends", "--json").stdout)
    expect(all(c["frames"] == 60 and c["ended"] for c in told["channels"]), f"{told['channels']}")


@test
def record_on_terminal():
    """Bars, then a live table, then the final one; nothing wider than 80."""
    text, status = on_terminal("record", "emulated:channels=4", "-d", "2s", "--store", FOLDER / "tty")
    equal(status, 0, "exit status")
    expect("\x1b[32m" in text and "recording" in text, "no live table in colour")
    lines = screen(text)
    expect(lines[0].startswith("U-Boot") and "100%" in lines[0], f"no bar: {lines[:4]}")
    header = next(i for i, line in enumerate(lines) if "CHANNEL" in line)
    expect("FILE" in lines[header], "the live table was not replaced by the final one")
    ends = {line.index(".mp4") for line in lines[header + 1:header + 5]}
    equal(len(ends), 1, "columns in which files end")


@test
def record_more_channels_than_rows():
    """A live table that does not fit is one line."""
    text, status = on_terminal("record", "emulated:channels=16", "-d", "2s", "--store", FOLDER / "short", rows=12)
    equal(status, 0, "exit status")
    live = text[:text.rindex("CHANNEL")]
    expect("16 channels to" in live and "CHANNEL" not in live, "the live table was cut")


@test
def no_color():
    text, _ = on_terminal("status", "emulated:channels=1", "--interval", "100ms", NO_COLOR="1")
    expect("\x1b[3" not in text and "\x1b[1m" not in text, "coloured in spite of NO_COLOR")
    text, _ = on_terminal("status", "emulated:channels=1", "--interval", "100ms")
    expect("\x1b[1m" in text, "not coloured without NO_COLOR")


@test
def no_terminal_no_escapes():
    result = run(NETRA, "record", "emulated:channels=2", "-d", "1s", "--store", FOLDER / "plain")
    expect("\x1b" not in result.stdout + result.stderr, "escape sequences in a pipe")


@test
def top_on_terminal():
    """Refreshed in place, ended by q, the terminal as before."""
    text, status = on_terminal("top", "emulated:channels=4", "--interval", "200ms", keys=[("OVER TIME", "q")])
    equal(status, 0, "exit status")
    expect("\x1b[?1049h" in text and text.rstrip().endswith("\x1b[?1049l"), "screen not given back")


@test
def top_plain():
    result = run(NETRA, "top", "emulated:channels=2", "--interval", "200ms", "--count", 2)
    equal(result.stdout.count("DROPPED"), 2, "tables")
    expect(max(map(len, result.stdout.splitlines())) <= 80, "wider than 80 columns")


@test
def capture_refuses_a_terminal():
    text, status = on_terminal("capture", "emulated:channels=1", "-c", "0")
    equal(status, 2, "exit status")
    expect("terminal" in text and len(text) < 200, f"it said: {text!r}")


@test
def dump():
    """To a file and to standard output the same kind of text, no pictures."""
    out = FOLDER / "dump.txt"
    run(NETRA, "dump", "emulated:channels=2", "-o", out)
    piped = run(NETRA, "dump", "emulated:channels=2").stdout
    for text in (out.read_text(encoding="utf-8"), piped):
        expect(len(text.splitlines()) > 20 and text.isprintable() is False, "not much of a dump")
        expect("\0" not in text and "dm8168" in text, "not text, or not of this board")


@test
def emulate():
    """netra emulate is netra-emulator."""
    expect("--socket" in run(NETRA, "emulate", "--help").stdout, "no help of the emulator")


@test
def bench():
    """Every figure is there and not absurd; how large they are is not tested."""
    told = json.loads(run(NETRA, "bench", "emulated", "--channels", "2", "--windows", "2", "--seconds", "200ms",
                          "--json", timeout=120).stdout)
    entry, = told["results"]
    equal((entry["channels"], entry["window_bytes"]), (2, 2 << 20), "channels and windows")
    for name in ("memcpy", "read", "zero_copy", "copy"):
        expect(1e6 < entry[f"{name}_bytes_per_second"] < 1e12, f"{name}: {entry[f'{name}_bytes_per_second']}")
    expect(entry["uncached_bytes_per_second"] is None and entry["uncached_why"], "uncached")
    for part in ("full_speed", "real_time"):
        expect(entry[part]["frames"] > 0 and entry[part]["wakeups"] > 0, f"{part}: {entry[part]}")
    expect(entry["cpu_ms_per_stream_second"] > 0, "CPU")


@test
def completion_knows_all_options():
    """Each option of each verb's help is in the completion of each shell."""
    words = {}
    for verb in ("list", "boot", "status", "top", "capture", "record", "store", "verify", "export", "bench",
                 "dump", "emulate"):
        words[verb] = set(re.findall(r"^ +(?:-.,)? *--([a-z-]+)", run(NETRA, verb, "--help").stdout, re.M)) - {"help"}
        expect(words[verb], f"{verb} has no options?")
    for name in ("netra.bash", "_netra", "netra.fish"):
        text = (ROOT / "packaging" / "completion" / name).read_text(encoding="utf-8")
        for verb, options in words.items():
            missing = [o for o in options if not re.search(rf"(--|-l |\b){re.escape(o)}\b", text)]
            expect(not missing, f"{name}: {verb}: missing {missing}")


@test
def configuration_file():
    """The one that is installed names every option; options are taken from one; the command line wins."""
    sample = (ROOT / "packaging" / "netra-record.conf").read_text(encoding="utf-8")
    for option in re.findall(r"^ +(?:-.,)? *--([a-z-]+)", run(NETRA, "record", "--help").stdout, re.M):
        expect(option in ("help", "config") or re.search(rf"^#?{option} = ", sample, re.M), f"no {option} in it")
    config = FOLDER / "record.conf"
    every = FOLDER / "every.conf"
    every.write_text(re.sub("^#([a-z-]+ = )", r"\1", sample, flags=re.M), encoding="utf-8")
    failed = run(NETRA, "record", "--config", every, check=False)
    expect("/dev/netra0" in failed.stderr, f"the sample with every line in force: {failed.stderr}")
    config.write_text(f"# a remark\n\nboard=emulated:channels=2\n store = {FOLDER / 'configured'} \nchannels = 0\n"
                      "duration = 1h\njson = yes\nrotate=2s", encoding="utf-8")
    told = json.loads(run(NETRA, "record", "--config", config, "--duration", "2s").stdout)
    equal((told["board"], [c["channel"] for c in told["channels"]]), ("emulated:channels=2", [0]), "board, channels")
    for text, says in (("chanels = 1", "did you mean '--channels'"), ("\nrotate = 5y", "--rotate 5y"),
                       ("json = 1", "--json"), ("\nstore", f"{config}:2: not an option")):
        config.write_text(text, encoding="utf-8")
        failed = run(NETRA, "record", "emulated", "--config", config, check=False)
        equal(failed.returncode, 2, f"exit status of {text!r}")
        expect(says in failed.stderr, f"{text!r}: {failed.stderr}")


@test
def systemd_unit():
    """systemd has nothing to say about it."""
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    text = (ROOT / "packaging" / "systemd" / "netra-record.service.in").read_text(encoding="utf-8")
    unit = FOLDER / "netra-record.service"
    unit.write_text(text.replace("@bindir@", str(BUILD.resolve())), encoding="utf-8")
    result = run("systemd-analyze", "verify", "--man=no", unit, check=False)
    expect("netra-record" not in result.stderr, f"systemd-analyze: {result.stderr}")


@test
def man_pages():
    """They name every option, and render without a warning."""
    for page, verbs in (("netra.1", ("list", "boot", "status", "top", "capture", "record", "store", "verify", "export",
                                     "bench", "dump")),
                        ("netra-emulator.1", ("emulate",))):
        path = ROOT / "docs" / "man" / page
        source = path.read_text(encoding="utf-8")
        for verb in verbs:
            for option in re.findall(r"^ +(?:-.,)? *--([a-z-]+)", run(NETRA, verb, "--help").stdout, re.M):
                expect(rf"\-{option}" in source or option == "help", f"{page} does not name --{option} of {verb}")
        try:
            result = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path, check=False)
        except FileNotFoundError as gone:
            raise Skip("man is not installed") from gone
        equal((result.returncode, result.stderr), (0, ""), f"{page}: warnings")


if __name__ == "__main__":
    main()
