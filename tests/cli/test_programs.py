#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The small programs of pipelines/ do what the README says of them, and the demo's table
names classes that the shipped model has.

    test_programs.py NNC SWITCH_TASK MODEL PLUGIN_DIR TYPELIB_DIR
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import unittest

NNC, SWITCH_TASK, MODEL, PLUGIN_DIR, TYPELIB_DIR = map(os.path.abspath, sys.argv[1:6])
PIPELINES = pathlib.Path(__file__).resolve().parents[2] / "pipelines"
ENVIRONMENT = dict(os.environ, GST_PLUGIN_PATH=PLUGIN_DIR, GI_TYPELIB_PATH=TYPELIB_DIR,
                   LD_LIBRARY_PATH=TYPELIB_DIR, PYTHONUNBUFFERED="1",
                   GST_REGISTRY=os.path.join(PLUGIN_DIR, "programs-registry.bin"))
DEADLINE = 90  # seconds
SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's python3-gi belongs to


def tasks_and_paths(output):
    """Pairs of (task id, path) of the lines that describe frames."""
    return [(int(task), path) for task, path in
            re.findall(r"^task (\d+): ([^\s,]+)", output, re.M)]


def has_gi():
    probe = "import gi; gi.require_version('GstNnc', '1.0'); from gi.repository import GstNnc"
    return subprocess.run([SYSTEM_PYTHON, "-c", probe], env=ENVIRONMENT,
                          capture_output=True).returncode == 0


class Programs(unittest.TestCase):
    def test_stamps_name_classes_of_the_model(self):
        info = json.loads(subprocess.run([NNC, "info", MODEL, "--json"], check=True,
                                         capture_output=True).stdout)
        classes = {c["path"] for c in info["categories"] if c["leaf"]}
        rows = [line.split("\t") for line in (PIPELINES / "stamps.tsv").read_text().splitlines()
                if line and not line.startswith("#")]
        self.assertGreater(len(rows), 50)
        for row in rows:
            self.assertEqual(len(row), 2, row)
            self.assertIn(row[1], classes)
        self.assertEqual(len({row[0] for row in rows}), len(rows))

    def start(self, *command):
        """A program that plays; it is killed if the test takes too long."""
        self.said = ""  # by it so far, the last line first
        program = subprocess.Popen(command, text=True, env=ENVIRONMENT, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        timer = threading.Timer(DEADLINE, program.kill)
        timer.start()
        self.addCleanup(timer.cancel)
        return program

    def read_until(self, program, wanted):
        """Reads what frames are said to show until `wanted(task, path)` holds; all of it."""
        seen = []
        while not seen or not wanted(*seen[-1]):
            self.said = self.line_of(program.stdout) + self.said
            seen += tasks_and_paths(self.said.partition("\n")[0])
        return seen

    def line_of(self, stream):
        line = stream.readline()
        self.assertTrue(line, "the program ended, or was killed after its time")
        return line

    def test_switch_task_in_c(self):
        program = self.start(SWITCH_TASK, MODEL, "test", "", "people", "nosuchthing")
        first = self.read_until(program, lambda task, path: True)[0][0]
        for text in ("people", "nosuchthing"):
            program.stdin.write("\n")
            program.stdin.flush()
            if text == "people":
                seen = self.read_until(program, lambda task, path: task == first + 1)
        while "nosuchthing" not in self.line_of(program.stderr):
            pass
        seen += self.read_until(program, lambda task, path: task != first)
        output, _ = program.communicate()
        seen += tasks_and_paths(output)
        self.assertEqual(program.returncode, 0)
        self.assertEqual([task for task, _ in seen], sorted(task for task, _ in seen))
        self.assertEqual(seen[-1][0], first + 1, "a refused task must not count")
        self.assertTrue(all(path.startswith("people/") for task, path in seen if task > first))

    @unittest.skipUnless(has_gi(), "python3-gi or the typelib of GstNnc is missing")
    def test_switch_task_in_python(self):
        program = self.start(SYSTEM_PYTHON, PIPELINES / "switch-task.py", MODEL, "test", "",
                             "people;people=1.5")
        first = self.read_until(program, lambda task, path: True)[0][0]
        seen = self.read_until(program, lambda task, path: task > first)
        self.assertTrue(seen[-1][1].startswith("people/"), seen[-1])
        self.assertIn("changed: ", self.said)
        program.send_signal(signal.SIGINT)
        program.communicate()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
