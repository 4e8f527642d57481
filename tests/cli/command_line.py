# SPDX-License-Identifier: MIT
"""What the tests of the command share: the call, its JSON, and pictures to call it on.

The first argument of a test is the command.
"""
import json
import os
import struct
import subprocess
import sys
import zlib

NNC = os.path.abspath(sys.argv[1])


HANGS_SECONDS = 600  # for what never ends; a busy machine makes a call wait for minutes


def nnc(*arguments, **options):
    return subprocess.run([NNC, *arguments], capture_output=True, timeout=HANGS_SECONDS,
                          **options)


def objects(result):
    """The JSON objects on stdout; every line must be one."""
    lines = result.stdout.decode().splitlines()
    return [json.loads(line) for line in lines]


def write_png(path, width, height, pixels, channels):
    """`pixels` are width * height * channels bytes; RGB or RGBA."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    row = width * channels
    raw = b"".join(b"\0" + bytes(pixels[y * row:(y + 1) * row]) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
