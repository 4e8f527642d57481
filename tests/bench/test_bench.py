#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmarks run, their output can be read, and what they compare agrees. Nothing here looks
at a time.

    test_bench.py BUILD_FOLDER MODEL [--no-pipeline]
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # the one that Debian's numpy belongs to
SKIPPED = 77
BUILD, MODEL = map(os.path.abspath, sys.argv[1:3])
PIPELINE = "--no-pipeline" not in sys.argv


class Benchmarks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name)
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith("NNC_PEERS")}

    def run_program(self, name, *arguments):
        """What it wrote as JSON; its tables must hold what it printed."""
        result = subprocess.run(
            [PYTHON, BENCH / name, "--build", BUILD, "--out", self.out, "--rounds", "1",
             *map(str, arguments)], text=True, capture_output=True, env=self.environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("ended with code", result.stderr)
        table = (self.out / f"{name}.md").read_text()
        self.assertIn(table.strip(), result.stdout)
        self.assertRegex(table, r"\|---(\|---:)+\|\n\| ")
        self.said = result.stderr
        return json.loads((self.out / f"{name}.json").read_text())

    def pictures(self, *names):
        for name in names:
            self.assertEqual((self.out / name).read_bytes()[:4], b"\x89PNG")

    def test_kernels(self):
        layers = self.run_program("kernels", "--engines", "none", "--seconds", "0.001", "--isa",
                                  "avx512,avx2,generic,blas,im2col", MODEL)
        self.assertGreater(len(layers), 9)
        for layer in layers:
            self.assertTrue({"generic", "blas", "im2col"} <= set(layer["us"]))
            self.assertGreaterEqual(layer["macs"], layer["true_macs"])
            for name, difference in layer["differences"].items():
                self.assertLess(difference, 1e-4, name)
            self.assertTrue(all(us > 0 for times in layer["us"].values() for us in times))
        self.pictures("kernels.png")

    def test_kernels_that_do_not_exist(self):
        result = subprocess.run([PYTHON, BENCH / "kernels", "--build", BUILD, "--engines",
                                 "none", "--isa", "avx1024"], text=True, capture_output=True)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("avx1024", result.stderr)

    def test_peers(self):
        peers = ["pytorch", "ncnn", "mnn"]
        results = self.run_program("peers", "--engines", ",".join(peers), "--seconds", "0.01",
                                   "--cutouts", "1", "--threads", "1", MODEL)
        self.assertEqual([r["cutout"].split()[0] for r in results], ["full", "1"])
        for result in results:
            self.assertEqual(result["failed"], {})
            self.assertIn("nnc", result["engines"])
            for name, entry in result["engines"].items():
                self.assertLessEqual(entry["difference"], 1e-3, name)
                self.assertGreater(entry["best"], 0)
            for name in peers:
                if f"skipped {name}" not in self.said:
                    self.assertIn(name, result["engines"])
        self.pictures(f"peers-{pathlib.Path(MODEL).stem}.png")

    @unittest.skipUnless(PIPELINE, "no plugin, or one that gst-launch-1.0 cannot load")
    def test_pipeline(self):
        found = self.run_program("pipeline", "--frames", "8", "--size", "320x240", MODEL)
        self.assertIn("nothing", found)
        self.assertIn("nncclassify, full network", found)
        for name, figures in found.items():
            self.assertEqual(len(figures["processor"]), 1, name)
            self.assertGreater(len(figures["latency"]), 4, name)

    def test_scale(self):
        written = self.run_program("scale", "--engines", "none", "--seconds", "0.01", "--only",
                                   "cutouts,threads,streams,begin,switch", MODEL)
        found = written["found"]
        self.assertEqual([point[0] for point in found["cutouts"]][0], 1)
        shares = [point[2] for point in found["cutouts"]]
        self.assertEqual(shares, sorted(shares))
        self.assertAlmostEqual(shares[-1], 1)
        self.assertEqual({row[1] for row in found["streams"]}, {1, 2, 4, 8, 16})
        self.assertIn("nnc", found["begin"])
        self.assertGreater(found["switch"]["new_us"], found["switch"]["cached_us"])
        self.pictures("scale.png")


def missing():
    probe = subprocess.run([PYTHON, "-c", "import numpy, matplotlib"], capture_output=True)
    return probe.returncode != 0


if __name__ == "__main__":
    if missing():
        print("skipped: /usr/bin/python3 has no numpy or no matplotlib")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
