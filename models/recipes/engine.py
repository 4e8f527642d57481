# SPDX-License-Identifier: MIT
"""Runs a model file: by ONNX Runtime where that is installed, else by nnc itself.

ONNX Runtime is the independent judge of what a file computes, but not every distribution has it.
Without it the library of this project does, through its public C interface: `NNC_LIBRARY`, else
the installed one, else that of a build folder. Both answer to the same call.
"""
import ctypes
import ctypes.util
import hashlib
import os
import pathlib

import numpy as np

try:
    import onnxruntime
except ImportError:
    onnxruntime = None
from hush import hushed

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class RuntimeSession:
    """ONNX Runtime on one thread, without its remark on `attention`."""

    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        with hushed():
            self.session = onnxruntime.InferenceSession(model, options,
                                                        providers=["CPUExecutionProvider"])
        self.engine = f"ONNX Runtime {onnxruntime.__version__}"

    def run(self, outputs, feeds):
        """A list of the `outputs` named, of the inputs by name."""
        return self.session.run(outputs, feeds)


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("offset", ctypes.c_uint64),
                ("object", ctypes.c_char * 80), ("message", ctypes.c_char * 512)]


class Score(ctypes.Structure):
    _fields_ = [("category", ctypes.c_uint32), ("logit", ctypes.c_float),
                ("probability", ctypes.c_float)]


class Scores(ctypes.Structure):
    _fields_ = [("task_id", ctypes.c_uint64), ("n", ctypes.c_size_t),
                ("ranked", ctypes.POINTER(Score)),
                ("category_probability", ctypes.POINTER(ctypes.c_float)),
                ("has_presence", ctypes.c_bool), ("presence", ctypes.c_float),
                ("unknown", ctypes.c_bool), ("finite", ctypes.c_bool),
                ("preprocess_ns", ctypes.c_uint64), ("run_ns", ctypes.c_uint64)]


class Category(ctypes.Structure):
    """The first fields of nnc_category; more follow."""

    _fields_ = [("name", ctypes.c_char_p), ("path", ctypes.c_char_p), ("index", ctypes.c_uint32),
                ("parent", ctypes.c_uint32), ("depth", ctypes.c_uint32), ("leaf", ctypes.c_bool),
                ("logit", ctypes.c_uint32)]


def library_path():
    """Where libnnc is, or None."""
    named = os.environ.get("NNC_LIBRARY")
    if named:
        return named
    installed = ctypes.util.find_library("nnc")
    if installed:
        return installed
    built = sorted(REPOSITORY.glob("build*/nnc/libnnc.so"), key=lambda p: p.stat().st_mtime)
    return str(built[-1]) if built else None


def load_library():
    library = ctypes.CDLL(library_path())
    library.nnc_taxonomy_category.restype = ctypes.POINTER(Category)
    library.nnc_model_taxonomy.restype = ctypes.c_void_p
    library.nnc_taxonomy_n_categories.restype = ctypes.c_size_t
    library.nnc_taxonomy_n_classes.restype = ctypes.c_size_t
    library.nnc_session_presence_logit.restype = ctypes.c_bool
    return library


def address(array):
    return None if array is None else ctypes.c_void_p(array.ctypes.data)


class NncSession:
    """libnnc on one thread."""

    engine = "nnc"

    def __init__(self, model):
        self.library, self.model, self.session = load_library(), ctypes.c_void_p(), \
            ctypes.c_void_p()
        if isinstance(model, bytes):
            self.call("nnc_model_open_memory", model, ctypes.c_size_t(len(model)), None,
                      ctypes.byref(self.model))
        else:
            self.call("nnc_model_open", os.fsencode(model), None, ctypes.byref(self.model))
        one_thread = ctypes.c_uint(1)
        self.call("nnc_session_create", self.model, ctypes.byref(one_thread),
                  ctypes.byref(self.session))
        taxonomy = ctypes.c_void_p(self.library.nnc_model_taxonomy(self.model))
        self.n_categories = self.library.nnc_taxonomy_n_categories(taxonomy)
        self.n_classes = self.library.nnc_taxonomy_n_classes(taxonomy)
        self.logit_of = [self.library.nnc_taxonomy_category(taxonomy, i).contents.logit
                         for i in range(self.n_categories)]

    def __del__(self):
        if self.session:
            self.library.nnc_session_destroy(self.session)
        if self.model:
            self.library.nnc_model_unref(self.model)

    def call(self, name, *arguments):
        error = Error()
        if getattr(self.library, name)(*arguments, ctypes.byref(error)):
            raise ValueError(error.message.decode())

    def run(self, outputs, feeds, active=None):
        """As `RuntimeSession.run`, for one picture `image` [1, 3, H, W] and perhaps
        `attention` [categories]; `active` [classes] is a cutout, by default all. What is not
        computed is NaN: other classes, and the presence of all but the largest wholly active
        categories."""
        image = np.ascontiguousarray(feeds["image"], np.float32)
        gains = feeds.get("attention")
        if gains is not None:
            gains = np.ascontiguousarray(gains, np.float32)
        if active is not None:
            active = np.ascontiguousarray(active, np.uint8)
        task, scores = ctypes.c_void_p(), Scores()
        self.call("nnc_task_create_from_arrays", self.model, address(active), address(gains),
                  ctypes.c_uint64(0), ctypes.byref(task))
        try:
            self.call("nnc_session_run_tensor", self.session, task,
                      ctypes.c_void_p(image.ctypes.data), ctypes.byref(scores))
        finally:
            self.library.nnc_task_unref(task)
        logits = np.full((1, self.n_classes), np.nan, np.float32)
        for score in scores.ranked[:scores.n]:
            logits[0, self.logit_of[score.category]] = score.logit
        return [logits if name == "logits" else self.presence() for name in outputs]

    def presence(self):
        presence, value = np.full((1, self.n_categories), np.nan, np.float32), ctypes.c_float()
        for i in range(self.n_categories):
            if self.library.nnc_session_presence_logit(self.session, i, ctypes.byref(value)):
                presence[0, i] = value.value
        return presence


def open_session(model):
    """A session for a path or for the bytes of a model. OSError where nothing can run it."""
    if onnxruntime is not None:
        return RuntimeSession(model if isinstance(model, bytes) else str(model))
    if library_path() is None:
        raise OSError("nothing here can run the model: install ONNX Runtime "
                      "(python3-onnxruntime), or build nnc (meson setup build && meson compile "
                      "-C build), or name its library in NNC_LIBRARY")
    return NncSession(model)


def takes_batches():
    """Whether sessions run several pictures at once, where the model's shapes allow it."""
    return onnxruntime is not None


def name():
    """What runs the models, for people."""
    return "nnc" if onnxruntime is None else f"ONNX Runtime {onnxruntime.__version__}"


def identity():
    """A text that is another one if what runs the models is."""
    if onnxruntime is not None or library_path() is None:
        return name()
    path = pathlib.Path(library_path())         # by its name alone, the loader knows where
    return f"nnc {hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else path}"
