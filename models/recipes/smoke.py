# SPDX-License-Identifier: MIT
"""One minute of training on generated pictures: does the whole way from a folder to a model work?

    python3 models/recipes/smoke.py [DIR]       DIR is where it works, by default a temporary one

Generates coloured shapes in six folders, then: refuses bad input with a sentence, resumes a run
and gets the weights of an unbroken one, trains by `models/train`, and the model must know the
shapes; then `models/report` shows it. Exit status 0, or a message about the first thing that is
wrong; 77 if a module is missing.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import command_line

command_line.skip_without("PIL")
import numpy as np
from PIL import Image, ImageDraw

MODELS = pathlib.Path(__file__).resolve().parents[1]
TAXONOMY = """# two levels, one class at the top
warm:
  red_disc: rd
  red_box: rb
  yellow_disc: yd
cool:
  - blue_disc
  - blue_box
nothing: none
"""
COLOURS = {"rd": "red", "rb": "red", "yd": "yellow", "blue_disc": "blue", "blue_box": "blue"}
N_PICTURES = 60
N_EPOCHS = 12
LEAST_ACCURACY = 0.8


def draw(folder, random):
    """One picture of a class: a shape anywhere, on a noisy ground."""
    ground = random.randint(60, 120, (40, 48, 3)).astype(np.uint8)
    picture = Image.fromarray(ground)
    if folder != "none":
        x, y, edge = random.randint(4, 20), random.randint(2, 14), random.randint(14, 22)
        pen = ImageDraw.Draw(picture)
        shape = pen.ellipse if folder.endswith(("disc", "d")) else pen.rectangle
        shape((x, y, x + edge, y + edge), fill=COLOURS[folder])
    return picture


def generate(root):
    random = np.random.RandomState(0)
    for folder in (*COLOURS, "none"):
        (root / folder).mkdir(parents=True)
        for i in range(N_PICTURES):
            draw(folder, random).save(root / folder / f"{i}.png")
    (root / "rd" / "broken.png").write_bytes(b"no picture")


def run(work, program, *arguments):
    """Runs a command of models/; (exit status, all it said)."""
    done = subprocess.run([sys.executable, str(MODELS / program), *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "NNC_SCRATCH": str(work / "scratch")})
    return done.returncode, done.stdout


def train(work, *arguments):
    return run(work, "train", "--threads", 1, *arguments)


def require(condition, what, said=""):
    if not condition:
        sys.exit(f"FAILED: {what}\n{said[-2000:]}")
    print(f"ok: {what}", flush=True)


def require_refusals(work, program, cases):
    """`cases` are (what, arguments, words that the message must have)."""
    for what, arguments, words in cases:
        status, said = run(work, program, *arguments)
        require(status not in (0, -11) and words in said and "Traceback" not in said,
                f"{program} refuses {what}", said)


def check_refusals(work, pictures, taxonomy):
    """Bad input, and the words that the message must have."""
    absent, twice, odd = work / "absent.yaml", work / "twice.tsv", work / "odd.yaml"
    absent.write_text("a: rd\nb: zebra\n")
    twice.write_text("rd\tx\ta\nrd\tx\tb\n")
    odd.write_text("a:\n  b: c\n   d: e\n")
    lonely, empty, spoilt = work / "lonely", work / "empty", work / "spoilt"
    (lonely / "only").mkdir(parents=True)
    for folder in ("a", "b"):
        (empty / folder).mkdir(parents=True)
        (spoilt / folder).mkdir(parents=True)
        for i in range(4):
            (spoilt / folder / f"{i}.jpg").write_bytes(b"\xff\xd8spoilt")
    out = ("--out", work / "x.onnx")
    cases = [
        ("a folder that is not there", ("--data", work / "no", *out), "is no folder"),
        ("one class", ("--data", lonely, *out), "two at least"),
        ("classes without pictures", ("--data", empty, *out), "fewer"),
        ("only unreadable pictures", ("--data", spoilt, *out), "unreadable"),
        ("a taxonomy that names absent folders",
         ("--data", pictures, "--taxonomy", absent, *out), "zebra"),
        ("a folder in two classes",
         ("--data", pictures, "--taxonomy", twice, *out), "two classes"),
        ("a taxonomy with odd indentation",
         ("--data", pictures, "--taxonomy", odd, *out), "odd.yaml:3"),
        ("an absent taxonomy",
         ("--data", pictures, "--taxonomy", work / "no.tsv", *out), "No such"),
        ("an absent folder for the model",
         ("--data", pictures, "--out", work / "no" / "x.onnx"), "no such folder"),
    ]
    require_refusals(work, "train", cases)


def check_resume(make_run):
    """A run that is cut in the middle of an epoch ends with the weights of an unbroken one.
    `make_run(name)` makes one with its checkpoint in a folder of that name."""
    import torch
    torch.set_num_threads(1)
    whole = make_run("whole")
    whole.go()
    cut = make_run("cut")
    n_steps, cut.n_steps = cut.n_steps, 2
    cut.train_epoch()
    cut.epoch, cut.step, cut.n_steps = 0, 2, n_steps
    cut.save()
    again = make_run("cut")
    again.resume()
    again.go()
    same = all(torch.equal(a, b) for a, b in zip(whole.best_net().state_dict().values(),
                                                 again.best_net().state_dict().values()))
    require(same, "a resumed run ends with the weights of an unbroken one")


def check_resumed_training(work, pictures, taxonomy):
    os.environ["NNC_SCRATCH"] = str(work / "scratch")
    import argparse

    import train as recipe
    parser = argparse.ArgumentParser()
    recipe.add_options(parser)

    def make_run(name):
        return recipe.start(parser.parse_args(
            ["--data", str(pictures), "--taxonomy", str(taxonomy), "--size", "32", "--arch",
             "nest-tiny", "--epochs", "2", "--steps", "4", "--run", str(work / name)]))

    check_resume(make_run)


def check_training(work, pictures, taxonomy):
    """The command from pictures to model and card, twice: the second time it has nothing to do."""
    out = work / "shapes.onnx"
    arguments = ("--data", pictures, "--taxonomy", taxonomy, "--arch", "nest-tiny", "--size", 32,
                 "--epochs", N_EPOCHS, "--run", work / "run", "--out", out)
    status, said = train(work, *arguments)
    require(status == 0 and out.exists(), "trains and writes the model", said)
    require("broken.png" in said, "names the unreadable picture", said)
    card = out.with_suffix(".md").read_text()
    top1 = float(card.split("top-1 ")[1].split("%")[0]) / 100
    require(top1 >= LEAST_ACCURACY, f"top-1 on validation pictures {top1:.1%}", said)
    status, said = train(work, *arguments)
    require(status == 0 and f"resumed after {N_EPOCHS} epochs" in said,
            "a finished run is not repeated", said)


def check_report(work, pictures):
    """The report of the trained model, again from what was kept, and again after that was cut."""
    model, out = work / "shapes.onnx", work / "report"
    arguments = ("--models", model, "--baselines", "--data", pictures, "--out", out)
    status, said = run(work, "report", *arguments)
    require(status == 0 and "gain 1\n" in said, "reports on the model", said)
    text = (out / "report.md").read_text()
    top1 = model.with_suffix(".md").read_text().split("top-1 ")[1].split("%")[0]
    require(f"| {top1} % |" in text, f"the report and the card agree on top-1: {top1}%", text)
    require("0 (the same bits)" in text, "cutouts run alone give the same bits", text)
    require(len(list((out / "report-pictures").glob("*.png"))) == 5, "draws pictures", said)

    kept = sorted((work / "scratch" / "report").glob("*.npz"))
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    status, said = run(work, "report", *arguments)
    require(status == 0 and said.count("made anew") == 1 and "gain 1\n" not in said,
            "a second report runs only what was spoilt", said)
    require((out / "report.md").read_text() == text, "it says the same", said)


def check_report_refusals(work, pictures):
    cut, text, tasks = work / "cut.onnx", work / "text.onnx", work / "tasks.json"
    cut.write_bytes((work / "shapes.onnx").read_bytes()[:5000])
    text.write_text("no model")
    tasks.write_text("[]")

    def arguments(model, data=pictures):
        return "--models", model, "--baselines", "--data", data, "--out", work / "no"

    good = work / "shapes.onnx"
    require_refusals(work, "report", [
        ("an absent model", arguments(work / "no.onnx"), "No such"),
        ("a model that was cut off", arguments(cut), "not an ONNX file"),
        ("a file that is no model", arguments(text), "not an ONNX file"),
        ("pictures of something else", arguments(good, "cifar100"), "name its pictures"),
        ("an absent folder of pictures", arguments(good, work / "no" / "pictures"), "no folder"),
        ("tasks of another form", (*arguments(good), "--tasks", tasks), "expected an object")])


def in_folder(check):
    """Calls `check(work, pictures, taxonomy)` with generated pictures in the folder that the
    command line names, or a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        pictures, taxonomy = work / "pictures", work / "shapes.yaml"
        generate(pictures)
        taxonomy.write_text(TAXONOMY)
        check(work, pictures, taxonomy)


def main(work, pictures, taxonomy):
    check_refusals(work, pictures, taxonomy)
    check_training(work, pictures, taxonomy)
    check_resumed_training(work, pictures, taxonomy)
    check_report(work, pictures)
    check_report_refusals(work, pictures)


if __name__ == "__main__":
    in_folder(main)
