#!/usr/bin/env python3
"""The paper's stack of four convolutions in PyTorch and in pointwise on the same GPU; started by gpu_bench.sh.

PyTorch finds the neighbours by comparing all points of a cloud, cloud by cloud, and is given them in two ways: as sparse
matrices (CSR, with the transpose stored for the backward pass), and as lists for index_select and index_add. Our search is the
one of `bench conv`, on the device. Every repetition runs both, in turns; times are the shortest, in milliseconds, and ratios are
theirs by ours. `all` is search, forward and backward together.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import torch
from peers import CELL, CHANNELS, CODES, K, SPAN, by_product, clock, clouds, stack


def matrix(row, column, weight, shape):
    """A sparse matrix in CSR form."""
    order = torch.argsort(row * shape[1] + column)
    starts = torch.zeros(shape[0] + 1, dtype=torch.int64, device=row.device)
    torch.cumsum(torch.bincount(row, minlength=shape[0]), 0, out=starts[1:])
    return torch.sparse_csr_tensor(starts, column[order], weight[order], size=shape)


def search(batch, codes):
    """Rows (point * K + cell) and columns (neighbour) of every layer."""
    found = [[] for _ in codes]
    side = 2 * SPAN + 1
    for b, p in enumerate(batch):
        n = (p[None] - p[:, None]) / CELL
        # Half away from zero.
        n = torch.copysign((n.abs() + 0.5).floor(), n).long()
        i, j = (n.abs() <= SPAN).all(2).nonzero(as_tuple=True)
        n = n[i, j] + SPAN
        code = (n[:, 2] * side + n[:, 1]) * side + n[:, 0]
        for layer, cell in zip(found, codes):
            cell = cell[code]
            ok = cell >= 0
            layer.append(((i[ok] + b * len(p)) * K + cell[ok], j[ok] + b * len(p)))
    return [tuple(torch.cat(side) for side in zip(*layer)) for layer in found]


def as_matrices(lists, points):
    for row, column in lists:
        weight = 1 / torch.bincount(row, minlength=points * K)[row].float()
        yield matrix(row, column, weight, (points * K, points)), matrix(column, row, weight, (points, points * K))


def as_lists(lists, points):
    for row, column in lists:
        yield row, column, 1 / torch.bincount(row, minlength=points * K).clamp(min=1).float()[:, None]


def by_index_add(layer, x):
    row, column, inverse = layer
    return x.new_zeros(len(inverse), x.shape[1]).index_add_(0, row, x.index_select(0, column)) * inverse


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--clouds", type=int, default=128)
    ap.add_argument("--points", type=int, default=2048)
    ap.add_argument("--reps", type=int, default=10)
    ap.add_argument("--torch", default="cuda", help="PyTorch's device")
    ap.add_argument("--device", default="cuda", help="ours")
    a = ap.parse_args()
    torch.manual_seed(0)
    batch = clouds(a.clouds, a.points)
    points = a.clouds * a.points
    codes = [code.long().to(a.torch) for code in CODES]
    on_device = torch.from_numpy(batch).to(a.torch)
    x = on_device.reshape(-1, 3).clone().requires_grad_()
    ws = [(torch.randn(K * i, o, device=a.torch) * (K * i) ** -0.5).requires_grad_()
          for i, o in zip(CHANNELS, CHANNELS[1:])]

    def timed(work):
        def whole():
            result = work()
            if a.torch != "cpu":
                torch.cuda.synchronize()
            return result
        return clock(whole)

    ways = {"PyTorch CSR": (as_matrices, by_product), "PyTorch index_add": (as_lists, by_index_add)}
    best = {}

    def keep(who, times):
        old = best.get(who, times)
        best[who] = [min(pair) for pair in zip(old, times)]

    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        batch.tofile(file.name)
        command = [os.environ["POINTWISE"], "bench", "conv", "--positions", file.name, "--clouds", str(a.clouds),
                   "--points", str(a.points), "--reps", "5", "--device", a.device, "--json", "-"]
        for repetition in range(a.reps + 1):
            mine = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            outputs = []
            for who, (prepare, mean) in ways.items():
                searching, layers = timed(lambda: list(prepare(search(on_device, codes), points)))
                x.grad = None
                forward, y = timed(lambda: stack(mean, layers, x, ws)[-1])
                outputs.append(y.detach())
                loss = y.sum()
                backward, _ = timed(loss.backward)
                if repetition > 0:
                    keep(who, [searching, forward, backward, searching + forward + backward])
            ours = [mine["search_s"], mine["fwd_s"], mine["bwd_s"]]
            if repetition > 0:
                keep("pointwise", [*ours, sum(ours)])
                continue
            theirs = sum(len(row) for row, _ in search(on_device, codes))
            print(f"neighbour pairs: {mine['edges']} ours, {theirs} theirs; "
                  f"their outputs differ by {(outputs[0] - outputs[1]).abs().max():.1e}")
            if abs(mine["edges"] - theirs) > 1e-5 * theirs:
                sys.exit("the neighbours differ")
    print(f"{'ms':<20}{'search':>10}{'forward':>10}{'backward':>10}{'all':>10}{'ratio':>8}")
    for who in ["pointwise", *ways]:
        times = best[who]
        print(f"{who:<20}" + "".join(f"{1e3 * t:>10.2f}" for t in times) + f"{times[-1] / best['pointwise'][-1]:>8.1f}")


if __name__ == "__main__":
    main()
