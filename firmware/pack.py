#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Payloads of the firmware images, byte for byte the same every time.

  pack.py uboot SOURCE OUTPUT        the words in the comments of uboot.S
  pack.py kernel OUTPUT              a kernel that only idles
  pack.py ramdisk INIT [AGENT] OUTPUT
"""
import gzip
import re
import struct
import sys

KERNEL_BYTES = 64 * 1024


def uboot(source, output):
    with open(source) as lines:
        words = [int(m[1], 16) for m in
                 (re.search(r'@ ([0-9a-f]{8})\b', line) for line in lines) if m]
    with open(output, 'wb') as out:
        out.write(struct.pack('<%dI' % len(words), *words))


def kernel(output):
    """Head of a zImage, then: wait for interrupt, for ever."""
    nop, branch = 0xe1a00000, 0xea000002
    magic = 0x016f2818
    head = [nop] * 8 + [branch, magic, 0, KERNEL_BYTES]
    idle = [0xe320f003, 0xeafffffd]
    data = struct.pack('<14I', *head, *idle)
    with open(output, 'wb') as out:
        out.write(data.ljust(KERNEL_BYTES, b'\0'))


def entry(name, mode, data, number):
    """One file of a cpio archive of the "newc" format."""
    path = name.encode() + b'\0'
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
    head = b'070701' + b''.join(b'%08x' % field for field in fields) + path
    return head.ljust(-len(head) % 4 + len(head), b'\0') + \
        data.ljust(-len(data) % 4 + len(data), b'\0')


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def ramdisk(init, *rest):
    *agent, output = rest
    files = [('bin', 0o040755, b''), ('dev', 0o040755, b''),
             ('proc', 0o040755, b''), ('tmp', 0o041777, b''),
             ('init', 0o100755, read(init))]
    if agent:
        files.append(('bin/netra-agent', 0o100755, read(agent[0])))
    files.append(('TRAILER!!!', 0, b''))
    archive = b''.join(entry(*file, number + 1)
                       for number, file in enumerate(files))
    with open(output, 'wb') as out:
        out.write(gzip.compress(archive, mtime=0))


if __name__ == '__main__':
    {'uboot': uboot, 'kernel': kernel, 'ramdisk': ramdisk}[sys.argv[1]](
        *sys.argv[2:])
