# SPDX-License-Identifier: MIT
"""The tree of categories: what it holds, and how it is read from a small text file.

Categories are numbered depth first. Leaves are the classes; each has a label, its place in the
list of logits, and a folder of pictures. Three spellings, chosen by the file's ending:

    .tsv        folder <tab> category <tab> ... <tab> class        one line a class, any depth
    .toml       nested tables; `class = "folder"`, or `category = ["class", "class"]`
    .yaml .yml  the same by indentation: `category:`, `class: folder`, `- class`,
                `category: [class, class]`; nothing else of YAML

Labels count the classes in the order of the file. Without a folder of its own, a class has the
folder of its name.
"""
import dataclasses
import pathlib

FORBIDDEN = set("/,=:*?[]")


class TaxonomyError(Exception):
    """A sentence that names the file or the category and what is wrong with it."""


@dataclasses.dataclass(frozen=True)
class Category:
    """`parent` is a number or None; `label` is None except for a class."""

    name: str
    parent: object
    label: object = None
    folder: object = None


class Taxonomy:
    """All categories, depth first, with the questions that recipes ask about them."""

    def __init__(self, categories):
        self.categories = list(categories)
        self.children = [[] for _ in self.categories]
        self.top = []
        for number, category in enumerate(self.categories):
            siblings = self.top if category.parent is None else self.children[category.parent]
            siblings.append(number)
        leaves = [n for n, c in enumerate(self.categories) if c.label is not None]
        self.classes = sorted(leaves, key=lambda n: self.categories[n].label)

    def __len__(self):
        return len(self.categories)

    def is_class(self, number):
        return self.categories[number].label is not None

    def chain(self, number):
        """The category and all above it, the top first."""
        parent = self.categories[number].parent
        return ([] if parent is None else self.chain(parent)) + [number]

    def level(self, number):
        """0 for a top category."""
        return len(self.chain(number)) - 1

    def path(self, number):
        return "/".join(self.categories[n].name for n in self.chain(number))

    def inner_levels(self):
        """The categories that are no classes, level by level."""
        levels = []
        for number in range(len(self)):
            if not self.is_class(number):
                level = self.level(number)
                levels += [[] for _ in range(level + 1 - len(levels))]
                levels[level].append(number)
        return levels

    def folders(self):
        """The folder of pictures of each class, in label order."""
        return [self.categories[number].folder for number in self.classes]


def check_name(name, where):
    if (not name or name != name.strip() or name.startswith("-") or FORBIDDEN & set(name)
            or any(ord(c) < 32 or ord(c) == 127 for c in name)):
        raise TaxonomyError(f"{where}: '{name}' is no name for a category (none of "
                            "/ , = : * ? [ ], no leading '-', no outer spaces)")


def from_paths(paths, where="taxonomy"):
    """The taxonomy of [(path, folder)], one entry a class; `path` is a tuple of names."""
    tree, labels = {}, {}
    for path, folder in paths:
        for name in path:
            check_name(name, where)
        if path in labels:
            raise TaxonomyError(f"{where}: class '{'/'.join(path)}' is there twice")
        labels[path] = len(labels)
        place = tree
        for name in path[:-1]:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise TaxonomyError(f"{where}: '{name}' is a class and a category of classes")
        if path[-1] in place:
            raise TaxonomyError(f"{where}: '{path[-1]}' is a class and a category of classes")
        place[path[-1]] = folder
    folders = [folder for _, folder in paths]
    for folder in folders:
        if folders.count(folder) > 1:
            raise TaxonomyError(f"{where}: folder '{folder}' belongs to two classes")
    if len(labels) < 2:
        raise TaxonomyError(f"{where}: {len(labels)} class, but two are the least there is to "
                            "tell apart")

    categories = []

    def add(place, parent, above):
        for name, below in place.items():
            path = above + (name,)
            number = len(categories)
            if isinstance(below, dict):
                categories.append(Category(name, parent))
                add(below, number, path)
            else:
                categories.append(Category(name, parent, labels[path], below))

    add(tree, None, ())
    return Taxonomy(categories)


