#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every line that nncjson writes is what the schema says, and the schema says all of it.

    test_json_schema.py SAMPLES SCHEMA      SAMPLES: the program that writes lines
"""
import copy
import json
import subprocess
import sys
import unittest

try:
    import jsonschema
except ImportError:
    sys.stderr.write("skipped: python3-jsonschema is not installed\n")
    sys.exit(77)

SAMPLES, SCHEMA = sys.argv[1:3]


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def closed(schema):
    """The schema without room for members that it does not name: readers have that room, the
    writer must not use it."""
    schema = copy.deepcopy(schema)
    for part in (schema, schema["properties"]["predictions"]["items"],
                 schema["properties"]["region"]):
        part["additionalProperties"] = False
    return schema


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            cls.schema = json.load(file)
        cls.strict = jsonschema.Draft202012Validator(closed(cls.schema))
        output = subprocess.run([SAMPLES], check=True, stdout=subprocess.PIPE).stdout
        cls.lines = [json.loads(line, parse_constant=refuse_constant)
                     for line in output.decode("utf-8").splitlines()]
        cls.made = [line for line in cls.lines if line["element"] in ("made", None)]

    def test_the_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)

    def test_every_line_is_valid(self):
        for line in self.lines:
            self.strict.validate(line)

    def test_lines_of_models(self):
        self.assertEqual([(line["frame"], line["element"]) for line in self.lines[:6]],
                         [(frame, name) for frame in range(3) for name in ("first", "second")])
        first, second = self.lines[:2]
        self.assertIn("presence", first)
        self.assertEqual((first["macs"], first["params"]),
                         (first["total_macs"], first["total_params"]))
        self.assertNotIn("presence", second)
        self.assertLess(second["macs"], second["total_macs"])
        self.assertEqual((second["width"], second["height"]), (64, 48))
        self.assertEqual([p["path"].split("/")[0] for p in second["predictions"]], ["b"])
        self.assertEqual(list(second["superclasses"]), ["b"])

    def test_made_up_predictions(self):
        self.assertEqual([line["status"] for line in self.made],
                         ["classified", "nonfinite", "refused", "late", "nonfinite",
                          "classified", "classified", "classified"])
        overflow = self.made[4]
        self.assertEqual((overflow["task_id"], overflow["presence"], overflow["source_pts"]),
                         (2**64 - 1, None, 5))
        self.assertEqual(overflow["predictions"][0]["class"], '"quoted" \\ \t \ufffd')
        self.assertEqual(self.made[2]["reason"], 'a "reason"\n\t\\ \x01 \ufffd')
        self.assertEqual(self.made[7]["region"], {"x": 1, "y": 2, "width": 3, "height": 4,
                                                  "id": 5, "label": 'a "label"'})
        self.assertTrue(all("time" in line and line["width"] is None for line in self.made))

    def test_what_is_not_valid(self):
        for change in ({"version": 2}, {"pts": -1}, {"frame": None}, {"macs": "1"},
                       {"predictions": [{}]}, {"superclasses": {"a": 1.5}},
                       {"status": "lost"}, {"unknown": 1}, {"surprise": 1}):
            with self.subTest(change):
                self.assertFalse(self.strict.is_valid({**self.lines[0], **change}))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
