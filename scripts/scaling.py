#!/usr/bin/env python3
"""How much several processes gain: a model from measured steps, compared with a measurement at two processes.

    scripts/scaling.py BINARY CONFIG [--set KEY=VALUE ...] [--clouds 4] [--rounds 3] [--json FILE]

A step of S shards takes, with one thread per process,

    T(N) = ceil(S / N) * shard + rest + messages(N)

`shard` is the time to compute a shard of --clouds items, `rest` that of all else in a step: the update of the weights, and what waits for the loader.
Both come from trainings of one process with 8 and with 2 shards. All processes exchange 8 bytes for every weight:

    messages(N) = 2 (N - 1) / N * bytes / bandwidth + 4 * ceil(log2 N) * latency

which is what the all-reduce algorithms of MPI libraries need for long messages, with a second, short one for the largest numbers. The table is for
64 shards over 10 and 100 Gb/s with 30 microseconds of latency. With a BINARY that has MPI and with `mpirun`, the model for two processes and 8 shards is
compared with a measurement; there, messages go through memory, at --local bytes per second.
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

SHARDS = 8
FEW = 2
TABLE_SHARDS = 64
LATENCY = 30e-6
NETWORKS = [(10, 1.25e9), (100, 12.5e9)]
PROCESSES = [1, 2, 4, 8, 16, 32, 64]


def messages(processes, size, bandwidth, latency):
    if processes == 1:
        return 0.0
    rounds = math.ceil(math.log2(processes))
    return 2 * (processes - 1) / processes * size / bandwidth + 4 * rounds * latency


def model(shards, processes, shard, rest, size, bandwidth, latency=LATENCY):
    return math.ceil(shards / processes) * shard + rest + messages(processes, size, bandwidth, latency)


def train(arguments, folder, shards, processes):
    """The least time of an epoch, as seconds per step, and the number of weights."""
    run = os.path.join(folder, f"run-{shards}-{processes}-{len(os.listdir(folder))}")
    sets = [f"train.shards={shards}", f"train.batch_size={shards * arguments.clouds}", f"train.epochs={arguments.epochs}"]
    command = [arguments.binary, "train", arguments.config, "--quiet", "--force", "--output", run]
    for text in arguments.set + sets:
        command += ["--set", text]
    environment = dict(os.environ, RAYON_NUM_THREADS="1")
    if processes > 1:
        command = ["mpirun", "-n", str(processes)] + command
        environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    with open(os.path.join(run, "metrics.jsonl")) as rows:
        rows = [json.loads(row) for row in rows]
    seconds = min(row["seconds"] for row in rows if row["split"] == "train")
    with open(os.path.join(run, "checkpoint", max(os.listdir(os.path.join(run, "checkpoint")), key=position))) as text:
        steps = int(next(line for line in text if line.startswith("steps = ")).split()[2]) // arguments.epochs
    with open(os.path.join(run, "last.safetensors"), "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    tensors = [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]
    return seconds / steps, sum(math.prod(shape) for shape in tensors)


def position(name):
    return int(name[len("position-"):-len(".toml")]) if name.startswith("position-") else -1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("config")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--clouds", type=int, default=4, help="items of a shard")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="how often every training is measured; the least time counts")
    parser.add_argument("--local", type=float, default=1e9, help="bytes per second between two processes of this machine")
    parser.add_argument("--json", help="file for the numbers")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)

    cases = [(SHARDS, 1), (FEW, 1)] + ([(SHARDS, 2)] if shutil.which("mpirun") else [])
    times = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        # In turn, so that other work on the machine disturbs all of them.
        for _ in range(arguments.rounds):
            for case in cases:
                seconds, weights = train(arguments, folder, *case)
                times[case].append(seconds)
    best = {case: min(found) for case, found in times.items()}
    shard = (best[SHARDS, 1] - best[FEW, 1]) / (SHARDS - FEW)
    rest = max(0.0, best[SHARDS, 1] - SHARDS * shard)
    size = 8 * weights
    print(f"{weights} weights, {size / 1e6:.2f} MB per step; shard {shard * 1e3:.1f} ms, rest {rest * 1e3:.1f} ms")
    result = {"weights": weights, "shard": shard, "rest": rest, "one": best[SHARDS, 1]}
    if (SHARDS, 2) in best:
        expected, found = model(SHARDS, 2, shard, rest, size, arguments.local), best[SHARDS, 2]
        result.update(two=found, two_model=expected)
        print(f"two processes: step {found * 1e3:.1f} ms, model {expected * 1e3:.1f} ms ({100 * (expected / found - 1):+.0f} %)")
        print(f"two processes are {best[SHARDS, 1] / found:.2f} times as fast as one")
    one = model(TABLE_SHARDS, 1, shard, rest, size, 1.0)
    print("\n| processes | " + " | ".join(f"{name} Gb/s" for name, _ in NETWORKS) + " |\n|---|" + "---|" * len(NETWORKS))
    for processes in PROCESSES[1:]:
        gains = [one / model(TABLE_SHARDS, processes, shard, rest, size, bandwidth) for _, bandwidth in NETWORKS]
        print(f"| {processes} | " + " | ".join(f"{gain:.1f}" for gain in gains) + " |")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(result, file)


if __name__ == "__main__":
    main()
