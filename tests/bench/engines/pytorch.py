#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PyTorch as a timing server (see server.h) on what bench_lower writes: the network as a
module, traced, frozen and optimised for inference, with subnormal numbers flushed."""
import torch
from torch.nn import functional

from layers import Network
from server import serve


class Module(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network
        for layer in network.layers:
            if hasattr(layer, "weight"):
                for name in ("weight", "bias"):
                    values = torch.from_numpy(getattr(layer, name).copy())
                    self.register_buffer(f"{name}{layer.id}", values)

    def forward(self, image):
        values = {}
        for layer in self.network.layers:
            if layer.kind == "output":
                return values[layer.id]
            values[layer.id] = self.step(layer, values, image)

    def step(self, layer, values, image):
        x = values[layer.inputs[0]] if layer.inputs else image
        if layer.kind == "conv":
            if layer.pads[:2] != layer.pads[2:]:
                top, left, bottom, right = layer.pads
                x = functional.pad(x, (left, right, top, bottom))
            pads = layer.pads[:2] if layer.pads[:2] == layer.pads[2:] else 0
            x = functional.conv2d(x, getattr(self, f"weight{layer.id}"),
                                  getattr(self, f"bias{layer.id}"), layer.stride, pads,
                                  layer.dilation, layer.groups)
            if layer.residual is not None:
                x = x + values[layer.residual]
        elif layer.kind == "gemm":
            x = functional.linear(x.flatten(1), getattr(self, f"weight{layer.id}"),
                                  getattr(self, f"bias{layer.id}"))
        elif layer.kind == "add":
            x = x + values[layer.inputs[1]]
        elif layer.kind == "average":
            x = functional.adaptive_avg_pool2d(x, 1)
        elif layer.kind == "concat":
            x = torch.cat([values[i].flatten(1) for i in layer.inputs], 1)
        if layer.low == 0 and layer.high == float("inf"):
            return functional.relu(x)
        if layer.low > -float("inf") or layer.high < float("inf"):
            return torch.clamp(x, layer.low, layer.high)
        return x


def opener(model, image, threads, argument):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    network = Network(model)
    image = torch.from_numpy(image).reshape(1, *network.shapes[network.layers[0].id])
    module = Module(network).eval()
    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(module, image))
        traced = torch.jit.optimize_for_inference(traced)
        for _ in range(3):  # it optimises on its first runs
            traced(image)
    result = []

    def run():
        with torch.inference_mode():
            result[:] = [traced(image)]
    return torch.__version__, run, lambda: result[0].numpy()


if __name__ == "__main__":
    serve("pytorch", opener)
