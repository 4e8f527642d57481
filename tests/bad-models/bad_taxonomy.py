# SPDX-License-Identifier: MIT
"""H: the JSON that describes the categories."""
import json

from onnx_bytes import *


def add(corpus):
    def text(row, content, status, words):
        corpus.model(row, lambda m: setattr(m, "taxonomy_text", content), status, words)

    def bad(row, change, status, words):
        corpus.model(row, lambda m: change(m.taxonomy) and None, status, words)

    def category(row, number, status, words, **fields):
        bad(row, lambda t: t["categories"][number].update(fields), status, words)

    good = json.dumps(TAXONOMY)
    corpus.model("H01", lambda m: setattr(m, "taxonomy", None), "taxonomy", "'nnc.taxonomy'")
    text("H02", "", "taxonomy", "line 1, column")
    text("H02", "{\"version\": 1,\n  oops}", "taxonomy", "line 2, column")
    text("H02", "[]", "taxonomy", "JSON object")
    text("H02", good[:-5], "taxonomy", "line 1, column")
    for wrong in (good[:-1] + ",}", good.replace("1,", "1, /* x */", 1),
                  good.replace("[0, 0, 0]", "[NaN, 0, 0]"), "\ufeff" + good, good + good):
        text("H03", wrong, "taxonomy", "column")
    corpus.model("H04", lambda m: m.taxonomy.update(extra=nested(16)), "limit", "depth 17")
    text("H05", "[" * 100000, "limit", "depth")
    text("H05", "{\"a\":" * 100000, "limit", "depth")
    text("H06", good + " " * ((1 << 20) + 1 - len(good)), "limit", "taxonomy size")
    text("H07", good.replace("\"version\": 1", "\"version\": 1, \"version\": 1"),
         "duplicate", "version")
    text("H08", good.replace("cup", "\\ud800"), "taxonomy", "UTF-8")
    text("H08", good.encode().replace(b"cup", b"\xc0\xaf"), "taxonomy", "UTF-8")
    text("H09", good.replace("cup", "a\\u0000b"), "value", "NUL")
    for index in ("1.5", "-1", "1e999", str((1 << 53) + 1), "\"3\"", str(1 << 65)):
        text("H10", good.replace("\"logit\": 0", f"\"logit\": {index}"), "taxonomy", "index")
    for field in ("parent", "gain"):
        category("H10", 1, "taxonomy", "index", **{field: -1})
    category("H11", 1, "taxonomy", "2", logit=2)
    category("H11", 1, "taxonomy", "gain index 3, limit 3", gain=3)
    category("H12", 1, "duplicate|taxonomy", "cup", logit=1)
    category("H12", 1, "duplicate", "gain index 2 is used twice", gain=2)
    bad("H13", lambda t: t["categories"].pop(2), "taxonomy", "-")
    bad("H14", lambda t: t["categories"][0].update(parent=1) or
        t["categories"][1].update(parent=0), "cycle|taxonomy", "-")
    bad("H14", cycle, "cycle|limit", "-")
    category("H15", 1, "dangling", "-", parent=7)
    bad("H16", lambda t: t["categories"].append({"name": "empty", "parent": None}),
        "taxonomy", "empty")
    category("H17", 1, "dangling", "'absent'", features="absent")
    # H18 would have features refused that do not lead to the category's logits: they only say
    # where attention is shown to act, and nothing is computed from them.
    category("H18", 1, "ok", "-", features=TAXONOMY["logits"])
    bad("H17", lambda t: t.update(logits="absent"), "dangling", "'absent'")
    bad("H17", lambda t: t.update(attention={"input": "absent"}), "dangling", "'absent'")
    bad("H17", lambda t: t["input"].update(name="absent"), "shape|dangling", "-")
    bad("H17", lambda t: t.update(presence={"output": "relu"}), "dangling", "'relu'")
    def presets(status, words, content):
        bad("H25", lambda t: t.update(presets=content), status, words)

    presets("ok", "-", {"one": {"cutout": "cup", "attention": ""}, "all": {}})
    presets("ok", "-", None)
    presets("taxonomy", "'presets' must be an object", ["cup"])
    presets("taxonomy", "'one'", {"one": "cup"})
    presets("taxonomy", "'one'", {"one": {"cutout": 3}})
    presets("taxonomy", "name of 1 to 64", {"": {}})
    presets("task", "preset: one", {"one": {"cutout": "zzz"}})
    presets("task", "preset: one", {"one": {"attention": "cup=17"}})
    presets("limit", "count 257", {f"p{i}": {} for i in range(257)})
    category("H19", 2, "duplicate", "cup", name="cup")
    bad("H20", lambda t: t["categories"].extend(
        {"name": f"c{i}", "parent": None} for i in range(16384)), "limit", "16387")
    text("H20", "[" + "1," * 300000 + "1]", "limit", "values")
    text("H21", good[:-1] + "," + ",".join(f"\"k{i}\":0" for i in range(60000)) + "}", "ok",
         "-")
    for name in ("a/b", "a,b", "*", "-a", " a", "", "a\x07b"):
        category("H24", 1, "taxonomy|value", "-", name=name)
    bad("H23", lambda t: t.update(version=2), "version", "version 2, expected 1")
    bad("H23", lambda t: t.pop("version"), "taxonomy", "'version'")
    input_rows(bad)


def input_rows(bad):
    """The input's description (not in the list)."""
    def put(**fields):
        bad("HI1", lambda t: t["input"].update(fields), "taxonomy", list(fields)[0])

    for size in ([0, 4], [4], [4, 16385], "4x4", [4.5, 4], [-1, 4]):
        put(size=size)
    put(channels="CMYK")
    put(channels=3)
    put(mean=[0, 0])
    put(mean=[0, 0, 1e300])
    put(mean=[0, 0, "0"])
    put(std=[1, 1, 0])
    put(std=[1, 1, -1])
    put(std=[1, 1, 1e-44])
    put(fit="fill")
    bad("HI2", lambda t: t.update(input=[]), "taxonomy", "input")
    bad("HI2", lambda t: t.update(presence={"output": "logits", "threshold": 2}), "taxonomy",
        "threshold")


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


def cycle(taxonomy):
    first = len(taxonomy["categories"])
    taxonomy["categories"] += [{"name": f"c{i}", "parent": first + (i + 1) % 1000}
                               for i in range(1000)]
