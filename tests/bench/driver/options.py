# SPDX-License-Identifier: MIT
"""Options that the programs of this folder share."""
import argparse
import os
import pathlib
import sys

from .networks import Build
from .places import ROOT, find_engines


def parser(doc, program):
    made = argparse.ArgumentParser(description=doc, prog=f"tests/bench/{program}",
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--build", default=ROOT / "build", help="build folder of nnc (default: "
                      "build)")
    made.add_argument("--rounds", type=int, default=9, help="turns of every engine (default: "
                      "9)")
    made.add_argument("--seconds", type=float, default=0.5, help="length of a turn (default: "
                      "0.5)")
    made.add_argument("--place", action="append", metavar="COMMAND",
                      default=[text for text in os.environ.get("NNC_PEERS", "").split(";")
                               if text.strip()],
                      help="where else engines are: a command that runs a command there, in "
                      "the top folder of the sources; may be given several times (default: those "
                      "of $NNC_PEERS, separated by ';')")
    made.add_argument("--onnxruntime", action="append", metavar="FILE",
                      default=[text for text in
                               os.environ.get("NNC_PEERS_ONNXRUNTIME", "").split(";") if text],
                      help="another libonnxruntime.so, as a place sees it (default: "
                      "$NNC_PEERS_ONNXRUNTIME)")
    made.add_argument("--engines", help="only these, separated by commas")
    made.add_argument("--cpus", help="processors to pin to, e.g. 0,1 (default: all there are)")
    made.add_argument("--out", type=pathlib.Path, metavar="DIR",
                      help=f"folder for {program}.md, .json and pictures")
    made.add_argument("--write", action="store_true",
                      help="also put the tables into tests/bench/README.md and its pictures")
    return made


class Setting:
    """What the options come to. Everything made lies in the build folder."""

    def __init__(self, options):
        self.options = options
        self.build = Build(options.build)
        self.folder = self.build.folder / "bench"
        self.seen(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cpus = (sorted(map(int, options.cpus.split(","))) if options.cpus
                     else sorted(os.sched_getaffinity(0)))

    def seen(self, path):
        """Engines in other places see what lies in the top folder of the sources, no more."""
        if self.options.place and ROOT not in path.parents:
            sys.exit(f"{path} must lie in {ROOT}, where engines in other places see it")
        return path

    def pin(self, threads):
        """The last processors: what a system does by itself, it does mostly on the first."""
        return set(self.cpus[-threads:])

    def engines(self, wanted=None):
        names = self.options.engines.split(",") if self.options.engines else wanted
        return find_engines(self.options.place, self.folder, self.options.onnxruntime,
                            names, say)


def say(text):
    print(text, file=sys.stderr, flush=True)


def progress(label):
    def show(done, of):
        if sys.stderr.isatty():
            end = "\n" if done == of else ""
            print(f"\r{label}: round {done} of {of}", end=end, file=sys.stderr, flush=True)
    return show
