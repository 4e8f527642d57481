# SPDX-License-Identifier: MIT
"""A: what is wrong with the file as such."""
import os
import socket

from onnx_bytes import Model


def add(corpus):
    def bad(row, content, words, status="parse"):
        corpus.bytes(row, content, status, words)

    good = Model().encode()
    corpus.expect("A01", "absent.onnx", "not-found", "no such file")
    corpus.expect("A16", "n" * 4000, "not-found", "no such file")
    corpus.expect("A16", "absent\x1b[31m", "not-found", "\\x1b[31m")
    directory = corpus.path("A02")
    (corpus.directory / directory).mkdir()
    corpus.expect("A02", directory, "path", "not a regular file")
    if os.geteuid():
        corpus.bytes("A03", good, "perm", "permission")
        os.chmod(corpus.directory / "A03-1.onnx", 0)
    specials(corpus)
    bad("A05", b"", "empty file")
    bad("A06", b"\xff", "offset 0")
    bad("A07", b"<!DOCTYPE html><html><body>404 not found</body></html>", "looks like text")
    bad("A07", b"just a few words\n", "looks like text")
    bad("A07", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
        "Git LFS pointer")
    bad("A08", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "gzip")
    bad("A08", b"PK\x03\x04\x14\0\0\0\x08\0", "zip")
    bad("A08", b"GGUF\x03\0\0\0\0\0\0\0", "GGUF")
    bad("A08", b"\x1c\0\0\0TFL3\0\0\0\0", "TFLite")
    bad("A08", b"\x7fELF\x02\x01\x01\0\0\0\0\0", "ELF")
    for i in range(64):
        corpus.bytes("A09", good[:len(good) * i // 64], "truncated|parse|version|taxonomy")
    # the byte after the good end is a field number 0
    corpus.bytes("A10", good + bytes(1024), "parse", f"offset {len(good)}")
    sparse = corpus.directory / corpus.path("A11")
    with open(sparse, "wb") as file:
        file.truncate(3 << 30)
    corpus.expect("A11", sparse.name, "limit", "file size")
    corpus.bytes("A12", good + good, "duplicate", "occurs 2 times")
    corpus.bytes("A12", Model().ir_version + good[2:] + good[2:], "duplicate",
                 "field 'graph' occurs 2 times")


def specials(corpus):
    fifo = corpus.directory / corpus.path("A04")
    os.mkfifo(fifo)
    corpus.expect("A04", fifo.name, "path", "not a regular file")
    place = corpus.directory / corpus.path("A04")
    here = os.getcwd()
    os.chdir(corpus.directory)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place.name)
    os.chdir(here)
    corpus.expect("A04", place.name, "path", "not a regular file")
    device = corpus.directory / corpus.path("A04")
    device.symlink_to("/dev/zero")
    corpus.expect("A04", device.name, "path", "not a regular file")
