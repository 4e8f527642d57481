# SPDX-License-Identifier: MIT
"""A set of labelled pictures of one size, its taxonomy and its split, wherever it came from.

`cifar100` and `tiny-imagenet` are known by name; anything else is a folder of pictures,
`DIR/class/picture`. See `data.py` and `folders.py`.
"""
import dataclasses

import numpy as np

import data
import taxonomy


@dataclasses.dataclass(frozen=True)
class Dataset:
    """`pixels` is uint8 [N, 3, S, S], planes R, G, B, perhaps on disk; `label` int64 [N];
    `training` and `validation` are the indices of the two parts."""

    name: str
    pixels: np.ndarray
    label: np.ndarray
    taxonomy: taxonomy.Taxonomy
    training: np.ndarray
    validation: np.ndarray
    mean: tuple
    std: tuple
    research_only: bool = False

    @property
    def size(self):
        return self.pixels.shape[-1]


def cifar100_taxonomy():
    """Superclasses, and in each its classes by ascending label; labels are CIFAR-100's."""
    labels = data.load_labels()
    categories = []
    for superclass, members in zip(labels.superclasses, labels.members):
        parent = len(categories)
        categories.append(taxonomy.Category(superclass, None))
        categories += [taxonomy.Category(labels.classes[label], parent, label,
                                         labels.classes[label]) for label in members]
    return taxonomy.Taxonomy(categories)


def load_cifar100():
    """CIFAR-100 with the split of `data.py`: the first pictures are for validation."""
    pictures = data.pictures(data.shuffled_records())
    everything = np.arange(len(pictures.label))
    return Dataset("cifar100", pictures.pixels, pictures.label, cifar100_taxonomy(),
                   everything[data.N_VALIDATION:], everything[:data.N_VALIDATION],
                   data.MEAN, data.STD, research_only=True)


def taxonomy_of(source, taxonomy_file=None):
    """The categories alone, for questions that need no pictures."""
    if taxonomy_file:
        return taxonomy.read(taxonomy_file)
    if source == "cifar100":
        return cifar100_taxonomy()
    if source == "tiny-imagenet":
        return taxonomy.read(data.find(source, ["taxonomy.tsv"]) / "taxonomy.tsv")
    import folders
    return folders.taxonomy_of_folders(folders.existing(source))


def load(source, categories=None, size=None):
    """The data set called `source`, or the pictures in that folder.

    `categories` is a Taxonomy, the file of one, or None for those of the source."""
    if source == "cifar100":
        if categories or size not in (None, data.SIZE):
            raise taxonomy.TaxonomyError("cifar100 has its own taxonomy, and size 32")
        return load_cifar100()
    try:
        import folders
    except ImportError as error:
        raise taxonomy.TaxonomyError(f"pictures in folders need Pillow (python3-pil): {error}")
    if source == "tiny-imagenet":
        return folders.load_tiny_imagenet(categories, size or 64)
    return folders.load(source, categories, size or 64)
