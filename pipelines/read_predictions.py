#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a Python application reads predictions from frames and sets tasks by what they say.

    read_predictions.py MODEL DEVICE|test [SURE]
    read_predictions.py nest-photo.onnx /dev/video0 0.7

It looks at everything first. As soon as one of the top categories is sure (a probability of
SURE, 0.6 if not given), the network is cut down to that category, which costs less; when the
thing is no longer known, and after a hundred frames in any case, it looks at everything again.
"""
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstNnc", "1.0")
from gi.repository import GLib, Gst, GstNnc  # noqa: E402

EVERYTHING = ""  # the cutout that leaves nothing out
FRAMES_PER_CATEGORY = 100


class Watcher:
    """Decides the next task; called on the streaming thread alone."""

    def __init__(self, classify, sure):
        self.classify = classify
        self.sure = sure
        self.task = None  # the last one whose prediction was seen
        self.n_frames = 0  # of that task

    def set_cutout(self, cutout):
        # Returns at once, in a probe as well as elsewhere: the task is compiled aside, and
        # frames go on with the old one until then.
        self.classify.set_property("task", GstNnc.task_new(cutout, None))

    def decide(self, prediction):
        if prediction.get_task_id() != self.task:
            self.task, self.n_frames = prediction.get_task_id(), 0
        self.n_frames += 1
        if prediction.get_cutout() != EVERYTHING:
            if prediction.is_unknown() or self.n_frames == FRAMES_PER_CATEGORY:
                self.set_cutout(EVERYTHING)
            return
        best = prediction.get_best_category(0)
        active, probability = prediction.get_category_probability(best)
        if active and probability >= self.sure and not prediction.is_unknown():
            self.set_cutout(prediction.get_taxonomy().get_path(best))


def describe(prediction):
    if not prediction.get_n_classes():  # late, or not what its caps say
        return f"{prediction.get_status().value_nick}: {prediction.get_reason()}"
    name = "unknown" if prediction.is_unknown() else prediction.get_class_path(0)
    found, x, y, width, height = prediction.get_region()
    where = f" in {width}x{height}+{x}+{y}" if found else ""
    return (f"task {prediction.get_task_id()}: {name}{where} "
            f"{prediction.get_class_probability(0):.0%}, {prediction.get_macs() / 1e6:.1f} of "
            f"{prediction.get_total_macs() / 1e6:.1f} M MACs, "
            f"cutout '{prediction.get_cutout()}'")


def on_frame(_pad, info, watcher):
    """Called on the streaming thread, for every frame."""
    for prediction in GstNnc.buffer_get_nnc_predictions(info.get_buffer()):
        print(describe(prediction))
        if prediction.get_n_classes():
            watcher.decide(prediction)
    return Gst.PadProbeReturn.OK


def on_message(_bus, message, loop):
    if message.type == Gst.MessageType.WARNING:
        print(message.parse_warning()[0].message, file=sys.stderr)
    elif message.type == Gst.MessageType.ERROR:
        print(message.parse_error()[0].message, file=sys.stderr)
        loop.quit()
    elif message.type == Gst.MessageType.EOS:
        loop.quit()
    return True


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end quietly behind `| head`
    Gst.init(None)
    if len(sys.argv) not in (3, 4):
        sys.exit(f"usage: {sys.argv[0]} MODEL DEVICE|test [SURE]")
    model, device = sys.argv[1:3]
    source = "videotestsrc is-live=true" if device == "test" else f"v4l2src device={device}"
    pipeline = Gst.parse_launch(f"{source} ! nncclassify name=classify ! fakesink sync=true")
    classify = pipeline.get_by_name("classify")
    classify.set_property("model", model)
    watcher = Watcher(classify, float(sys.argv[3]) if len(sys.argv) == 4 else 0.6)
    classify.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, on_frame, watcher)

    loop = GLib.MainLoop()
    bus = pipeline.get_bus()
    bus.add_watch(GLib.PRIORITY_DEFAULT, on_message, loop)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        loop.run()
    except KeyboardInterrupt:
        pass
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
