#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may include whom, held by reading every source file.

    base <- onnx <- graph <- kernels <- plan <- runtime <- expert <- cli, gst-plugin
    base <- image <- runtime

The command line and the plugin see public headers only; the metadata library does not know
nnc; the core knows neither GLib nor GStreamer; programs in pipelines/ use what is installed.
"""
import collections
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

# A folder of the core, and the folders whose headers it may include beside its own.
ALLOWED = {
    "base": set(),
    "image": {"base"},
    "onnx": {"base"},
    "graph": {"base", "onnx"},
    "kernels": {"base", "graph"},  # the parameters of operators; never the reader
    "plan": {"base", "graph", "kernels"},
    "runtime": {"base", "graph", "kernels", "image", "plan"},
    "expert": {"base", "onnx", "graph", "plan", "runtime"},  # writes what onnx reads
}
CORE_FOREIGN = re.compile(r"^(glib|gio|gobject|gst|gdk)")


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            yield path


def includes(path):
    """Pairs of (kind, name): kind is '<' or '"'."""
    return INCLUDE.findall(path.read_text())


def folder_of(path, name):
    """The folder of nnc/ that a quoted include leads to."""
    target = (path.parent / name).resolve()
    if not target.exists():
        target = (ROOT / "nnc" / name).resolve()
    try:
        return target.relative_to(ROOT / "nnc").parts[0]
    except ValueError:
        return str(target)


class Layers(unittest.TestCase):
    def test_core_folders_include_downwards_only(self):
        for folder, below in ALLOWED.items():
            for path in sources(f"nnc/{folder}"):
                for kind, name in includes(path):
                    if kind == '"':
                        with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                            self.assertIn(folder_of(path, name), below | {folder, "include"})

    def test_every_core_folder_has_a_rule(self):
        folders = {p.name for p in (ROOT / "nnc").iterdir() if p.is_dir()}
        self.assertEqual(folders - {"include", "cli"}, set(ALLOWED))

    def test_core_knows_no_glib(self):
        for path in sources(*(f"nnc/{f}" for f in ALLOWED), "nnc/include"):
            for _, name in includes(path):
                with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                    self.assertFalse(CORE_FOREIGN.match(name))

    def test_public_headers_include_public_headers(self):
        for path in sources("nnc/include"):
            for kind, name in includes(path):
                with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                    self.assertEqual(kind, "<")
                    self.assertTrue(name.startswith("nnc/") or "/" not in name)

    def test_users_see_public_headers_only(self):
        for folder in ("nnc/cli", "gst-plugin", "pipelines"):
            for path in sources(folder):
                for kind, name in includes(path):
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        if kind == '"':
                            target = (path.parent / name).resolve()
                            self.assertTrue(target.is_relative_to(ROOT / folder))
                        else:
                            self.assertFalse((ROOT / "nnc" / name).exists())

    def test_metadata_library_and_programs_do_not_know_nnc(self):
        for path in sources("gst-plugin/gstnnc", "pipelines"):
            for _, name in includes(path):
                with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                    self.assertFalse(name.startswith("nnc/"))

    def test_base_names_are_unique(self):
        # but for the public headers, which are always named with their folder: nnc/model.h
        seen = collections.Counter(
            p.name for p in sources("nnc", "gst-plugin", "pipelines")
            if not p.is_relative_to(ROOT / "nnc" / "include"))
        self.assertEqual([name for name, n in seen.items() if n > 1], [])

    def test_every_source_names_its_licence_first(self):
        for path in sources("nnc", "gst-plugin", "pipelines", "tests"):
            with self.subTest(file=str(path.relative_to(ROOT))):
                with open(path) as text:
                    self.assertIn("SPDX-License-Identifier: MIT", text.readline())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
