#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ready pipelines of pipelines/ do what they say, without a camera or a screen.

    test_ready_pipelines.py MODEL PLUGIN_DIR ROI_EXPERTS
"""
import html
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

MODEL, PLUGIN_DIR, ROI_EXPERTS = map(os.path.abspath, sys.argv[1:4])
PIPELINES = pathlib.Path(__file__).resolve().parents[2] / "pipelines"
ENVIRONMENT = dict(os.environ, GST_PLUGIN_PATH=PLUGIN_DIR,
                   GST_REGISTRY=os.path.join(PLUGIN_DIR, "ready-registry.bin"))
HANGS_SECONDS = 120


def run(program, *arguments):
    return subprocess.run([PIPELINES / program, *map(str, arguments)], env=ENVIRONMENT,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=HANGS_SECONDS)


def launch(*line):
    """What gst-launch-1.0 prints."""
    return subprocess.run(["gst-launch-1.0", *map(str, line)], check=True, text=True,
                          env=ENVIRONMENT, capture_output=True,
                          timeout=HANGS_SECONDS).stdout


def frames_in(text):
    return [json.loads(line) for line in text.splitlines()]


class Ready(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def frames_of(self, program, *arguments):
        result = run(program, *arguments, "--model", MODEL)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return frames_in(result.stdout)

    def film(self):
        path = self.folder / "a film.mkv"
        launch("-q", "videotestsrc", "num-buffers=10", "!", "video/x-raw,framerate=10/1",
               "!", "jpegenc", "!", "matroskamux", "!", "filesink", f"location={path}")
        return path

    def test_camera_window(self):
        frames = self.frames_of("camera-window", "--test", "--cutout", "people")
        self.assertGreaterEqual(len(frames), 1)
        self.assertEqual({frame["cutout"] for frame in frames}, {"people"})

    def test_file_json(self):
        frames = self.frames_of("file-json", self.film())
        self.assertEqual([frame["pts"] for frame in frames],
                         [i * 100_000_000 for i in range(10)])
        self.assertEqual({frame["status"] for frame in frames}, {"classified"})

    def test_two_cameras(self):
        frames = self.frames_of("two-cameras", "--test", "--cutout", "people", "--cutout",
                                "flowers")
        self.assertEqual({(frame["element"], frame["cutout"]) for frame in frames},
                         {("first", "people"), ("second", "flowers")})
        self.assertEqual(len(frames), 60)

    def test_record(self):
        path = self.folder / "recorded"
        self.assertEqual(self.frames_of("record", "--test", path), [])
        beside = path.with_suffix(".jsonl").read_text()
        self.assertEqual(len(frames_in(beside)), 30)

        demux = ("filesrc", f"location={path}.mkv", "!", "matroskademux", "name=film")
        inside = self.folder / "inside.jsonl"
        launch("-q", *demux, "film.subtitle_0", "!", "filesink", f"location={inside}")
        # matroskademux hands subtitles out as markup, whatever they are.
        self.assertEqual(html.unescape(inside.read_text()).split(), beside.split())
        for pad in ("subtitle_0", "video_0"):
            said = launch("-v", *demux, f"film.{pad}", "!", "identity", "silent=false", "!",
                          "fakesink", "silent=true")
            times = [1000 * int(s) + int(ms) for s, ms in re.findall(
                r"last-message = chain.* pts: 0:00:(\d\d)\.(\d{3})", said)]
            self.assertEqual(len(times), 30, pad)
            for time, frame in zip(times, frames_in(beside)):
                self.assertAlmostEqual(time, frame["running_time"] / 1e6, delta=1.01)

    def test_rtp_out(self):
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for receiver in sockets:
            receiver.bind(("127.0.0.1", 0))
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self.addCleanup(receiver.close)
        pictures, lines = sockets
        self.frames_of("rtp-out", "--test", "127.0.0.1",
                       *(receiver.getsockname()[1] for receiver in sockets))
        frames = [json.loads(datagram) for datagram in received(lines)]
        self.assertEqual(len(frames), 30)
        packets = [struct.unpack_from(">BBHI", packet) for packet in received(pictures)]
        self.assertEqual({kind & 0x7f for _, kind, _, _ in packets}, {26})
        stamps = sorted({stamp for _, _, _, stamp in packets})
        self.assertGreater(len(stamps), 0)
        expected = [frame["running_time"] * 9 // 100_000 for frame in frames]
        for stamp in stamps:  # a receiver may lose packets, not find strange ones
            self.assertLessEqual(min(abs(stamp - other) for other in expected), 1)

    def test_roi_experts(self):
        finds = self.folder / "finds.jsonl"
        rows = [(0, "man", 0), (0, "plant", 100), (3, "man", 10), (3, "man", 200),
                (4, "dog", 0), (29, "plant", 50)]
        finds.write_text("".join(json.dumps(
            {"frame": frame, "label": label, "x": x, "y": 20, "width": 60, "height": 80})
            + "\n" for frame, label, x in rows))
        result = self.experts(finds, "man=people", "plant=flowers,trees")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        seen = sorted((line["frame"], line["region"]["label"], line["region"]["x"],
                       line["cutout"]) for line in frames_in(result.stdout))
        cutouts = {"man": "people", "plant": "flowers,trees"}
        self.assertEqual(seen, sorted((frame, label, x, cutouts[label])
                                      for frame, label, x in rows if label != "dog"))

    def experts(self, finds, *experts, film="test"):
        return subprocess.run([ROI_EXPERTS, MODEL, film, finds, *experts], text=True,
                              capture_output=True, env=ENVIRONMENT, timeout=HANGS_SECONDS)

    def test_roi_experts_refuse(self):
        finds = self.folder / "finds.jsonl"
        good = '{"frame": 0, "label": "a", "x": 0, "y": 0, "width": 9, "height": 9}\n'
        for text, experts, film, reason in (
                (good, ["people"], "test", "LABEL=CUTOUT"),
                (good, ["a=nosuchthing"], "test", "nosuchthing"),
                (good, ["a=people"], self.folder / "none", "none"),
                (good + "\nrubbish\n", ["a=people"], "test", "line 3"),
                ('{"frame": 0}', ["a=people"], "test", "line 1"),
                (good.replace("9", "-9"), ["a=people"], "test", "line 1"),
                (good.replace("9", "99999999999"), ["a=people"], "test", "line 1")):
            with self.subTest(text=text, experts=experts, film=film):
                finds.write_text(text)
                result = self.experts(finds, *experts, film=film)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertIn(reason, result.stderr)

    def test_bad_options_and_help(self):
        for program in ("camera-window", "file-json", "two-cameras", "record", "rtp-out"):
            for arguments, code, said in ((["--help"], 0, f"usage: pipelines/{program}"),
                                          (["--nothing"], 2, "unknown option"),
                                          (["--model"], 2, "takes an argument")):
                with self.subTest(program, arguments=arguments):
                    result = run(program, *arguments)
                    self.assertEqual(result.returncode, code)
                    self.assertIn(said, result.stdout + result.stderr)
        for program in ("file-json", "record", "rtp-out"):
            self.assertIn("expected", run(program).stderr)
        missing = run("file-json", self.folder / "none.mkv", "--model", MODEL)
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("none.mkv", missing.stderr)


def received(receiver):
    """What came so far."""
    receiver.setblocking(False)
    while True:
        try:
            yield receiver.recv(1 << 16)
        except BlockingIOError:
            return


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
