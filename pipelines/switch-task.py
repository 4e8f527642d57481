#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a Python application switches tasks while a pipeline plays, and reads predictions.

    switch-task.py MODEL DEVICE|test TASK...
    switch-task.py nest-photo.onnx /dev/video0 '' vehicles 'mammals;mammals/cats=1.5'

A task is a cutout, or a cutout and an attention with `;` between. The next one is set every
three seconds, both halves as one change. Predictions come twice: as metadata on each frame,
and as messages on the bus whenever what is seen changes.
"""
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstNnc", "1.0")
from gi.repository import GLib, Gst, GstNnc  # noqa: E402

SECONDS_PER_TASK = 3


def on_frame(_pad, info):
    """Called on the streaming thread, for every frame."""
    prediction = GstNnc.buffer_get_nnc_prediction(info.get_buffer(), None)
    if prediction and prediction.get_n_classes():
        print(f"task {prediction.get_task_id()}: {prediction.get_class_path(0)} "
              f"{prediction.get_class_probability(0):.0%}, "
              f"{prediction.get_macs() / 1e6:.1f} M MACs")
    return Gst.PadProbeReturn.OK


def describe(structure):
    """The best class in an `nnc/prediction` structure, and the task that found it."""
    _, task = structure.get_uint64("task-id")
    return f"{structure.get_string('path')} (task {task})"


def on_message(_bus, message, loop):
    if message.type == Gst.MessageType.ELEMENT and message.has_name("nnc/prediction"):
        print("changed:", describe(message.get_structure()))
    elif message.type == Gst.MessageType.WARNING:  # a task that is refused; the old one goes on
        print(message.parse_warning()[0].message, file=sys.stderr)
    elif message.type == Gst.MessageType.ERROR:
        print(message.parse_error()[0].message, file=sys.stderr)
        loop.quit()
    elif message.type == Gst.MessageType.EOS:
        loop.quit()
    return True


def set_task(classify, text):
    cutout, _, attention = text.partition(";")
    classify.set_property("task", GstNnc.task_new(cutout, attention))


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end quietly behind `| head`
    Gst.init(None)
    if len(sys.argv) < 4:
        sys.exit(f"usage: {sys.argv[0]} MODEL DEVICE|test TASK...")
    model, device, tasks = sys.argv[1], sys.argv[2], sys.argv[3:]
    source = "videotestsrc is-live=true" if device == "test" else f"v4l2src device={device}"
    pipeline = Gst.parse_launch(f"{source} ! videoconvert ! nncclassify name=classify "
                                "post-messages=change ! fakesink sync=true")
    classify = pipeline.get_by_name("classify")
    classify.set_property("model", model)
    set_task(classify, tasks[0])
    classify.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, on_frame)

    loop = GLib.MainLoop()
    bus = pipeline.get_bus()
    bus.add_watch(GLib.PRIORITY_DEFAULT, on_message, loop)
    turn = iter(range(1, 1 << 30))

    def next_task():
        set_task(classify, tasks[next(turn) % len(tasks)])
        return GLib.SOURCE_CONTINUE

    GLib.timeout_add_seconds(SECONDS_PER_TASK, next_task)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        loop.run()
    except KeyboardInterrupt:
        pass
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
