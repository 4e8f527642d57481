# SPDX-License-Identifier: MIT
"""Where engines are: a place is a command that runs another command, for instance in a chroot
or with other paths, standing in the top folder of this repository. The empty place is here.

Engines in C are compiled in their place, against the headers found there.
"""
import os
import pathlib
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
# The one that distributions give their packages for; another may come first in PATH.
PYTHON = "/usr/bin/python3"
ENGINES = pathlib.Path(__file__).resolve().parents[1] / "engines"

# name: (source, flags, form of the network: "onnx", "plain" (ONNX without attention and
# presence outputs) or "layers")
COMPILED = {
    "onnxruntime": ("onnxruntime.c", ["-I/usr/include/onnxruntime",
                                      "-I/usr/include/onnxruntime/core/session", "-ldl"],
                    "onnx"),
    "onednn": ("onednn.c", ["-ldnnl", "-lm"], "layers"),
    "xnnpack": ("xnnpack.c", ["-lXNNPACK", "-lpthreadpool", "-lm"], "layers"),
    # Its library is a static one unless asked, and then does not bring what it needs.
    "ncnn": ("ncnn.c", ["-lncnn", "-lstdc++", "-fopenmp", "-lm"], "layers"),
    "mnn": ("mnn.cc", ["-lMNN"], "layers"),
}
# name: (module, source, form)
INTERPRETED = {
    "pytorch": ("torch", "pytorch.py", "layers"),
    "opencv": ("cv2", "opencv.py", "plain"),
}


def relative(path):
    """A path as every place knows it."""
    return os.path.relpath(path, ROOT)


class Place:
    def __init__(self, text):
        self.text = text
        self.prefix = shlex.split(text)

    def command(self, *words, environment=None):
        sets = [f"{key}={value}" for key, value in (environment or {}).items()]
        return self.prefix + (["env", *sets] if sets else []) + [str(word) for word in words]

    def run(self, *words):
        return subprocess.run(self.command(*words), cwd=ROOT, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL)

    def __str__(self):
        return self.text or "here"


class Engine:
    """Something that can be started as a timing server (server.h)."""

    def __init__(self, name, place, program, form, environment=None):
        self.name, self.place, self.program, self.form = name, place, program, form
        self.environment = environment or {}

    def command(self, model, image, output, threads, argument=""):
        # OpenMP: as many threads as wanted, which wait the way each library chose.
        environment = {"OMP_NUM_THREADS": threads, **self.environment}
        return self.place.command(*self.program, model, image, output, threads, argument,
                                  environment=environment)


def find_engines(texts, folder, onnxruntimes=(), wanted=None, say=print):
    """All engines in all places; the first place that has one wins, and here comes last.
    `onnxruntimes` are more paths of libonnxruntime.so, as their places see them."""
    found = {}
    places = [Place(text) for text in dict.fromkeys([*texts, ""])]
    for number, place in enumerate(places):
        here = folder / f"engines-{number}"
        here.mkdir(parents=True, exist_ok=True)
        for name, engine in engines_of(place, here, wanted):
            found.setdefault(name, engine)
            if name == "onnxruntime":
                for path in onnxruntimes:
                    if not place.run("test", "-e", path).returncode:
                        label = f"onnxruntime@{path}"
                        found.setdefault(label, Engine(label, place, engine.program,
                                                       engine.form,
                                                       {"NNC_ONNXRUNTIME": path}))
    for name in [*COMPILED, *INTERPRETED]:
        if (not wanted or name in wanted) and name not in found:
            say(f"skipped {name}: not found {'here' if len(places) == 1 else 'in any place'}")
    return found


def engines_of(place, folder, wanted):
    for name, (source, flags, form) in COMPILED.items():
        if wanted and name not in wanted:
            continue
        program = folder / name
        compiler = "g++" if source.endswith("cc") else "gcc"
        result = place.run(compiler, "-O2", "-o", relative(program),
                           relative(ENGINES / source), *flags)
        (folder / f"{name}.log").write_text(result.stderr)
        if result.returncode == 0:
            yield name, Engine(name, place, [relative(program)], form)
    names = {n: row for n, row in INTERPRETED.items() if not wanted or n in wanted}
    if not names:
        return
    result = place.run(PYTHON, relative(ENGINES / "probe.py"),
                       *(row[0] for row in names.values()))
    (folder / "python.log").write_text(result.stderr)
    modules = {line.split()[0] for line in result.stdout.splitlines()}
    for name, (module, source, form) in names.items():
        if module in modules:
            yield name, Engine(name, place, [PYTHON, relative(ENGINES / source)], form)
