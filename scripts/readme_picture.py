#!/usr/bin/env python3
"""Draws docs/shapes10.png from a finished run: a cloud of every class, the learning curves, the confusion matrix.

    pip install numpy matplotlib
    python3 scripts/readme_picture.py runs/shapes10 datasets/shapes10 docs/shapes10.png
"""
import json
import pathlib
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def read_ply(path):
    """x y z of a binary little-endian PLY whose vertices are floats, as `pointwise synth` writes them."""
    raw = path.read_bytes()
    head, body = raw.split(b"end_header\n", 1)
    lines = head.decode().splitlines()
    count = next(int(line.split()[2]) for line in lines if line.startswith("element vertex"))
    columns = sum(line.startswith("property float") for line in lines)
    return np.frombuffer(body, "<f4", count * columns).reshape(count, columns)[:, :3]


def main(run, data, output):
    evaluation = json.loads((run / "evaluation.json").read_text())[0]
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    classes = evaluation["classes"]

    figure = plt.figure(figsize=(13, 6.4))
    grid = figure.add_gridspec(4, 11, left=0.0, right=0.985, top=0.94, bottom=0.14, wspace=0.05, hspace=1.6)
    for index, name in enumerate(classes):
        row, column = divmod(index, 5)
        axes = figure.add_subplot(grid[2 * row : 2 * row + 2, column], projection="3d")
        points = read_ply(sorted((data / name / "test").glob("*.ply"))[4])
        axes.scatter(*points.T, s=2.5, c=points[:, 2], cmap="viridis", linewidths=0)
        axes.set_box_aspect((1, 1, 1), zoom=1.7)
        axes.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
        axes.set_axis_off()
        axes.set_title(name, fontsize=11, y=-0.12)

    axes = figure.add_subplot(grid[:2, 6:])
    for split, style, color in (("train", "-", "#0072b2"), ("valid", "--", "#d55e00")):
        of_split = [row for row in rows if row["split"] == split]
        axes.plot([r["epoch"] for r in of_split], [100 * r["accuracy"] for r in of_split], style, color=color, label=split)
    axes.set(xlabel="epoch", ylabel="accuracy, %", ylim=(0, 101))
    axes.set_title(f"learning curves; test accuracy {100 * evaluation['overall_accuracy']:.1f} %", fontsize=11)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)

    axes = figure.add_subplot(grid[2:, 6:])
    confusion = np.array(evaluation["confusion"])
    axes.imshow(confusion / confusion.sum(1, keepdims=True), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (truth, predicted), count in np.ndenumerate(confusion):
        if count:
            dark = count > confusion[truth].sum() / 2
            axes.text(predicted, truth, count, ha="center", va="center", fontsize=8, color="white" if dark else "black")
    ticks = range(len(classes))
    axes.set_xticks(ticks, classes, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(ticks, classes, fontsize=8)
    axes.set(xlabel="predicted", ylabel="truth")
    axes.set_title(f"confusion on {evaluation['files_seen']} test files", fontsize=11)
    figure.savefig(output, dpi=100)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
