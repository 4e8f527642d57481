# SPDX-License-Identifier: MIT
"""Holds a frozen trunk, as PyTorch runs it, against another engine, before anything is trained on
it."""
import json
import types

import numpy as np
import torch

from engine import open_session
from export import describe
from onnx_operators import BackboneError
from onnx_trunk import FrozenPart
from onnx_writer import GraphWriter
from taxonomy import Category, Taxonomy

TOLERANCE = 1e-4                    # of the largest value
N_CHECKED = 3


def probe(part):
    """A model whose logits are the averages of the part's features: any engine can run it."""
    graph = GraphWriter()
    x = graph.copy(part, graph.add_input("image", [1, 3, part.size, part.size]), "trunk")
    graph.node("Identity", [graph.pooled(x, "probe")], "logits")
    graph.add_output("logits", [1, part.shape[0]])
    channels = Taxonomy([Category(f"c{i}", None, i, f"c{i}") for i in range(part.shape[0])])
    shape = types.SimpleNamespace(size=part.size, mean=(0.0,) * 3, std=(1.0,) * 3)
    return graph.model("probe", {"nnc.taxonomy": json.dumps(describe(shape, channels, None))})


def difference(found, expected):
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))


def check(part):
    """Runs noise through the part; a sentence if all agree, else BackboneError."""
    frozen = FrozenPart(part)
    noise = torch.randn(N_CHECKED, 3, part.size, part.size,
                        generator=torch.Generator().manual_seed(0))
    features, alone = frozen(noise), torch.cat([frozen(one[None]) for one in noise])
    if (features.shape != (N_CHECKED, *part.shape)
            or not difference(features.numpy(), alone.numpy()) <= TOLERANCE):
        raise BackboneError(f"the nodes before '{part.output}' do not treat each picture of a "
                            "batch by itself; an earlier cut may do")
    session = open_session(probe(part).SerializeToString())
    rows = [session.run(["logits"], {"image": one[None]})[0] for one in noise.numpy()]
    error = difference(features.mean((2, 3)).numpy(), np.concatenate(rows))
    if not error <= TOLERANCE:
        raise BackboneError(f"{session.engine} and PyTorch differ by {error:.2g} of the largest "
                            f"feature at '{part.output}'; an earlier cut may do")
    return f"{session.engine} and PyTorch agree to {error:.2g}"
