# SPDX-License-Identifier: MIT
"""What `models/train` and `models/convert` share: modules that may be missing, options that can
be wrong, and failures as sentences."""
import importlib.util
import pathlib
import sys

PACKAGES = {"torch": "python3-torch", "numpy": "python3-numpy", "onnx": "python3-onnx"}
SKIPPED = 77                        # what a test that cannot run here exits with


def missing(*others):
    """The modules that the recipes need and this Python lacks."""
    return [name for name in (*PACKAGES, *others) if importlib.util.find_spec(name) is None]


def import_onnx_first():
    """In Debian both PyTorch and ONNX bring the classes of an ONNX file; if PyTorch is first,
    the checker crashes on files that leave a domain out."""
    importlib.import_module("onnx")


def require_modules():
    """Exits with a sentence unless all are there."""
    absent = missing()
    if absent:
        sys.exit(f"{sys.argv[0]}: this Python lacks " + ", ".join(
            f"{name} (Debian: {PACKAGES[name]})" for name in absent))
    import_onnx_first()


def skip_without(*others):
    """For tests: leaves unless the modules of the recipes and these others are there."""
    absent = missing(*others)
    if absent:
        print(f"skipped: this Python lacks {', '.join(absent)}")
        sys.exit(SKIPPED)
    import_onnx_first()


def add_out(parser):
    parser.add_argument("--out", type=pathlib.Path, help="the model file; its card lies beside")


def check_options(parser, options, largest):
    """Refuses what cannot come to a good end; `largest` is the largest `--size`."""
    if options.out is None:
        parser.error("--out is missing")
    if options.out.suffix != ".onnx":
        parser.error(f"--out {options.out}: the ending must be .onnx")
    if options.out.is_dir():
        parser.error(f"--out {options.out}: is a folder")
    if not options.out.parent.is_dir():
        parser.error(f"--out {options.out}: no such folder")
    if options.size is not None and not 32 <= options.size <= largest:
        parser.error(f"--size {options.size}: 32 to {largest}")
    if options.epochs is not None and options.epochs < 1:
        parser.error(f"--epochs {options.epochs}: at least 1")


def guarded(program, action, *refusals):
    """Runs `action()`; the exceptions of `refusals`, of files and of values end it with their
    sentence."""
    try:
        action()
    except (*refusals, OSError, ValueError) as error:
        sys.exit(f"{program}: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; the same command goes on from the last checkpoint")