def paths_of_tree(tree, where, above=()):
    """Flattens nested mappings, lists of classes and `class: folder` into paths."""
    if isinstance(tree, str):
        return [(above, tree)]
    if isinstance(tree, list):
        for item in tree:
            if not isinstance(item, str):
                raise TaxonomyError(f"{where}: in '{'/'.join(above)}', a list holds names only")
        return [(above + (item,), item) for item in tree]
    if isinstance(tree, dict):
        return [entry for name, below in tree.items()
                for entry in paths_of_tree(below, where, above + (str(name),))]
    raise TaxonomyError(f"{where}: '{'/'.join(above)}' has neither a folder nor classes")


def of_model(categories):
    """The taxonomy of a model's `categories`; the first alias of a class is its folder."""
    return Taxonomy([Category(c["name"], c["parent"], c.get("label"),
                              c.get("aliases", [c["name"]])[0] if "label" in c else None)
                     for c in categories])


def read_tsv(text, where):
    paths = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            fields = line.rstrip("\r").split("\t")
            if len(fields) < 2:
                raise TaxonomyError(f"{where}:{number}: a folder and a class at least, "
                                    "separated by tabs")
            paths.append((tuple(fields[1:]), fields[0]))
    return paths


def read_toml(text, where):
    try:
        import tomllib
    except ImportError:
        raise TaxonomyError(f"{where}: TOML needs Python 3.11; write it as .yaml or .tsv")
    try:
        return paths_of_tree(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise TaxonomyError(f"{where}: {error}")


def plain(text):
    """A scalar without its quotes."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0] else text


class Yaml:
    """The few lines of YAML that a taxonomy needs, block by block of equal indentation."""

    def __init__(self, text, where):
        self.where = where
        self.lines = []
        for number, line in enumerate(text.splitlines(), 1):
            body = line.split(" #")[0].rstrip()
            if body.strip() and not body.lstrip().startswith("#") and body != "---":
                if "\t" in line:
                    self.refuse(number, "a tab; indent with spaces")
                self.lines.append((number, len(body) - len(body.lstrip()), body.strip()))
        self.at = 0

    def refuse(self, number, what):
        raise TaxonomyError(f"{self.where}:{number}: {what}")

    def block(self, indent):
        """The mapping or the list whose entries start in column `indent`."""
        mapping, items = {}, []
        while self.at < len(self.lines) and self.lines[self.at][1] >= indent:
            number, column, body = self.lines[self.at]
            self.at += 1
            if column != indent:
                self.refuse(number, "unexpected indentation")
            if body.startswith("- "):
                items.append(plain(body[2:]))
                continue
            name, colon, value = body.partition(":")
            if not colon:
                self.refuse(number, f"neither 'name:' nor '- class': {body}")
            if plain(name) in mapping:
                self.refuse(number, f"'{plain(name)}' is there twice")
            mapping[plain(name)] = self.value(number, indent, value.strip())
        if mapping and items:
            self.refuse(number, "a list and names in one category")
        return mapping or items

    def value(self, number, indent, text):
        if text.startswith("[") and text.endswith("]"):
            return [plain(item) for item in text[1:-1].split(",") if item.strip()]
        if text:
            return plain(text)
        if self.at == len(self.lines):
            self.refuse(number, "nothing inside")
        _, column, body = self.lines[self.at]
        if column > indent or (column == indent and body.startswith("- ")):
            return self.block(column)
        return self.refuse(number, "nothing inside")

    def read(self):
        if not self.lines:
            raise TaxonomyError(f"{self.where}: empty")
        tree = self.block(self.lines[0][1])
        if self.at < len(self.lines):
            self.refuse(self.lines[self.at][0], "unexpected indentation")
        return paths_of_tree(tree, self.where)


READERS = {".tsv": read_tsv, ".toml": read_toml,
           ".yaml": lambda text, where: Yaml(text, where).read(),
           ".yml": lambda text, where: Yaml(text, where).read()}


def read(path):
    """The taxonomy of a file, or TaxonomyError."""
    path = pathlib.Path(path)
    if path.suffix not in READERS:
        raise TaxonomyError(f"{path}: the ending must be one of {', '.join(READERS)}")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path}: {error}")
    return from_paths(READERS[path.suffix](text, path.name), path.name)


def wanted(categories):
    """What may be a Taxonomy, the file of one, or None, as a Taxonomy or None."""
    return read(categories) if isinstance(categories, (str, pathlib.Path)) else categories
