#!/usr/bin/env python3
"""Plays the scheduler of a cluster for `pointwise predict|convert --list`, kills tasks at random, and compares the results.

    scripts/check_shards.py target/release/pointwise --files 10000 --shards 8 --processes 2 --kills 20
    scripts/check_shards.py target/release/pointwise --names 100000

The first form makes small files, converts them and classifies them with a model of the program, once undisturbed and once as
an array whose tasks are killed with SIGKILL and started again. Both must have the same results and the same bytes. It also
compares the time of one shard with that of a plain run, and the memory for few and for many files. The second form converts
that many files, and measures how long the finished list is checked, and with how much memory.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time


def make_files(folder, count):
    """Writes `count` different clouds below `folder`, and a list of them."""
    rng = random.Random(1)
    names = []
    for number in range(count):
        name = f"{number % 100:02}/{number}.xyz"
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{rng.random():.3f} {rng.random():.3f} {rng.random():.3f}\n" for _ in range(40)))
        names.append(name)
    (folder / "list.txt").write_text("\n".join(names) + "\n")
    return names


def run(command, folder, environment=None):
    """Runs a command to its end; gives its output, seconds and peak memory in MB."""
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))}: ended with {status}\n{output}")
    return output, time.monotonic() - started, usage.ru_maxrss / 1024


def play_array(command, folder, shards, processes, kills):
    """Runs the tasks of an array, `processes` at a time. Kills a random one `kills` times; killed tasks are started again."""
    rng = random.Random(2)
    waiting, running, killed = list(range(shards)), {}, 0
    while waiting or running:
        while waiting and len(running) < processes:
            task = waiting.pop(0)
            environment = {
                **os.environ,
                "SLURM_ARRAY_TASK_ID": str(task),
                "SLURM_ARRAY_TASK_COUNT": str(shards),
                "SLURM_ARRAY_TASK_MIN": "0",
                "SLURM_ARRAY_TASK_STEP": "1",
            }
            running[task] = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.02, 0.4) if killed < kills else 0.05)
        if killed < kills and running:
            task = rng.choice(sorted(running))
            if running[task].poll() is None:
                running[task].kill()
                killed += 1
        for task, process in list(running.items()):
            if process.poll() is not None:
                del running[task]
                if process.returncode != 0:
                    waiting.append(task)
        if not waiting and not running and killed < kills:
            waiting = list(range(shards))
    return killed


def rows(folder):
    """The rows of all shards, sorted by name."""
    found = []
    for path in folder.glob("shard-*.jsonl"):
        found += [json.loads(line) for line in path.read_text().splitlines()]
    return sorted(found, key=lambda row: row["file"])


def outputs(folder):
    """The outputs below a folder, with their bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder): path.read_bytes()
        for path in files
        if not path.name.startswith((".", "shard-", "predictions."))
    }


def compare(folder, binary, arguments):
    names = make_files(folder, arguments.files)
    model = [binary, "predict", "shapes10", "--quiet", "--list", "list.txt", "--base", "in"]
    convert = [binary, "convert", "--quiet", "--list", "list.txt", "--base", "in", "--points", "30"]
    for kind, command, plain in [
        ("predict", model + ["--output"], [binary, "predict", "shapes10", "in", "--quiet", "--json", "-"]),
        ("convert", convert, [binary, "convert", "in", "plain", "--quiet", "--points", "30"]),
    ]:
        def times():
            shutil.rmtree(folder / "whole", ignore_errors=True)
            shutil.rmtree(folder / "plain", ignore_errors=True)
            return run(plain, folder)[1], run([*command, "whole", "--shard", "0/1"], folder)[1]
        pairs = [times() for _ in range(arguments.repeats)]
        one, listed = (min(column) for column in zip(*pairs))
        killed = play_array([*command, "parts"], folder, arguments.shards, arguments.processes, arguments.kills)
        whole, parts = rows(folder / "whole"), rows(folder / "parts")
        assert sorted(row["file"] for row in whole) == sorted(names), f"{kind}: files are lost or doubled"
        assert whole == parts, f"{kind}: the results differ"
        assert outputs(folder / "whole") == outputs(folder / "parts"), f"{kind}: the outputs differ"
        checked, seconds, _ = run([*command, "parts", "--check"], folder)
        print(f"{kind}: {killed} tasks killed; {checked.strip()} ({seconds:.2f} s)")
        print(f"{kind}: plain {one:.2f} s, as one shard {listed:.2f} s: {100 * (listed / one - 1):+.1f} %")
        few = folder / "few.txt"
        few.write_text("\n".join(names[: max(len(names) // 10, 1)]))
        peaks = []
        for name in ["few.txt", "list.txt"]:
            words = [name if word == "list.txt" else word for word in command]
            peaks.append(run([*words, f"memory-{name}", "--shard", "0/1"], folder)[2])
            shutil.rmtree(folder / f"memory-{name}")
        print(f"{kind}: peak {peaks[0]:.0f} MB for {len(names) // 10} files, {peaks[1]:.0f} MB for {len(names)}")
        shutil.rmtree(folder / "parts")


def check_long_list(folder, binary, count):
    make_files(folder, count)
    command = [binary, "convert", "--quiet", "--list", "list.txt", "--base", "in"]
    _, seconds, peak = run([*command, "out", "--shard", "0/1"], folder)
    print(f"{count} files converted in {seconds:.1f} s, peak {peak:.0f} MB")
    for more in [["--check"], ["--shard", "0/1"]]:
        told, seconds, peak = run([*command, "out", *more], folder)
        print(f"{told.strip()} ({seconds:.2f} s, peak {peak:.0f} MB)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3, help="of the comparison with a plain run")
    parser.add_argument("--names", type=int, help="check a finished list of so many names instead")
    arguments = parser.parse_args()
    binary = arguments.binary.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if arguments.names:
            check_long_list(folder, binary, arguments.names)
        else:
            compare(folder, binary, arguments)


if __name__ == "__main__":
    main()
