# SPDX-License-Identifier: BSD-2-Clause
"""A recorder that runs beside a test, and the account of what it has kept."""

import dataclasses
import json
import signal
import subprocess

from harness import BUILD, NETRA, Emulator, Failure, Skip, equal, expect, run, wait_for
import mp4

LATE_MS = 150


class Recording:
    """`netra record` of all channels of an emulated board of its own, for a `with`."""

    def __init__(self, store, clip, *options, channels=4, environment=None, board=()):
        self.store, self.clip, self.channels = store, clip, channels
        self._options, self._environment = options, environment
        self.board = Emulator("--channels", channels, "--source", clip.path, *board)
        self.process = None

    def __enter__(self):
        self.board.__enter__()
        before = [set(self._names(channel)) for channel in range(self.channels)]
        self.log = open(self.board.folder / "record.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(word) for word in (NETRA, "record", self.board.name, "--store", self.store, "--json", "--quiet",
                                    *self._options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, env=self._environment, text=True)
        self.late = open(self.board.folder / "witness", "w", encoding="ascii")
        self.witness = subprocess.Popen([str(BUILD / "tests" / "witness")], stdin=subprocess.DEVNULL,
                                        stdout=self.late)
        try:
            self.wait_for(lambda: all(set(self._names(channel)) - before[channel] for channel in range(self.channels)),
                          30, "a file of each channel")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.witness.kill()
        self.witness.wait()
        self.late.close()
        self.process.stdout.close()
        self.log.close()
        self.board.__exit__()

    def late_ms(self):
        """How late programs were let run on this machine, at the worst."""
        lines = (self.board.folder / "witness").read_text(encoding="ascii").splitlines()[:-1]
        return max((int(line.split()[1]) for line in lines), default=0)

    def _names(self, channel):
        return [path.name.removesuffix(".part") for path in files(self.store, channel)]

    def wait_for(self, condition, seconds, what):
        """Until it holds; fails if the recorder ends before."""
        wait_for(lambda: condition() or self.process.poll() is not None, seconds, what)
        expect(self.process.poll() is None, f"the recorder ended with status {self.process.returncode}: {self.errors()}")

    def errors(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def end(self, status=0, seconds=60):
        """Stop it as a user would; its report. Skips where the machine was so
        busy that the board fell behind."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            text, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            raise Failure(f"the recorder did not end within {seconds} s of SIGINT") from late
        equal(self.process.returncode, status, f"exit status of the recorder ({self.errors()})")
        report = json.loads(text)
        if report["events"] and self.late_ms() > LATE_MS:
            raise Skip(f"this machine is too busy: programs ran {self.late_ms()} ms late, and the board says "
                       f"{report['events'][0]['text']}")
        equal([event["text"] for event in report["events"]], [], "what the board has to say")
        return report

    def kill(self):
        self.process.kill()
        self.process.wait()


def files(store, channel):
    return mp4.recordings(store, channel)


@dataclasses.dataclass
class Account:
    """What a channel's files say."""
    frames: int = 0
    lost: int = 0          # as the files say
    starts: int = 0        # runs of a recorder
    gaps: list = dataclasses.field(default_factory=list)   # (lost, flags) of each
    flags: int = 0         # of all fragments
    places: list = dataclasses.field(default_factory=list)
    end_ns: int = 0


def account(store, channel, clip, since=0):
    """Read all of a channel. Fails if a frame is not its camera's, or if one is
    missing without being said to be. since: leave out so many of its files."""
    total = Account()
    due = None
    for path in files(store, channel)[since:]:
        for number, fragment in enumerate(mp4.fragments(path.read_bytes()), 1):
            what = f"{path.parent.name}/{path.name} at {fragment.offset}"
            equal((fragment.sequence, fragment.position, fragment.channel), (number, fragment.offset, channel), what)
            places = clip.places(fragment.units())
            expect(None not in places, f"{what}: a frame that no camera gave")
            if due is None or fragment.flags & mp4.START:
                total.starts += 1
            else:
                missing = (places[0] - due) % clip.frames
                # What a failed sync may have lost counts as lost, and may be there all the same.
                least = fragment.lost if fragment.flags & mp4.DISK and fragment.lost > missing else missing
                equal(fragment.lost, least, f"{what}: frames that are said to be missing before it")
            if fragment.lost:
                total.gaps.append((fragment.lost, fragment.flags))
                expect(fragment.flags & mp4.GAP, f"{what}: {fragment.lost} frames missing, but no flag")
                expect(fragment.samples[0][3], f"{what}: goes on after a gap, but not with a key frame")
            total.lost += fragment.lost
            total.flags |= fragment.flags
            expect(places == [(places[0] + i) % clip.frames for i in range(len(places))], f"{what}: out of order")
            due = (places[-1] + 1) % clip.frames
            total.frames += len(places)
            total.places += places
            total.end_ns = fragment.end_ns
    return total


def verified(store, *options):
    """netra verify finds nothing wrong; what it said."""
    result = run(NETRA, "verify", "--store", store, "--json", *options, check=False, timeout=120)
    expect(result.returncode == 0, f"verify: {result.stdout}{result.stderr}")
    told = json.loads(result.stdout)
    equal(told["bad"], 0, "faults")
    return told
