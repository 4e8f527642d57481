# SPDX-License-Identifier: MIT
"""A timing server in Python: the protocol of server.h for engines that have Python bindings."""
import json
import sys
import time

import numpy


def serve(name, opener):
    """`opener(model, image, threads, argument)` gives (version, run, logits): run() computes
    once, logits() gives the first result as an array."""
    if len(sys.argv) < 5:
        sys.exit(f"usage: {sys.argv[0]} MODEL INPUT OUTPUT THREADS [ARGUMENT]")
    model, image, output, threads = sys.argv[1:5]
    argument = sys.argv[5] if len(sys.argv) > 5 else ""
    image = numpy.fromfile(image, numpy.float32)
    start = time.perf_counter_ns()
    version, run, logits = opener(model, image, int(threads), argument)
    opened = time.perf_counter_ns()
    run()
    answered = time.perf_counter_ns()
    numpy.asarray(logits(), numpy.float32).ravel().tofile(output)
    for _ in range(5):
        run()
    print(json.dumps({"engine": name, "version": version, "load_ms": (opened - start) / 1e6,
                      "first_ms": (answered - opened) / 1e6}), flush=True)
    for line in sys.stdin:
        word, seconds = line.split()
        assert word == "run", line
        print(*times_of(run, float(seconds)), flush=True)


def times_of(run, seconds):
    now = time.perf_counter_ns
    times, before = [], now()
    end = before + int(seconds * 1e9)
    while not times or before < end:
        run()
        after = now()
        times.append(after - before)
        before = after
    return times
