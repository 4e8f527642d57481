# SPDX-License-Identifier: MIT
"""Lets timing servers run in turns, and says what came out."""
import json
import os
import pathlib
import statistics
import subprocess
import sys

import numpy

from .places import ROOT


class Failed(Exception):
    pass


class Server:
    """One engine that is open and warm."""

    def __init__(self, engine, model, image, output, threads, argument="", cpus=None):
        self.name, self.output = engine.name, ROOT / output
        self.rounds = []  # arrays of milliseconds
        pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        self.output.unlink(missing_ok=True)
        self.log = open(str(self.output) + ".log", "w+")
        self.process = subprocess.Popen(engine.command(model, image, output, threads, argument),
                                        cwd=ROOT, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log,
                                        preexec_fn=pin)

    def wait(self):
        """Until it is warm; what it said of itself."""
        self.said = self.answer(json.loads)
        self.result = numpy.fromfile(self.output, numpy.float32)
        return self.said

    def answer(self, read):
        while True:
            line = self.process.stdout.readline()
            if not line:
                self.process.wait()
                self.log.seek(0)
                last = [text for text in self.log.read().splitlines() if text.strip()][-1:]
                raise Failed(f"{self.name}: {last[0] if last else 'ended without a word'}")
            try:  # libraries write to stdout as they like
                return read(line)
            except ValueError:
                continue

    def order(self, seconds):
        self.process.stdin.write(f"run {seconds}\n")
        self.process.stdin.flush()

    def take(self):
        times = self.answer(lambda line: numpy.array(line.split(), dtype=float))
        self.rounds.append(times / 1e6)

    def processor_seconds(self):
        """What all its threads have had of processors so far, waiting in loops included."""
        times = 0
        for path in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            try:
                times += int(path.read_text().split()[0])
            except (OSError, ValueError, IndexError):
                continue  # the thread has ended
        return times / 1e9

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait():
            self.log.seek(0)
            print(f"{self.name} ended with code {self.process.returncode}: "
                  f"{self.log.read().strip()[-2000:]}", file=sys.stderr)
        self.log.close()

    def times(self):
        return Times(self.rounds)


class Times:
    """What rounds say: the median of the least disturbed round, and the median over rounds of
    their medians, with its spread. Milliseconds."""

    def __init__(self, rounds):
        medians = [float(numpy.median(times)) for times in rounds]
        self.best, self.typical, self.worst = (min(medians), statistics.median(medians),
                                               max(medians))
        self.p10 = min(float(numpy.quantile(times, 0.1)) for times in rounds)
        self.p90 = statistics.median(float(numpy.quantile(times, 0.9)) for times in rounds)
        self.n = sum(map(len, rounds))

    def as_json(self):
        return {key: round(value, 6) if isinstance(value, float) else value
                for key, value in vars(self).items()}


def ratios(servers, other, mine):
    """How many times slower `other` was than `mine`, round by round: median, lowest and
    highest."""
    each = [float(numpy.median(a)) / float(numpy.median(b))
            for a, b in zip(servers[other].rounds, servers[mine].rounds)]
    return statistics.median(each), min(each), max(each)


def take_turns(servers, rounds, seconds, progress=None):
    """Every server runs once a round, in an order that shifts. A server that fails is closed
    and left out; its name and reason are returned."""
    failed = {}
    for turn in range(rounds):
        names = list(servers)
        shift = turn % len(names) if names else 0
        for name in names[shift:] + names[:shift]:
            server = servers[name]
            try:
                server.order(seconds)
                server.take()
            except (Failed, OSError) as error:
                failed[name] = str(error)
                del servers[name]
        if progress:
            progress(turn + 1, rounds)
    return failed


def start(wanted):
    """Starts and warms servers one after the other; {name: server}, {name: reason}.
    `wanted` has (name, function that makes the server)."""
    servers, failed = {}, {}
    for name, make in wanted:
        server = make()
        try:
            server.wait()
            servers[name] = server
        except Failed as error:
            server.log.close()
            failed[name] = str(error)
    return servers, failed
