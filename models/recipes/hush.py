# SPDX-License-Identifier: MIT
"""Keeps a flood of harmless messages out of the output.

Debian's onnx and onnxruntime share one library, and the second of them to start complains 600
times that the first has registered its operators already."""
import contextlib
import os
import sys
import tempfile

NOISE = b"Schema error: "


@contextlib.contextmanager
def hushed():
    """What is written to stderr inside, also by libraries, comes out without the noise."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            lines = caught.read().splitlines(True)
            noisy = any(line.startswith(NOISE) for line in lines)
            for line in lines:
                if not noisy or (line.strip() and not line.startswith(NOISE)):
                    os.write(2, line)
