# SPDX-License-Identifier: MIT
"""Begins a training from the weights of a model file that `export.py` wrote.

The network is "written" once more; instead of being copied into a file, each parameter is filled
from the tensor of the same name. Where names or shapes differ (other categories, another width)
the fresh weights stay, so that a network for other pictures can take over the trunk alone.
"""
import onnx
import torch
from onnx import numpy_helper

from export import write_model
from onnx_writer import GraphWriter


class Filler(GraphWriter):
    """A writer that reads."""

    def __init__(self, tensors):
        super().__init__()
        self.tensors, self.n_filled, self.n_fresh = tensors, 0, 0

    @torch.no_grad()
    def parameter(self, name, tensor):
        found = self.tensors.get(name)
        if found is not None and found.shape == tuple(tensor.shape):
            tensor.copy_(torch.from_numpy(found.copy()))
            self.n_filled += 1
        else:
            self.n_fresh += 1
        return name

    def model(self, graph_name, metadata):
        return None


def fill(net, path, pictures):
    """Fills `net` from the file; (tensors filled, tensors left fresh). ValueError if none fits."""
    try:
        graph = onnx.load(path).graph
    except Exception as error:          # protobuf's own kinds of failure
        raise ValueError(f"--init {path}: no ONNX model that can be read ({error})")
    filler = Filler({t.name: numpy_helper.to_array(t) for t in graph.initializer})
    write_model(net, pictures, pictures.taxonomy, "", 0.5, filler)
    if not filler.n_filled:
        raise ValueError(f"--init {path}: no tensor of it has a name and shape of this network; "
                         "it must be a model written by models/train")
    return filler.n_filled, filler.n_fresh
