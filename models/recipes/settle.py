# SPDX-License-Identifier: MIT
"""Normalisation statistics for how a network is used: full-size pictures, all gains 1.

Training with random gains and mixed pictures leaves statistics of features that a neutral network
does not have; and averaged weights never saw their own features. A few passes without updates
put that right."""
import copy

import torch

import augment

N_BATCHES = 100


@torch.no_grad()
def settled(run):
    """A copy of the run's best network; unchanged if it was trained on what it is used for."""
    net = copy.deepcopy(run.best_net())
    if not run.average:
        return net
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None            # the plain mean over all batches
    net.train()
    generator = torch.Generator().manual_seed(run.options.seed)
    order = torch.randperm(len(run.pictures.training), generator=generator).numpy()
    for i in range(min(N_BATCHES, max(1, len(order) // run.batch))):
        chosen = run.pictures.training[order[i * run.batch:(i + 1) * run.batch]]
        pixels = torch.from_numpy(run.pictures.pixels[chosen]).to(run.device)
        with torch.autocast(run.device.type, torch.bfloat16, enabled=run.bfloat16):
            net(augment.normalise(pixels, run.pictures.mean, run.pictures.std))
    for norm in norms:
        norm.momentum = 0.1
    return net.eval()
