# SPDX-License-Identifier: MIT
"""G: data that lie, or pretend to lie, in other files."""
import os

from onnx_bytes import *

DATA = floats([1.0 / (1 + i % 7) for i in range(12)])


def model_with(entries):
    m = Model()
    m.initializer("weight", external("weight", [4, 3, 1, 1], entries))
    return m


def add(corpus):
    def place(row, location, status, words, prepare=None, entries=()):
        """A folder in the corpus with a model whose weight is at `location`."""
        folder = corpus.folder(row)
        (folder / "w.bin").write_bytes(DATA)
        if prepare:
            prepare(folder)
        content = model_with([("location", location), *entries]).encode()
        (folder / "model.onnx").write_bytes(content)
        path = (folder / "model.onnx").relative_to(corpus.directory)
        corpus.expect(row, path, status, words)

    def at(row, status, words, *entries):
        place(row, "w.bin", status, words, entries=entries)

    (corpus.directory / "outside.bin").write_bytes(DATA)
    place("G00", "w.bin", "ok", "-")
    place("G00", "./w.bin", "ok", "-")
    place("G00", "a/w.bin", "ok", "-", in_folder)
    place("G00", "a//./w.bin", "ok", "-", in_folder)
    place("G01", "../outside.bin", "path", "outside")
    for location in ("a/../../outside.bin", "./../outside.bin", "a//../..//outside.bin",
                     "a/../w.bin"):
        place("G02", location, "path", "outside", in_folder)
    place("G03", "/etc/passwd", "path", "absolute")
    place("G03", "//etc/passwd", "path", "absolute")
    for location in ("", ".", "a/", "w.bin/", "a/."):
        place("G04", location, "path", "location", in_folder)
    place("G04", "..", "path", "location")
    for location in ("..\\outside.bin", "%2e%2e/outside.bin", "%2e%2e%2foutside.bin"):
        place("G05", location, "not-found", "no such file")
    place("G06", "w.bin\0.png", "path", "NUL")
    links(place)
    specials(place)
    for text in ("-1", "abc", "1e3", " 12", "+5", "0x10", str(1 << 64), "", "12 "):
        at("G12", "extdata", "bad offset", ("offset", text))
        at("G13", "extdata", "bad length", ("length", text))
    at("G13", "extdata", "bad length", ("length", "0"))
    at("G14", "extdata", "beyond the file size", ("offset", str((1 << 63) - 1)),
          ("length", str((1 << 63) - 1)))
    at("G15", "extdata", "file size 48", ("offset", "1"), ("length", "48"))
    at("G15", "extdata", "file size 48", ("offset", "1"))
    at("G16", "shape", "got 44, expected 48", ("length", "44"))
    place("G17", "w.bin", "ok", "-", lambda f: (f / "w.bin").write_bytes(b"xyz" + DATA),
          [("offset", "3"), ("length", "48")])
    at("G18", "duplicate", "bad offset", ("offset", "0"), ("offset", "0"))
    # G19 would have checksums verified: parts of a file are read when they are needed, and a
    # sum over all of it (SHA-1 by the standard) would read it all. It is ignored.
    at("G18", "ok", "-", ("checksum", "0" * 40), ("__class__", "x"))
    shared(corpus)
    many(corpus)
    through_link(corpus)
    one_variance(corpus)


def in_folder(folder):
    (folder / "a").mkdir()
    (folder / "a" / "w.bin").write_bytes(DATA)


def links(place):
    def link(name, target):
        return lambda folder: (folder / name).symlink_to(target)

    place("G07", "l.bin", "path", "symbolic link", link("l.bin", "w.bin"))
    place("G07", "l.bin", "path", "symbolic link", link("l.bin", "../outside.bin"))
    place("G07", "l.bin", "path", "symbolic link", link("l.bin", "absent"))
    place("G08", "l/w.bin", "path", "symbolic link",
          lambda f: in_folder(f) or (f / "l").symlink_to("a"))
    place("G08", "l/outside.bin", "path", "symbolic link", link("l", ".."))
    place("G09", "w.bin", "path", "hard link",
          lambda folder: os.link(folder / "w.bin", folder / "other.bin"))


def specials(place):
    place("G10", "fifo", "path", "not a regular file",
          lambda folder: os.mkfifo(folder / "fifo"))
    place("G10", "a", "path", "not a regular file", in_folder)
    place("G11", "empty.bin", "extdata", "size 0",
          lambda folder: (folder / "empty.bin").touch())


def shared(corpus):
    folder = corpus.folder("G20")
    (folder / "w.bin").write_bytes(DATA)
    m = model_with([("location", "w.bin")])
    m.initializer("bias", external("bias", [4], [("location", "w.bin"), ("offset", "8"),
                                                 ("length", "16")]))
    (folder / "model.onnx").write_bytes(m.encode())
    corpus.expect("G20", f"{folder.name}/model.onnx", "ok")


def many(corpus):
    """64 files are fine, 65 are not."""
    for n, status, words in ((64, "ok", "-"), (65, "limit", "external files")):
        folder = corpus.folder("G21")
        m = Model()
        names = ["gated"] + [f"x{i}" for i in range(n - 1)] + ["gated2"]
        m.before_head(*[node("Add", [names[i], f"e{i}"], [names[i + 1]])
                        for i in range(n)])
        for i in range(n):
            (folder / f"e{i}.bin").write_bytes(floats([1]))
            m.initializers.append(external(f"e{i}", [1], [("location", f"e{i}.bin")]))
        (folder / "model.onnx").write_bytes(m.encode())
        corpus.expect("G21", f"{folder.name}/model.onnx", status, words)


def through_link(corpus):
    """The model's directory itself may be reached through a link."""
    folder = corpus.folder("G27")
    (folder / "w.bin").write_bytes(DATA)
    (folder / "model.onnx").write_bytes(model_with([("location", "w.bin")]).encode())
    link = corpus.directory / "G27-link"
    link.symlink_to(folder.name)
    corpus.expect("G27", "G27-link/model.onnx", "ok")


def one_variance(corpus):
    """Twenty normalisations of four million channels by one file of zeros."""
    n, folder = 1 << 22, corpus.folder("E30")
    with open(folder / "zeros.bin", "wb") as file:
        file.truncate(4 * n)
    m = Model()
    names = ["wide"] + [f"b{i}" for i in range(20)]
    norms = [node("BatchNormalization", [names[i]] + ["zeros"] * 4, [names[i + 1]])
             for i in range(20)]
    m.before_head(node("Pad", ["gated", "pads"], ["p"]),
                  node("Reshape", ["p", "to"], ["wide"]), *norms,
                  node("Slice", ["b19", "zero1", "four", "one"], ["gated2"]))
    m.initializers += [external("zeros", [n], [("location", "zeros.bin")]),
                       ints("pads", 0, 0, 510, 510, 0, 0, 510, 510), ints("to", 1, n, 1, 1),
                       ints("zero1", 0), ints("four", 4), ints("one", 1)]
    (folder / "model.onnx").write_bytes(m.encode())
    corpus.expect("E30", f"{folder.name}/model.onnx", "limit", "normalised channels")
