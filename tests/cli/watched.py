# SPDX-License-Identifier: MIT
"""What the tests of nnc-watch share: the program while it runs, clients, films.

    TEST NNC_WATCH MODEL PLUGIN_DIR
"""
import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

NNC_WATCH, MODEL, PLUGIN_DIR = map(os.path.abspath, sys.argv[1:4])
ENVIRONMENT = dict(os.environ, GST_PLUGIN_PATH=PLUGIN_DIR, GST_REGISTRY_FORK="no",
                   GST_REGISTRY=os.path.join(PLUGIN_DIR, "watch-registry.bin"))
for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
    ENVIRONMENT.pop(name, None)
HANGS_SECONDS = 120  # for what never ends; a busy machine makes a test wait
LIVE = "videotestsrc is-live=true"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="nnc-watch-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

# Who runs the tests under nohup would make the programs deaf to it, too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Lines:
    """What a stream has said so far, read by a thread of its own."""

    def __init__(self, stream):
        self.said, self.ended, self.changed = [], False, threading.Condition()
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        with stream:
            for line in stream:
                self.add(line.rstrip("\n"))
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def add(self, line):
        with self.changed:
            self.said.append(line)
            self.changed.notify_all()

    def wait(self, wanted, start=0):
        """The number of the first line, from `start` on, for which `wanted` holds."""
        at = start
        with self.changed:
            while True:
                for at in range(at, len(self.said)):
                    if wanted(self.said[at]):
                        return at
                at = max(at, len(self.said))
                if self.ended or not self.changed.wait(HANGS_SECONDS):
                    raise AssertionError(f"never came, after {len(self.said)} lines: "
                                         f"{self.said[-3:]}")


class Watch:
    """nnc-watch, running; killed at the end if it did not end itself."""

    def __init__(self, *arguments, environment=None, **streams):
        command = [NNC_WATCH, "--model", MODEL, *map(str, arguments)]
        streams = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")} | streams
        self.process = subprocess.Popen(command, text=True, bufsize=1, **streams,
                                        env=ENVIRONMENT | (environment or {}))
        self.timer = threading.Timer(2 * HANGS_SECONDS, self.process.kill)
        self.timer.daemon = True
        self.timer.start()
        self.out = Lines(self.process.stdout) if self.process.stdout else None
        self.errors = Lines(self.process.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.timer.cancel()
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass

    def command(self, line):
        """Says it on standard input; the answer."""
        start = len(self.errors.said)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        at = self.errors.wait(lambda said: said.startswith(("ok", "error")), start)
        return self.errors.said[at]

    def frame(self, wanted=lambda frame: True, start=0):
        """The first line about a frame, from number `start` on, for which `wanted` holds."""
        return json.loads(self.out.said[self.out.wait(lambda said: wanted(json.loads(said)),
                                                      start)])

    def next_frame(self, wanted=lambda frame: True):
        return self.frame(wanted, len(self.out.said))

    def end(self, signal=None):
        """The exit code, by the program's own will or after a signal."""
        if signal:
            self.process.send_signal(signal)
        return self.process.wait(HANGS_SECONDS)


class Client:
    """One who talks on the socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(HANGS_SECONDS)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else f"{data}\n".encode())

    def answer(self):
        return self.lines.readline().rstrip("\n")

    def ask(self, data):
        self.send(data)
        return self.answer()

    def stats(self):
        return json.loads(self.ask("stats").removeprefix("ok "))


def run(*arguments, **options):
    """The program until it ends: code, frames, what it said on standard error."""
    result = subprocess.run([NNC_WATCH, *map(str, arguments)], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, env=ENVIRONMENT,
                            timeout=HANGS_SECONDS, **options)
    frames = [json.loads(line) for line in result.stdout.splitlines() if line[0] == "{"]
    return result.returncode, frames, result.stderr


def film(n_frames):
    """A film of a test picture, 10 frames in a second; by elements of GStreamer's alone, as
    ours may be built with a sanitizer that gst-launch-1.0 lacks."""
    path = FOLDER / f"film-{n_frames}.mkv"
    if not path.exists():
        subprocess.run(
            ["gst-launch-1.0", "-q", "videotestsrc", f"num-buffers={n_frames}", "!",
             "video/x-raw,width=64,height=64,framerate=10/1", "!", "jpegenc", "!",
             "matroskamux", "!", "filesink", f"location={path}"],
            check=True, timeout=HANGS_SECONDS,
            env=dict(os.environ, GST_REGISTRY=str(FOLDER / "registry.bin"), GST_PLUGIN_PATH=""))
    return path
