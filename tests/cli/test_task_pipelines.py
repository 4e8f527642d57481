#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pipelines that show nnctask do what they say.

    test_task_pipelines.py NNC MODEL DEMO_MODEL PLUGIN_DIR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

NNC, MODEL, DEMO_MODEL, PLUGIN_DIR = map(os.path.abspath, sys.argv[1:5])
PIPELINES = pathlib.Path(__file__).resolve().parents[2] / "pipelines"
ENVIRONMENT = dict(os.environ, GST_PLUGIN_PATH=PLUGIN_DIR,
                   GST_REGISTRY=os.path.join(PLUGIN_DIR, "tasks-registry.bin"))
DEADLINE = 90  # seconds


def run(program, *arguments):
    return subprocess.run([PIPELINES / program, *map(str, arguments)], env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=DEADLINE)


def categories_of(model):
    result = subprocess.run([NNC, "info", model, "--json"], check=True, capture_output=True)
    return [c["path"] for c in json.loads(result.stdout)["categories"] if not c["leaf"]]


class Pipelines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first, cls.second = categories_of(MODEL)[:2]

    def frames_of(self, program, *arguments):
        """What the program says of each frame."""
        result = run(program, "--test", "--model", MODEL, *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        frames = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertGreater(len(frames), 10)
        self.assertEqual({frame["status"] for frame in frames} - {"late"}, {"classified"})
        return frames

    def test_sound_raises_a_category(self):
        frames = self.frames_of("audio-attention", f"level:peak>-20={self.first}:2",
                                f"level:peak>1e6={self.second}:2")
        attentions = {frame["attention"] for frame in frames}
        self.assertIn(f"{self.first}=2", attentions)
        self.assertFalse(any(self.second in attention for attention in attentions))

    def test_silence_raises_nothing(self):
        frames = self.frames_of("audio-attention", f"level:peak>1e6={self.first}:2")
        self.assertEqual({frame["attention"] for frame in frames}, {""})

    def test_schedule_by_time_of_day(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as script:
            script.write(f'{{"at": "12:00", "cutout": "{self.second}"}}\n')
            script.flush()
            frames = self.frames_of("task-schedule", script.name)
        self.assertEqual({frame["cutout"] for frame in frames}, {self.second})

    def test_bad_input_is_explained(self):
        for program, arguments, said in (
                ("audio-attention", ["level:peak"], "expected message=category:gain"),
                ("audio-attention", ["--camera"], "takes an argument"),
                ("audio-attention", ["--nothing"], "unknown option"),
                ("task-schedule", ["/nonexistent.jsonl"], "No such file"),
                ("task-schedule", ["--nothing"], "unknown option"),
                ("task-schedule", ["--model"], "takes an argument")):
            with self.subTest(program, arguments=arguments):
                result = run(program, "--test", "--model", MODEL, *arguments)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(said, result.stderr)

    def test_help(self):
        for program in ("audio-attention", "task-schedule"):
            result = run(program, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(f"usage: pipelines/{program}", result.stdout)


@unittest.skipUnless(os.path.exists(DEMO_MODEL), f"there is no {DEMO_MODEL}")
class Day(unittest.TestCase):
    """The schedule that comes along names categories that the demo's model has."""

    def test_names(self):
        lines = (PIPELINES / "day.jsonl").read_text().splitlines()
        self.assertGreater(len(lines), 3)
        for line in map(json.loads, lines):
            with self.subTest(at=line["at"]):
                result = subprocess.run(
                    [NNC, "info", DEMO_MODEL, "--cutout", line["cutout"]],
                    capture_output=True)
                self.assertEqual((result.returncode, result.stderr), (0, b""))
                for gain in filter(None, line["attention"].split(",")):
                    self.assertIn(gain.partition("=")[0], categories_of(DEMO_MODEL))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
