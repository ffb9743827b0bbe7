#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""netra-agent against a sparse file that stands for the board's physical memory.

  test_agent.py PROGRAM [ARGUMENT]...     (qemu-arm and the like go before it)

This side plays the host: it attaches, starts channels, and compares what
arrives in the arena with what went into the inputs, byte for byte.
"""
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

AGENT = []

OUTBOUND, REGISTERS, BLOCK = 0x20000000, 0x51000000, 0x8ff00000
WINDOW = 1 << 20
WINDOWS = 2
RECORDS_LOG2 = 6
KEY, PARAMETERS, END = 1, 2, 16

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xffffffff


class Bits:
    """Writes the bit strings of H.264."""

    def __init__(self):
        self.text = ''

    def u(self, width, value):
        self.text += format(value, '0%db' % width)
        return self

    def ue(self, value):
        code = format(value + 1, 'b')
        self.text += '0' * (len(code) - 1) + code
        return self

    def nal(self, head):
        text = self.text + '1'
        text += '0' * (-len(text) % 8)
        data = bytearray()
        for i in range(0, len(text), 8):
            byte = int(text[i:i + 8], 2)
            if byte <= 3 and data[-2:] == b'\0\0':
                data.append(3)          # emulation prevention
            data.append(byte)
        return b'\0\0\0\1' + bytes([head]) + bytes(data)


def stream(frames, timing=None, seed=1):
    """Access units of a baseline stream, 320x240, an IDR picture each 10."""
    rng = random.Random(seed)
    sps = Bits().u(8, 66).u(8, 0xc0).u(8, 30).ue(0).ue(0).ue(2).ue(1).u(1, 0)
    sps.ue(19).ue(14).u(1, 1).u(1, 0).u(1, 0).u(1, 1 if timing else 0)
    if timing:
        sps.u(4, 0).u(1, 1).u(32, timing[1]).u(32, 2 * timing[0]).u(1, 1)
        sps.u(4, 0)
    pps = Bits().ue(0).ue(0).u(1, 0).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).u(2, 0)
    pps.ue(0).ue(0).ue(0).u(1, 0).u(1, 0).u(1, 0)
    units = []
    for i in range(frames):
        number = i % 10
        slice_ = Bits().ue(0).ue(7 if number == 0 else 5).ue(0).u(4, number)
        if number == 0:
            slice_.ue(i // 10 % 2).u(2, 0)
        else:
            slice_.u(3, 0)
        slice_.ue(0)
        body = bytes(rng.randrange(1, 256) for _ in range(rng.randrange(5000)))
        unit = slice_.nal(0x65 if number == 0 else 0x41) + body + b'\x80'
        if number == 0:
            unit = sps.nal(0x67) + pps.nal(0x68) + unit
        units.append(unit)
    return units


def reordered():
    """Main profile, 25 frames a second, one picture held back: I P b P b."""
    sps = Bits().u(8, 77).u(8, 0).u(8, 30).ue(0).ue(0).ue(0).ue(4).ue(2)
    sps.u(1, 0).ue(19).ue(14).u(1, 1).u(1, 1).u(1, 0).u(1, 1).u(4, 0)
    sps.u(1, 1).u(32, 1).u(32, 50).u(1, 1).u(3, 0).u(1, 1).u(1, 1)
    sps.ue(0).ue(0).ue(9).ue(9).ue(1).ue(2)
    pps = Bits().ue(0).ue(0).u(1, 0).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).u(2, 0)
    pps.ue(0).ue(0).ue(0).u(1, 0).u(1, 0).u(1, 0)
    idr = Bits().ue(0).ue(7).ue(0).u(4, 0).ue(0).u(8, 0).u(2, 0).ue(0)
    units = [sps.nal(0x67) + pps.nal(0x68) + idr.nal(0x65)]
    for b, number, poc in ((0, 1, 4), (1, 2, 2), (0, 2, 8), (1, 3, 6)):
        slice_ = Bits().ue(0).ue(6 if b else 5).ue(0).u(4, number).u(8, poc)
        slice_.u(4 if b else 3, 0).ue(0)
        units.append(slice_.nal(0x01 if b else 0x41) + bytes([7] * 50))
    return units


class Board(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.folder.name + '/memory'
        self.agent = None
        with open(self.path, 'wb') as file:
            file.truncate(BLOCK + 4096)
        file = os.open(self.path, os.O_RDWR)
        size = WINDOWS * WINDOW
        self.arena = mmap.mmap(file, size, offset=OUTBOUND)
        self.msi = mmap.mmap(file, WINDOW, offset=OUTBOUND + 31 * WINDOW)
        self.registers = mmap.mmap(file, 0x2000, offset=REGISTERS)
        self.block = mmap.mmap(file, 4096, offset=BLOCK)
        os.close(file)
        self.put(self.registers, 0x1000, 0xb801104c)
        self.commands = 0

    def tearDown(self):
        if self.agent:
            self.agent.kill()
            self.agent.wait()
            self.agent.stderr.close()
        self.folder.cleanup()

    @staticmethod
    def get(memory, offset):
        return struct.unpack_from('<I', memory, offset)[0]

    @staticmethod
    def put(memory, offset, *values):
        struct.pack_into('<%dI' % len(values), memory, offset, *values)

    def wait(self, what, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, 'waited for ' + what)
            time.sleep(0.002)

    def boot(self, *arguments, stdin=subprocess.DEVNULL):
        self.agent = subprocess.Popen(
            AGENT + ['--registers', self.path, *arguments], stdin=stdin,
            stderr=subprocess.PIPE)
        self.wait('stage', lambda:
                  self.get(self.registers, 0x74) == 0x4e544240)
        self.assertEqual(self.get(self.registers, 0x78), BLOCK)
        self.assertEqual(self.block[:4], b'NTRA')

    def attach(self, channels, generation=1):
        share = (WINDOWS * WINDOW - 0x4000) // channels & ~63
        records = 64 << RECORDS_LOG2
        layout = []
        for i in range(channels):
            begin = 0x4000 + i * share
            layout += [begin, RECORDS_LOG2, begin + records, share - records]
        self.layout = [layout[i:i + 4] for i in range(0, len(layout), 4)]
        self.put(self.registers, 0x30, 0)
        for i in range(WINDOWS):
            self.put(self.registers, 0x200 + 8 * i, 0x70000001 + i * WINDOW)
        self.arena[:0x4000] = bytes(0x4000)
        words = [0x440, 1, 0, channels, 20, WINDOWS, 0, 0] + layout
        data = struct.pack('<%dI' % len(words), *words).ljust(0x438, b'\0')
        self.block[0x100:0x538] = data
        self.put(self.block, 0x538, crc32c(data), generation)
        self.bell(0)
        self.wait('answer', lambda: self.get(self.block, 0x44) == generation)
        self.assertEqual(self.get(self.block, 0x40), 0)
        self.tails = [0] * channels
        self.commands = 0

    def bell(self, vector):
        self.put(self.registers, 0x104, 1 << vector)

    def command(self, opcode, channel):
        data = struct.pack('<15I', self.commands, opcode, channel, *[0] * 12)
        slot = 0xa00 + self.commands % 16 * 64
        self.block[slot:slot + 64] = data + struct.pack('<I', crc32c(data))
        reply = 0x300 + self.commands % 16 * 32
        self.commands += 1
        self.put(self.block, 0x908, self.commands)
        self.bell(1)

        def answered():
            whole = self.arena[reply:reply + 32]
            return (crc32c(whole[:28]) == self.get(whole, 28) and
                    self.get(whole, 0) == self.commands - 1 and
                    self.get(whole, 12) == self.get(self.block, 0x53c))
        self.wait('reply', answered)
        return self.get(self.arena, reply + 4)

    def frames(self, channel):
        """Take what has come, as (flags, sequence, lost, pts, dts, data)."""
        head = self.get(self.arena, 0x100 + 4 * channel)
        ring, log2 = self.layout[channel][:2]
        while self.tails[channel] != head:
            at = ring + (self.tails[channel] & (1 << log2) - 1) * 64
            (sequence, _, pts, dts, offset, length, flags, lost, _, crc,
             position, record_crc) = struct.unpack_from('<QQqq8I', self.arena,
                                                        at)
            self.assertEqual(record_crc, crc32c(self.arena[at:at + 60]))
            self.assertEqual(position, self.tails[channel])
            data = self.arena[offset:offset + length]
            self.assertEqual(crc, crc32c(data))
            self.tails[channel] += 1
            self.put(self.block, 0x800 + 4 * channel, self.tails[channel])
            yield flags, sequence, lost, pts, dts, data

    def collect(self, channel, until_end=True, count=None):
        got = []

        def more():
            got.extend(self.frames(channel))
            return got and got[-1][0] & END if until_end else \
                len(got) >= count
        self.wait('frames', more)
        return got

    def check(self, got, units, step):
        self.assertEqual(got[-1][0], END)
        self.assertEqual(got[-1][5], b'')
        self.assertEqual([frame[5] for frame in got[:-1]], units)
        for i, (flags, sequence, lost, pts, dts, _) in enumerate(got[:-1]):
            self.assertEqual(flags, KEY | PARAMETERS if i % 10 == 0 else 0)
            self.assertEqual((sequence, lost, dts), (i, 0, i * step))
            self.assertEqual(pts, dts)

    def test_standard_input(self):
        units = stream(120, timing=(25, 1))
        self.boot(stdin=subprocess.PIPE)
        self.attach(1)
        self.assertEqual(self.command(0, 0), 0)
        self.assertEqual(self.command(7, 0), 4)     # encoders are elsewhere
        self.assertEqual(self.command(1, 0), 0)
        feeder = os.fork()
        if not feeder:
            self.agent.stdin.write(b''.join(units))
            self.agent.stdin.close()
            os._exit(0)
        self.agent.stdin.close()
        got = self.collect(0)
        os.waitpid(feeder, 0)
        self.check(got, units, 3600)
        self.wait('state "ended"', lambda: self.get(self.arena, 0x1000) == 3)
        self.assertEqual(self.get(self.arena, 0x1004), 320)
        self.assertEqual(self.get(self.arena, 0x1008), 240)
        self.assertEqual(self.command(1, 0), 4)     # it cannot begin anew
        self.agent.send_signal(signal.SIGTERM)
        self.assertEqual(self.agent.wait(), 0)
        self.assertEqual(self.get(self.registers, 0x74), 0x4e544200)

    def test_fifos(self):
        """Writers come late, one channel is never written to."""
        paths = ['%s/%d' % (self.folder.name, i) for i in range(3)]
        for path in paths:
            os.mkfifo(path)
        self.boot('--channels', '3', '--rate', '30000/1001',
                  *('--input=%d=%s' % p for p in enumerate(paths)))
        self.attach(3)
        for i in range(3):
            self.assertEqual(self.command(1, i), 0)
        time.sleep(0.05)
        for i in range(2):
            units = stream(40, seed=i + 5)
            with open(paths[i], 'wb') as fifo:
                fifo.write(b''.join(units[:20]))
                fifo.flush()
                early = self.collect(i, until_end=False, count=19)
                fifo.write(b''.join(units[20:]))
            self.check(early + self.collect(i), units, 3003)
        self.assertEqual(list(self.frames(2)), [])

    def test_restart_and_new_host(self):
        path = self.folder.name + '/file'
        units = stream(30)
        with open(path, 'wb') as file:
            file.write(b''.join(units))
        self.boot('--input', '0=' + path)
        first = self.get(self.block, 0x0c)
        self.attach(1, generation=7)
        self.command(1, 0)
        self.check(self.collect(0), units, 3000)
        self.put(self.block, 0x53c, 0)
        self.bell(0)
        self.wait('detach', lambda: self.get(self.block, 0x44) == 0)
        beat = self.arena[:64]
        time.sleep(0.25)
        self.assertEqual(self.arena[:64], beat)
        # Another host, and the file once more.
        self.attach(1, generation=8)
        self.assertEqual(self.command(1, 0), 0)
        got = self.collect(0)
        self.assertEqual([frame[5] for frame in got[:-1]], units)
        self.assertEqual(got[0][1], 0)
        self.put(self.registers, 0x104, 1 << 31)
        self.assertEqual(self.agent.wait(), 3)
        self.agent.stderr.close()
        self.put(self.registers, 0x104, 0)
        self.boot('--input', '0=' + path)
        self.assertNotEqual(self.get(self.block, 0x0c), first)
        self.assertEqual(self.get(self.block, 0x44), 0)

    def test_full_ring_drops_to_the_next_key(self):
        path = self.folder.name + '/file'
        units = stream(300)
        with open(path, 'wb') as file:
            file.write(b''.join(units))
        self.boot('--input', '0=' + path, '--hold-ms', '0')
        self.attach(1)
        self.command(1, 0)
        # Nothing is released: 64 records, then loss, to the end of the file.
        self.wait('losses', lambda: self.get(self.arena, 0x1020) == 300 - 64)
        got = self.collect(0)
        self.assertEqual([frame[5] for frame in got[:-1]], units[:64])
        self.assertEqual((got[-1][0], got[-1][1], got[-1][2]),
                         (END | 4, 300, 300 - 64))

    def test_presentation_times(self):
        path = self.folder.name + '/file'
        units = reordered()
        with open(path, 'wb') as file:
            file.write(b''.join(units))
        self.boot('--input', '0=' + path)
        self.attach(1)
        self.command(1, 0)
        got = self.collect(0)[:-1]
        self.assertEqual([frame[5] for frame in got], units)
        self.assertEqual([frame[4] // 3600 for frame in got], [0, 1, 2, 3, 4])
        self.assertEqual([frame[3] // 3600 for frame in got], [1, 3, 2, 5, 4])

    def test_stop_and_start(self):
        """What follows a pause in mid-stream begins with a key frame."""
        path = self.folder.name + '/fifo'
        units = stream(40)
        os.mkfifo(path)
        self.boot('--input', '0=' + path)
        self.attach(1)
        self.command(1, 0)
        with open(path, 'wb') as fifo:
            fifo.write(b''.join(units[:15]))
            fifo.flush()
            got = self.collect(0, until_end=False, count=14)
            self.assertEqual(self.command(2, 0), 0)
            fifo.write(b''.join(units[15:27]))
            fifo.flush()
            time.sleep(0.05)
            self.assertEqual(list(self.frames(0)), [])
            self.assertEqual(self.command(1, 0), 0)
            fifo.write(b''.join(units[27:]))
        got += self.collect(0)[:-1]
        self.assertEqual([frame[5] for frame in got], units[:14] + units[20:])
        self.assertEqual(got[14][4], 20 * 3000)

    def test_interrupts(self):
        """Through window 31, where the MSI capability says, and only if on;
        else by the legacy line, and only if that is on."""
        self.put(self.registers, 0x1054, 0xfee01004, 0x12, 0x4321)
        self.put(self.registers, 0x1004, 1 << 10)
        self.boot()
        self.attach(1)
        self.command(0, 0)
        self.assertEqual(self.get(self.msi, 0xe1004 & WINDOW - 1), 0)
        self.assertEqual(self.get(self.registers, 0x64), 0)
        self.put(self.registers, 0x1004, 0)
        self.command(0, 0)
        self.wait('legacy interrupt', lambda: self.get(self.registers, 0x64) == 1)
        self.assertEqual(self.get(self.registers, 0x188), 1)
        self.assertEqual(self.get(self.msi, 0xe1004 & WINDOW - 1), 0)
        self.put(self.registers, 0x1050, 1 << 16)
        self.put(self.registers, 0x1004, 1 << 2)
        self.command(0, 0)
        self.wait('MSI', lambda:
                  self.get(self.msi, 0xfee01004 & WINDOW - 1) == 0x4321)
        self.assertEqual(self.get(self.registers, 0x200 + 8 * 31), 0xfee00001)
        self.assertEqual(self.get(self.registers, 0x204 + 8 * 31), 0x12)

    def fails(self, status, *arguments):
        run = subprocess.run(AGENT + list(arguments), capture_output=True,
                             stdin=subprocess.DEVNULL, timeout=20)
        self.assertEqual(run.returncode, status)
        self.assertRegex(run.stderr.decode(), r'\Anetra-agent: .*\n\Z')

    def test_wrong_usage(self):
        self.fails(2, '--channels', '65')
        self.fails(2, '--channels', '0')
        self.fails(2, '--rate', '0')
        self.fails(2, '--rate', '30/x')
        self.fails(2, '--input', 'camera')
        self.fails(2, '--input', '64=/dev/null')
        self.fails(2, '--block-address', '0x8ff00010')
        self.fails(2, '--frobnicate')
        self.fails(2, 'argument')
        self.fails(1, '--input', '3=/dev/null')
        self.fails(1, '--input', '0=/not/there')
        self.fails(1, '--registers', '/not/there')
        short = self.folder.name + '/short'
        with open(short, 'wb') as file:
            file.truncate(REGISTERS)
        self.fails(1, '--registers', short)
        self.put(self.registers, 0x1000, 0x12348086)
        self.fails(1, '--registers', self.path)


if __name__ == '__main__':
    AGENT = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
