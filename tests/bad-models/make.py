# SPDX-License-Identifier: MIT
"""Writes the corpus of bad models, and of odd but good ones, with what each must get.

    python3 make.py DIRECTORY

The table `cases.tsv` has one line per file: number of the row in the design's list, path,
status (several with `|`), and words of the message (`-`: none). Good ones have `ok`.
Python's standard library only; the script is the source, the files are not kept.
"""
import pathlib
import shutil
import sys

import bad_external
import bad_file
import bad_graph
import bad_header
import bad_operators
import bad_quantised
import bad_taxonomy
import bad_tensors
import bad_wire
import good_odd
from onnx_bytes import Model


class Corpus:
    """Files and their table."""

    def __init__(self, directory):
        self.directory, self.rows, self.count = directory, [], {}

    def path(self, row, suffix=".onnx"):
        """A new file name for this row."""
        self.count[row] = self.count.get(row, 0) + 1
        return f"{row}-{self.count[row]}{suffix}"

    def expect(self, row, path, status, words="-"):
        self.rows.append((row, str(path), status, words or "-"))

    def bytes(self, row, content, status, words="-"):
        path = self.path(row)
        (self.directory / path).write_bytes(content)
        self.expect(row, path, status, words)

    def model(self, row, change, status, words="-"):
        """`change` gets a good model; what it returns, if anything, is the content."""
        model = Model()
        content = change(model)
        self.bytes(row, content if isinstance(content, bytes) else model.encode(), status,
                   words)

    def folder(self, row):
        """A directory of its own, for a model with files beside it."""
        path = self.path(row, "")
        (self.directory / path).mkdir()
        return self.directory / path

    def write_table(self):
        lines = ["\t".join(row) + "\n" for row in self.rows]
        (self.directory / "cases.tsv").write_text("".join(lines))


def main():
    directory = pathlib.Path(sys.argv[1])
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    corpus = Corpus(directory)
    for part in (good_odd, bad_file, bad_wire, bad_header, bad_graph, bad_tensors,
                 bad_operators, bad_quantised, bad_external, bad_taxonomy):
        part.add(corpus)
    corpus.write_table()
    print(f"{len(corpus.rows)} files, {len(corpus.count)} rows")


if __name__ == "__main__":
    main()
