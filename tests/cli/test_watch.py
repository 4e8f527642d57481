#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nnc-watch: what goes out, how it ends, what it survives, and what it refuses.

    test_watch.py NNC_WATCH MODEL PLUGIN_DIR SERVICE
"""
import configparser
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import unittest

from watched import (FOLDER, HANGS_SECONDS, LIVE, MODEL, Watch, film, run)

SERVICE = pathlib.Path(sys.argv[4])
PIPELINES = pathlib.Path(__file__).resolve().parents[2] / "pipelines"
DONE, WRONG, USAGE, NO_READER, LOST = range(5)


class Lines(unittest.TestCase):
    """What goes out."""

    def test_a_film_gives_a_line_for_each_frame(self):
        code, frames, said = run("--model", MODEL, film(20))
        self.assertEqual((code, said), (DONE, ""))
        self.assertEqual([frame["frame"] for frame in frames], list(range(20)))
        self.assertEqual({frame["status"] for frame in frames}, {"classified"})

    def test_fps_leaves_frames_out(self):
        code, frames, _ = run("--model", MODEL, "--fps", "2.5", film(20))
        self.assertEqual(code, DONE)
        self.assertEqual([frame["pts"] // 1_000_000 for frame in frames],
                         [0, 400, 800, 1200, 1600])

    def test_options_reach_the_elements(self):
        code, frames, _ = run("--model", MODEL, "--cutout", "people", "--attention",
                              "people=1.5", "--set", "top-k=2", "--predictions", "change",
                              film(20))
        self.assertEqual((code, len(frames)), (DONE, 1), "the picture never changes")
        self.assertEqual(frames[0]["cutout"], "people")
        self.assertEqual(frames[0]["attention"], "people=1.5")
        self.assertEqual(len(frames[0]["predictions"]), 2)

    def test_lines_in_a_file_are_added(self):
        path = FOLDER / "added.jsonl"
        for _ in range(2):
            code, frames, said = run("--model", MODEL, "--json", path, film(3))
            self.assertEqual((code, frames, said), (DONE, [], ""))
        self.assertEqual(len(path.read_text().splitlines()), 6)

    def test_the_configuration_that_comes_along(self):
        code, frames, said = run(
            "--config", PIPELINES / "nnc-watch.conf", "--model", MODEL, "--cutout", "people",
            "--attention", "people=1.5", f"{LIVE} num-buffers=3", "--retry", "0")
        self.assertEqual((code, len(frames)), (LOST, 1), said)
        self.assertLessEqual(len(frames[0]["predictions"]), 3)


class Ends(unittest.TestCase):
    """How the program ends: its exit code, and nothing left half-written."""

    def test_signals_and_quit(self):
        for how in (signal.SIGTERM, signal.SIGINT, "quit"):
            with self.subTest(how=how), Watch(LIVE) as watch:
                watch.frame()
                if how == "quit":
                    self.assertEqual(watch.command("quit"), "ok")
                self.assertEqual(watch.end(None if how == "quit" else how), DONE)
                watch.out.wait(lambda said: said.endswith("}"), len(watch.out.said) - 1)
                self.assertTrue(all(said[-1] == "}" for said in watch.out.said))

    def test_signal_while_the_source_is_away(self):
        with Watch("/nonexistent/film.mkv", "--retry", "ever") as watch:
            watch.errors.wait(lambda said: "trying again in 0.50" in said)
            self.assertEqual(watch.end(signal.SIGTERM), DONE)

    def test_sighup_without_anything_to_read_ends(self):
        with Watch(LIVE) as watch:
            watch.frame()
            self.assertEqual(watch.end(signal.SIGHUP), -signal.SIGHUP)

    def test_without_a_keyboard_it_goes_on(self):
        with Watch(LIVE, stdin=subprocess.DEVNULL) as watch:
            watch.frame(start=watch.out.wait(lambda said: True) + 5)

    def test_the_reader_of_the_lines_goes(self):
        reader, writer = os.pipe()
        # With one frame and no more, nothing would be written that could fail.
        with Watch(f"{LIVE} ! video/x-raw,framerate=1/1 ! identity sleep-time=0",
                   stdout=writer) as watch:
            os.close(writer)
            os.read(reader, 1)
            os.close(reader)
            self.assertEqual(watch.end(), NO_READER)
            watch.errors.wait(lambda said: "nobody reads" in said)

    def test_standard_output_that_cannot_be_written(self):
        with open(os.devnull) as for_reading:
            with Watch(LIVE, stdout=for_reading) as watch:
                self.assertEqual(watch.end(), NO_READER)
        with Watch(LIVE, stdout=None, preexec_fn=lambda: os.close(1)) as watch:
            self.assertEqual(watch.end(), NO_READER)

    def test_a_full_disk_costs_lines_not_frames(self):
        with open("/dev/full", "w") as full, Watch(LIVE, stdout=full) as watch:
            watch.errors.wait(lambda said: "free space" in said)
            self.assertEqual(watch.command("cutout people"), "ok 2")
            self.assertEqual(watch.end(signal.SIGTERM), DONE)


class Losses(unittest.TestCase):
    """What becomes of a source that goes."""

    def test_a_fifo_takes_one_writer_after_the_other_and_keeps_the_task(self):
        fifo = FOLDER / "fifo"
        os.mkfifo(fifo)
        with Watch(fifo) as watch:
            self.assertEqual(watch.command("cutout people"), "ok 2")
            lost = 0
            for n_lines in (10, 20):
                with open(fifo, "wb") as writer:
                    writer.write(film(10).read_bytes())
                frame = watch.frame(start=n_lines - 1)
                self.assertEqual((frame["pts"], frame["cutout"]), (900_000_000, "people"))
                # Before that, the next writer would go on with the same stream.
                lost = watch.errors.wait(lambda said: "it has ended" in said, lost) + 1
            self.assertEqual(watch.end(signal.SIGTERM), DONE)
        fifo.unlink()

    def test_a_live_source_that_ends_or_fails_is_opened_again(self):
        for source in (f"{LIVE} num-buffers=5", f"{LIVE} ! identity error-after=5"):
            with self.subTest(source=source), Watch(source) as watch:
                watch.command("attention people=1.5")
                watch.frame(start=14)  # five frames each time
                self.assertEqual(watch.next_frame()["attention"], "people=1.5")
                self.assertEqual(watch.end(signal.SIGTERM), DONE)

    def test_a_source_without_frames_is_lost(self):
        silent = ("appsrc is-live=true format=time "
                  "caps=video/x-raw,format=RGB,width=64,height=64,framerate=10/1")
        code, frames, said = run("--model", MODEL, "--stall", "1", "--retry", "1", silent)
        self.assertEqual((code, frames), (LOST, []))
        self.assertEqual(said.count("no frame came for too long"), 2)

    def test_films_are_not_tried_again(self):
        rubbish = FOLDER / "rubbish.mkv"
        rubbish.write_bytes(bytes(range(256)) * 40)
        for path in (rubbish, FOLDER / "none.mkv", "none.mkv", f"file://{FOLDER}/none.mkv",
                     FOLDER):
            with self.subTest(path=path):
                code, frames, said = run("--model", MODEL, path)
                self.assertEqual((code, frames), (LOST, []))
                self.assertIn("lost", said)

    def test_tries_are_counted_from_the_last_frame(self):
        code, frames, said = run("--model", MODEL, "--retry", "2", "/dev/nnc-no-camera")
        self.assertEqual((code, frames), (LOST, []))
        self.assertEqual(said.count("trying again"), 2)


class Refusals(unittest.TestCase):
    """What cannot work ends the program at once, and says why."""

    def test_command_line(self):
        model = ("--model", MODEL)
        for arguments, code, reason in (
                ((LIVE,), USAGE, "no model"),
                (model, USAGE, "no SOURCE"),
                ((*model, "one", "two"), USAGE, "quotes"),
                ((*model, LIVE, "--nothing"), USAGE, "--nothing"),
                ((*model, LIVE, "--fps", "-1"), USAGE, "from 0 to 1000"),
                ((*model, LIVE, "--fps", "many"), USAGE, "many"),
                ((*model, LIVE, "--stall", "-1"), USAGE, "seconds"),
                ((*model, LIVE, "--retry", "often"), USAGE, '"ever"'),
                ((*model, LIVE, "--cutout", b"\xff"), USAGE, "UTF-8"),
                ((*model, LIVE, "--config", FOLDER / "none"), USAGE, "none"),
                ((*model, LIVE, "--cutout", "nosuchthing"), WRONG, "nosuchthing"),
                ((*model, LIVE, "--attention", "people=99"), WRONG, "16"),
                ((*model, LIVE, "--preset", "nosuchthing"), WRONG, "nosuchthing"),
                ((*model, LIVE, "--preset-file", FOLDER / "none"), WRONG, "none"),
                ((*model, LIVE, "--set", "top-k"), WRONG, "NAME=VALUE"),
                ((*model, LIVE, "--set", "nothing=1"), WRONG, "nothing"),
                ((*model, LIVE, "--set", "stats=1"), WRONG, "stats"),
                ((*model, LIVE, "--set", "top-k=many"), WRONG, "many"),
                ((*model, LIVE, "--set", "threshold=2"), WRONG, "threshold"),
                ((*model, LIVE, "--predictions", "some"), WRONG, "some"),
                ((*model, LIVE, "--json", "/nonexistent/file"), WRONG, "no folder"),
                ((*model, "nosuchelement ! identity"), WRONG, "nosuchelement"),
                ((*model, "videotestsrc ! fakesink"), WRONG, "videoconvert"),
                ((*model, "audiotestsrc"), WRONG, "audiotestsrc"),
                (("--model", FOLDER / "none.onnx", LIVE), WRONG, "none.onnx")):
            with self.subTest(arguments=arguments):
                arguments = [os.fsdecode(text) for text in arguments]
                result = run(*arguments)
                self.assertEqual(result[:2], (code, []), result[2])
                self.assertIn(reason, result[2])

    def test_configurations(self):
        path = FOLDER / "bad.conf"
        for text, reason in (("", "watch"), ("[watch]\nnothing=1\n", "nothing"),
                             ("[watch]\nconfig=/etc/passwd\n", "config"),
                             ("[watch]\nfps=many\n", "fps"), ("[watch]\nfps=-1\n", "fps"),
                             ("[other]\nfps=1\n", "watch"), ("rubbish", "bad.conf"),
                             ("[watch]\nsync=perhaps\n", "sync")):
            with self.subTest(text=text):
                path.write_text(text)
                code, frames, said = run("--model", MODEL, "--config", path, LIVE)
                self.assertEqual((code, frames), (USAGE, []))
                self.assertIn(reason, said)


class Reload(unittest.TestCase):
    """SIGHUP."""

    def test_the_task_changes_while_it_plays(self):
        path = FOLDER / "good.conf"
        path.write_text(f"[watch]\nsource={LIVE}\ncutout=people\nset=top-k=2;threads=1\n")
        with Watch("--config", path, "--attention", "people=1.5") as watch:
            first = watch.frame()
            self.assertEqual((first["cutout"], first["attention"]), ("people", "people=1.5"))
            path.write_text(f"[watch]\nsource={LIVE}\ncutout=people,flowers\n"
                            "attention=flowers=2\nset=top-k=3;threads=1\n")
            watch.process.send_signal(signal.SIGHUP)
            second = watch.frame(lambda frame: frame["cutout"] == "people,flowers")
            self.assertEqual(second["attention"], "people=1.5", "the command line wins")
            self.assertEqual(len(watch.next_frame()["predictions"]), 3)
            self.assertEqual(watch.errors.said, [])
            for text in ("rubbish", "[watch]\ncutout=nosuchthing\n"):
                start = len(watch.errors.said)
                path.write_text(text)
                watch.process.send_signal(signal.SIGHUP)
                watch.errors.wait(lambda said: "what held before goes on" in said, start)
            self.assertEqual(watch.next_frame()["cutout"], "people,flowers")
            self.assertEqual(watch.end(signal.SIGTERM), DONE)

    def test_a_file_that_was_moved_is_opened_anew(self):
        path, moved = FOLDER / "log.jsonl", FOLDER / "log.jsonl.1"
        with Watch(LIVE, "--json", path) as watch:
            watch.command("stats")
            while not path.exists() or not path.read_text():
                watch.command("stats")
            path.rename(moved)
            watch.process.send_signal(signal.SIGHUP)
            while not path.exists() or not path.read_text():
                watch.command("stats")
            self.assertEqual(watch.end(signal.SIGTERM), DONE)
        lines = moved.read_text().splitlines() + path.read_text().splitlines()
        self.assertTrue(all(line[0] == "{" and line[-1] == "}" for line in lines))


class Service(unittest.TestCase):
    """What the service manager sees."""

    def test_it_is_told_of_the_state(self):
        path = FOLDER / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            manager.settimeout(HANGS_SECONDS)
            with Watch(LIVE, environment={"NOTIFY_SOCKET": str(path),
                                          "WATCHDOG_USEC": "200000"}) as watch:
                said = [manager.recv(100) for _ in range(3)]
                self.assertEqual(said, [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"])
                watch.process.send_signal(signal.SIGTERM)
                while manager.recv(100) != b"STOPPING=1":
                    pass
                self.assertEqual(watch.end(), DONE)

    def test_a_manager_that_is_not_there_does_no_harm(self):
        for name in ("/nonexistent/socket", "@" + "x" * 90, "relative", "", "/" + "x" * 200):
            with self.subTest(name=name):
                with Watch(film(3), environment={"NOTIFY_SOCKET": name}) as watch:
                    self.assertEqual(watch.end(), DONE)

    def test_the_unit(self):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read(SERVICE)
        service = unit["Service"]
        self.assertIn("/nnc-watch --config", service["ExecStart"])
        for key, value in (("DynamicUser", "yes"), ("ProtectSystem", "strict"),
                           ("Restart", "on-failure"), ("Type", "notify"),
                           ("DevicePolicy", "closed")):
            self.assertEqual(service[key], value)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd here")
    def test_systemd_understands_the_unit(self):
        text = SERVICE.read_text()
        program = next(line for line in text.splitlines() if line.startswith("ExecStart="))
        path = FOLDER / "nnc-watch.service"
        path.write_text(text.replace(program.split()[0], "ExecStart=/bin/true"))
        result = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                                capture_output=True, text=True, timeout=HANGS_SECONDS)
        said = [line for line in result.stderr.splitlines() if "nnc-watch" in line]
        self.assertEqual(said, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
