#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nnc-watch: commands on standard input and on the socket, by the good, the bad, the slow
and the many.

    test_watch_commands.py NNC_WATCH MODEL PLUGIN_DIR
"""
import json
import os
import signal
import socket
import stat
import sys
import unittest

from watched import FOLDER, LIVE, MODEL, Client, Watch, film, run

DONE, WRONG = 0, 1
MOST_BYTES = 8191
MOST_CLIENTS = 16


class Commands(unittest.TestCase):
    """On standard input: each sets what frames then carry."""

    def test_tasks(self):
        presets = FOLDER / "presets.json"
        presets.write_text(json.dumps({"folk": {"cutout": "people", "attention": "people=2"},
                                       "bad": {"cutout": "nosuchthing"}}))
        with Watch(LIVE, "--preset-file", presets) as watch:
            watch.frame()
            for number, (line, cutout, attention) in enumerate((
                    ("cutout people", "people", ""),
                    ("attention people=1.5", "people", "people=1.5"),
                    ("  cutout \t flowers,people \r", "flowers,people", "people=1.5"),
                    ("attention", "flowers,people", ""),
                    ("cutout", "", ""),
                    ("preset folk", "people", "people=2"),
                    ('task {"cutout": "flowers"}', "flowers", "people=2"),
                    ('task {"cutout": ["people", "flowers"], "attention": {"people": 1.5, '
                     '"flowers": 2}}', "people,flowers", "people=1.5,flowers=2"),
                    ('task {"attention": "", "cutout": ""}', "", "")), start=2):
                with self.subTest(line):
                    self.assertEqual(watch.command(line), f"ok {number}")
                    frame = watch.next_frame(lambda frame: frame["task_id"] >= number)
                    self.assertEqual(frame["task_id"], number)
                    self.assertEqual((frame["cutout"], frame["attention"]),
                                     (cutout, attention))
                    named = cutout.split(",")
                    self.assertTrue(not cutout or all(
                        seen["path"].split("/")[0] in named
                        for seen in frame["predictions"]))

    def test_stats(self):
        with Watch(LIVE) as watch:
            watch.frame(start=watch.out.wait(lambda said: True) + 3)
            stats = json.loads(watch.command("stats").removeprefix("ok "))
            self.assertEqual((stats["source"], stats["playing"], stats["restarts"]),
                             (LIVE, True, 0))
            self.assertGreater(stats["frames"], 3)
            self.assertGreater(stats["classify"]["frames-classified"], 3)
            self.assertGreaterEqual(stats["json"]["lines"], 3)  # counted after the line

    def test_a_source_that_is_away(self):
        with Watch("/dev/nnc-no-camera") as watch:
            watch.errors.wait(lambda said: "trying again" in said)
            self.assertEqual(watch.command("cutout people"), "ok 2")
            self.assertIn("nosuchthing", watch.command("cutout nosuchthing"))
            stats = json.loads(watch.command("stats").removeprefix("ok "))
            self.assertEqual((stats["frames"], stats["classify"]["tasks-accepted"]), (0, 1))


# (line, what the answer says); none of them changes the task.
REFUSED = (
    (b"cut", "expected cutout"),
    (b"cutouts people", "expected cutout"),
    (b"CUTOUT people", "expected cutout"),
    (b"{}", "expected cutout"),
    (b"cutout nosuchthing", "nosuchthing"),
    (b"attention people=99", "16"),
    (b"attention people", ""),
    (b"preset", "expected a name"),
    (b"preset nosuchthing", "nosuchthing"),
    (b"task", "column"),
    (b"task {", "column"),
    (b"task []", "expected an object"),
    (b"task {}", "expected an object"),
    (b"task 1", ""),
    (b'task {"cutout": 1}', "array of texts"),
    (b'task {"cutout": [1]}', "array of texts"),
    (b'task {"cutout": {"people": 1}}', "array of texts"),
    (b'task {"attention": ["people"]}', "category to number"),
    (b'task {"attention": {"people": "1"}}', "category to number"),
    (b'task {"attention": {"people": 1e999}}', "column"),
    (b'task {"attention": {"people": -1}}', ""),
    (b'task {"cutout": "people", "cutout": "flowers"}', "duplicate"),
    (b'task {"cutout": "people", "mask": []}', "'mask'"),
    (b'task {"cutout": "people"} more', "column"),
    (b'task {"cutout": "a\\u0000b"}', "column"),
    (b'task {"cutout": "a\\nb"}', ""),
    (b"task " + b"[" * 4000, "column"),
    (b"\xff\xfe", "UTF-8"),
    (b"cutout \xc3", "UTF-8"),
    (b"cut\0out", "UTF-8"),
    (b"\0", "UTF-8"),
    (b"cutout " + b"people," * 1100, ""),
    (b"x" * (MOST_BYTES + 1), "8191 bytes"),
    (b"x" * 1_000_000, "8191 bytes"),
)


class Socket(unittest.TestCase):
    def setUp(self):
        self.path = FOLDER / "socket"
        self.addCleanup(lambda: self.path.unlink(missing_ok=True))

    def start(self, *arguments):
        """A program that plays and listens."""
        watch = Watch(LIVE, "--socket", self.path, *arguments)
        self.addCleanup(watch.__exit__)
        watch.frame()
        return watch

    def test_two_clients_take_turns(self):
        watch = self.start()
        with Client(self.path) as one, Client(self.path) as other:
            for i in range(2, 10, 2):
                self.assertEqual(one.ask("cutout people"), f"ok {i}")
                self.assertEqual(other.ask("cutout flowers"), f"ok {i + 1}")
            watch.frame(lambda frame: frame["task_id"] == 9)
            one.send("cutout people\ncutout flowers\n\n\r\ncutout")
            self.assertEqual([one.answer() for _ in range(3)], ["ok 10", "ok 11", "ok 12"])

    def test_rubbish_is_answered_and_changes_nothing(self):
        watch = self.start()
        with Client(self.path) as client:
            for line, reason in REFUSED:
                with self.subTest(line=line[:60]):
                    client.send(line + b"\n")
                    answer = client.answer()
                    self.assertRegex(answer, "^error .")
                    self.assertIn(reason, answer)
                    self.assertLess(len(answer), 2000)
            self.assertEqual(client.stats()["classify"]["last-task-id"], 1)
            self.assertEqual(client.ask(b"cutout " + b" " * (MOST_BYTES - 7) + b"\n"), "ok 2")
        watch.frame(lambda frame: frame["task_id"] == 2)

    def test_a_client_that_goes_is_forgotten(self):
        watch = self.start()
        for leave in (lambda client: None,  # in the middle of a line
                      lambda client: client.send(b"stats\n" * 100),
                      lambda client: client.send(b"cutout")):
            with Client(self.path) as client:
                leave(client)
        with Client(self.path) as client:  # the last line needs no newline
            client.send(b"stats\nattention people=1.5")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(client.answer().startswith("ok {"))
            self.assertTrue(client.answer().startswith("ok "))
            self.assertEqual(client.answer(), "")
        watch.frame(lambda frame: frame["attention"] == "people=1.5")

    def test_a_slow_client_stalls_nobody(self):
        watch = self.start()
        with Client(self.path) as slow, Client(self.path) as other:
            slow.socket.setblocking(False)
            with self.assertRaises(BlockingIOError):  # nobody reads the answers to these
                while True:
                    slow.socket.send(b"stats\n" * 500)
            frames = other.stats()["frames"]
            watch.frame(start=len(watch.out.said) + 5)
            self.assertGreater(other.stats()["frames"], frames)
            slow.socket.setblocking(True)
            self.assertTrue(slow.answer().startswith("ok {"))
        self.assertEqual(watch.end(signal.SIGTERM), DONE)

    def test_many_clients(self):
        self.start()
        clients = [Client(self.path) for _ in range(MOST_CLIENTS)]
        for client in clients:
            self.assertTrue(client.ask("stats").startswith("ok"))
        with Client(self.path) as late:
            self.assertIn("too many clients", late.answer())
            self.assertEqual(late.answer(), "")
        clients.pop().__exit__()
        self.assertTrue(clients[0].ask("stats").startswith("ok"))
        while True:  # until the program has seen that one has gone
            with Client(self.path) as late:
                if late.ask("stats").startswith("ok"):
                    break
        for client in clients:
            client.__exit__()

    def test_quit(self):
        watch = self.start()
        with Client(self.path) as client:
            self.assertEqual(client.ask("quit"), "ok")
        self.assertEqual(watch.end(), DONE)

    def test_the_file_is_private_and_goes_with_the_program(self):
        watch = self.start()
        status = os.lstat(self.path)
        self.assertTrue(stat.S_ISSOCK(status.st_mode))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)
        self.assertEqual(watch.end(signal.SIGTERM), DONE)
        self.assertFalse(self.path.exists())

    def test_a_stale_file_is_replaced(self):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(self.path))
        self.start()
        with Client(self.path) as client:
            self.assertEqual(client.ask("cutout people"), "ok 2")

    def test_what_another_one_needs_is_left_alone(self):
        arguments = ("--model", MODEL, "--socket", self.path, film(3))
        self.start()
        code, frames, said = run(*arguments)
        self.assertEqual((code, frames), (WRONG, []))
        self.assertIn("another program listens", said)
        with Client(self.path) as client:
            self.assertTrue(client.ask("stats").startswith("ok"))

    def test_places_that_are_none(self):
        file, link = FOLDER / "file", FOLDER / "link"
        file.write_text("precious")
        link.symlink_to(file)
        for path, reason in ((file, "no socket"), (link, "no socket"), (FOLDER, "no socket"),
                             ("/nonexistent/socket", "No such file"),
                             (FOLDER / ("x" * 120), "too long")):
            with self.subTest(path=path):
                code, frames, said = run("--model", MODEL, "--socket", path, film(3))
                self.assertEqual((code, frames), (WRONG, []))
                self.assertIn(reason, said)
        self.assertEqual(file.read_text(), "precious")

    def test_the_file_of_another_one_is_not_removed(self):
        watch = self.start()
        self.path.unlink()
        self.path.write_text("another's")
        self.assertEqual(watch.end(signal.SIGTERM), DONE)
        self.assertEqual(self.path.read_text(), "another's")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
