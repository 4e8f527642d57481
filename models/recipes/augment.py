# SPDX-License-Identifier: MIT
"""Random changes to a batch of training pictures; every draw comes from the given generator."""
import numpy as np
import torch
import torch.nn.functional as F

SMALLEST_CROP = 0.45                # share of the picture's area
WIDEST_RATIO = 1.25
JITTER = 0.2


def normalise(pixels, mean, std):
    """0..255 [N, 3, H, W] to float, as the exported model expects it."""
    mean = torch.tensor(mean, device=pixels.device).view(1, 3, 1, 1) * 255
    std = torch.tensor(std, device=pixels.device).view(1, 3, 1, 1) * 255
    return ((pixels.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def shift_and_flip(pixels, margin, generator):
    """A crop that is up to `margin` off centre, borders mirrored outwards, and a mirror image."""
    n, size = len(pixels), pixels.shape[-1]
    edges = (margin, margin)
    padded = torch.from_numpy(np.pad(pixels, ((0, 0), (0, 0), edges, edges), mode="reflect"))
    span = torch.arange(size)
    top = torch.randint(0, 2 * margin + 1, (n, 1), generator=generator)
    left = torch.randint(0, 2 * margin + 1, (n, 1), generator=generator)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    rows = top + span
    columns = left + torch.where(mirrored, span.flip(0), span)
    pictures, planes = torch.arange(n).view(n, 1, 1, 1), torch.arange(3).view(1, 3, 1, 1)
    return padded[pictures, planes, rows.view(n, 1, -1, 1), columns.view(n, 1, 1, -1)]


def crop_and_scale(pixels, size, generator, device="cpu"):
    """A crop of 45 to 100 % of the area, scaled to `size`, perhaps mirrored; contrast and
    brightness a little off. Float, 0..255."""
    n = len(pixels)

    def uniform(low, high):
        return torch.rand(n, generator=generator) * (high - low) + low

    area = uniform(SMALLEST_CROP, 1)
    ratio = WIDEST_RATIO ** uniform(-0.5, 0.5)
    width, height = (area ** 0.5 * ratio).clamp(max=1), (area ** 0.5 / ratio).clamp(max=1)
    x, y = uniform(-1, 1) * (1 - width), uniform(-1, 1) * (1 - height)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    zero = torch.zeros(n)
    theta = torch.stack([width * mirror, zero, x, zero, height, y], 1).view(n, 2, 3)
    contrast, brightness = uniform(1 - JITTER, 1 + JITTER), uniform(-JITTER, JITTER) * 128

    pixels = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).float()
    grid = F.affine_grid(theta.to(device), (n, 3, size, size), align_corners=False)
    pixels = F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)
    contrast, brightness = (v.to(device).view(n, 1, 1, 1) for v in (contrast, brightness))
    return ((pixels - 128) * contrast + 128 + brightness).clamp(0, 255)


def cut_and_mix(image, generator):
    """CutMix: one rectangle for the batch, from the pictures in another order.

    (image, that order, share of each picture that is left of itself)."""
    n, _, height, width = image.shape
    order = torch.randperm(n, generator=generator)
    edge = (1 - torch.rand(1, generator=generator).item()) ** 0.5
    x, y = torch.rand(2, generator=generator).tolist()
    rows, columns = int(height * edge), int(width * edge)
    top, left = int(y * (height - rows + 1)), int(x * (width - columns + 1))
    image = image.clone(memory_format=torch.preserve_format)
    patch = (slice(None), slice(None), slice(top, top + rows), slice(left, left + columns))
    image[patch] = image[order][patch]
    return image, order, 1 - rows * columns / (height * width)
