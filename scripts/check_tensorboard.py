"""Reads the event files of runs with TensorBoard's own reader and compares them with metrics.jsonl.

    pip install tensorboard
    pointwise train configs/shapes10.toml --tensorboard      (stop it, resume it, kill it, resume it)
    python scripts/check_tensorboard.py runs/shapes10

Every step and every epoch must be there once, in order, with the values of the rows of metrics.
"""

import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KEYS = {"epoch/learning_rate": "lr"}


def single(value):
    """`value` as TensorBoard keeps it, in 32 bits."""
    return struct.unpack("f", struct.pack("f", value))[0]


def check(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for split in sorted({row["split"] for row in rows}):
        # Without the repair of repeated steps that the reader does otherwise.
        events = EventAccumulator(
            str(run / "tensorboard" / split), size_guidance={"scalars": 0}, purge_orphaned_data=False
        )
        events.Reload()
        expected = [row for row in rows if row["split"] == split]
        counts = {}
        for tag in events.Tags()["scalars"]:
            series = events.Scalars(tag)
            steps = [event.step for event in series]
            assert steps == list(range(1, len(steps) + 1)), f"{run}, {split}, {tag}: found steps {steps}"
            if tag.startswith("epoch/"):
                values = [single(row[KEYS.get(tag, tag.removeprefix("epoch/"))]) for row in expected]
                assert [event.value for event in series] == values, f"{run}, {split}, {tag}: other values"
            counts[tag] = len(series)
        print(run, split, counts)


for path in sys.argv[1:]:
    check(pathlib.Path(path))
