#!/usr/bin/env python3
"""Kills `pointwise` at random moments, starts it again, and compares the bytes with those of an undisturbed run.

    scripts/kills.py target/release/pointwise --kills 500
    scripts/kills.py target/release/pointwise --kills 20 --seed 7 --only train-scenes

Every kind of work gets an equal part of the kills: training of both tasks (the training writes its synthetic data first, and caches
prepared scenes), prediction in shards, and conversion of a tree. A kill is a SIGKILL after a random part of the time that the
undisturbed run took. If the work ends before all its kills, it begins again in an empty folder. At the end of each round all files
must have the names and bytes of the undisturbed run; only times may differ. The seed is printed, and --seed repeats the moments.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent

SHAPES = {
    "data.points": 64, "data.synth.points": 64, "data.synth.train_per_class": 4, "data.synth.test_per_class": 2,
    "data.validation_fraction": 0.25, "model.widths": "[4,6]", "model.hidden": 16, "train.epochs": 8, "train.batch_size": 4,
    "train.average": 0.9, "schedule.warmup_epochs": 1,
}  # fmt: skip
SCENES = {
    "scenes.synth.train": 3, "scenes.synth.test": 1, "scenes.voxel": 0.2, "scenes.points": 300, "scenes.regions": 4,
    "scenes.cache": "cache", "model.cell": 0.3, "model.widths": "[4,6]", "train.epochs": 6, "train.batch_size": 2,
    "schedule.warmup_epochs": 1,
}  # fmt: skip


class Kind:
    """A kind of work: its command, how it goes on after a kill, and the folders to compare."""

    def __init__(self, name, commands, resume, is_begun=None):
        self.name, self.commands, self.resume = name, commands, resume
        # Whether there is something to go on with; without, the command starts from the beginning.
        self.is_begun = is_begun or (lambda folder: True)

    def next_command(self, folder, number):
        return self.commands[number] + (self.resume if self.is_begun(folder) else [])


def train(name, config, root, settings):
    command = ["train", str(REPOSITORY / f"configs/{config}.toml"), "--quiet", "--output", "run"]
    for key, value in {"data.root": root, **settings}.items():
        command += ["--set", f"{key}={value}"]
    return Kind(name, [command], ["--resume"], lambda folder: (folder / "run/config.toml").exists())


def make_files(folder, count):
    """Writes `count` different clouds in folders below `folder`, and a list of them."""
    rng = random.Random(1)
    names = [f"{number % 3}/{number}.xyz" for number in range(count)]
    for name in names:
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{rng.random():.3f} {rng.random():.3f} {rng.random():.3f}\n" for _ in range(200)))
    (folder / "list.txt").write_text("\n".join(names) + "\n")


def kinds(inputs):
    """All kinds of work; `inputs` has the files to predict and convert."""
    listed = ["--list", str(inputs / "list.txt"), "--base", str(inputs / "in")]
    shards = [["predict", "shapes10", "--quiet", *listed, "--output", "out", "--shard", f"{part}/2"] for part in range(2)]
    convert = ["convert", str(inputs / "in"), "out", "--format", "ply", "--points", "100", "--quiet"]
    return [
        train("train-shapes", "shapes10", "shapes", SHAPES),
        train("train-scenes", "scenes-synth", "rooms", SCENES),
        Kind("predict-shards", shards, []),
        Kind("convert-tree", [convert], ["--resume"]),
    ]


def start(binary, command, folder):
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    return subprocess.Popen(
        [binary, *command], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def finish(process, command):
    error = process.communicate()[1]
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: ended with {process.returncode}\n{error}")


def without_times(path):
    """The bytes of a file, without what differs from run to run: times, and in checkpoints the random numbers that burn gives to
    tensors. The numbers of a checkpoint show in the weights that a resumed training ends with."""
    if path.suffix == ".bpk":
        return b""
    data = path.read_bytes()
    if path.suffix in (".json", ".jsonl", ".html", ".toml"):
        data = re.sub(rb'"?(\w*seconds\w*|finished)"?\s*[:=]\s*[-+.\de]+', rb"\1", data)
        data = re.sub(rb'"training time","[^"]*"', b"", data)
    if path.name.startswith("shard-"):
        data = b"\n".join(sorted(data.splitlines()))
    return data


def contents(folder):
    """The files below a folder with their bytes. Empty lock files are no results."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or (path.name.endswith(".lock") and path.stat().st_size == 0):
            continue
        name = str(path.relative_to(folder))
        if path.parent.name == "checkpoint":
            # Besides the last checkpoint an earlier one is kept. Which one depends on the time.
            same = f"{path.stem.split('-')[0]}{path.suffix}"
            name = f"checkpoint: {same} {sum(key.startswith(f'checkpoint: {same}') for key in found)}"
            found[name] = b""
        else:
            found[name] = without_times(path)
    return found


def compare(kind, whole, killed):
    expected, found = contents(whole), contents(killed)
    problems = [f"{name} is missing" for name in expected.keys() - found.keys()]
    problems += [f"{name} is left over" for name in found.keys() - expected.keys()]
    problems += [f"{name} differs" for name in expected.keys() & found.keys() if expected[name] != found[name]]
    if problems:
        sys.exit(f"{kind.name}: after the kills, {killed}:\n" + "\n".join(sorted(problems)))
    return len(expected)


def undisturbed(binary, kind, folder):
    """Does the work without a kill; gives the seconds of the slowest command."""
    folder.mkdir()
    slowest = 0
    for command in kind.commands:
        started = time.monotonic()
        finish(start(binary, command, folder), command)
        slowest = max(slowest, time.monotonic() - started)
    return slowest


def killed_round(binary, kind, folder, seconds, kills, rng):
    """Does the work once, with at most `kills` kills; gives how many there were."""
    folder.mkdir()
    done = 0
    for number in range(len(kind.commands)):
        while True:
            command = kind.next_command(folder, number)
            process = start(binary, command, folder)
            if done < kills:
                try:
                    process.wait(rng.uniform(0, seconds))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    done += 1
                    continue
            finish(process, command)
            break
    return done


def torture(binary, kind, place, kills, rng):
    whole = place / f"{kind.name}-whole"
    seconds = undisturbed(binary, kind, whole)
    done, rounds, started = 0, 0, time.monotonic()
    while done < kills:
        rounds += 1
        killed = place / f"{kind.name}-{rounds}"
        # A few kills in a round: a kill early in the work must not hide what a late one leaves.
        done += killed_round(binary, kind, killed, seconds, min(kills - done, rng.randint(1, 6)), rng)
        files = compare(kind, whole, killed)
        shutil.rmtree(killed)
    took = time.monotonic() - started
    print(f"{kind.name}: {done} kills in {rounds} rounds, {files} files equal, none left over ({took:.0f} s)", flush=True)
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=40, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; printed, drawn if not given")
    parser.add_argument("--files", type=int, default=400, help="files to predict and convert")
    parser.add_argument("--only", help="one kind of work")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        make_files(place, arguments.files)
        chosen = [kind for kind in kinds(place) if arguments.only in (None, kind.name)]
        if not chosen:
            sys.exit(f"--only {arguments.only}: found no such kind of work")
        shares = [len(range(index, arguments.kills, len(chosen))) for index in range(len(chosen))]
        total = 0
        for kind, share in zip(chosen, shares):
            total += torture(arguments.binary.resolve(), kind, place, share, random.Random(f"{seed} {kind.name}"))
    print(f"{total} kills survived")


if __name__ == "__main__":
    main()
