#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpenCV's DNN module as a timing server (see server.h). MODEL is ONNX; ARGUMENT its input's
shape."""
import cv2

from server import serve


def opener(model, image, threads, argument):
    cv2.setNumThreads(threads)
    net = cv2.dnn.readNetFromONNX(model)
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    image = image.reshape([int(n) for n in argument.split("x")])
    result = []

    def run():
        net.setInput(image)
        result[:] = [net.forward()]
    return cv2.__version__, run, lambda: result[0]


if __name__ == "__main__":
    serve("opencv", opener)
