#!/usr/bin/env python3
"""What other libraries need for the same work as pointwise; started by peers.sh.

conv    the paper's stack of four convolutions: forward and backward against PyTorch, which is given the neighbours as
        sparse matrices (one per layer and its transpose), and against index_select with index_add
search  the neighbours of the four layers: Open3D's search of the cube around the outermost cells, then its filtering
radius  all neighbours within a ball: Open3D and scipy
train   one step of training the paper's classifier: the same network in PyTorch, neighbours made by two workers

Every repetition runs all programs, one after the other; the pipeline of PyTorch's workers runs through first. Of ours the
middle of the repetition counts where it times several. Ratios, of the shortest and of the middle times, are theirs by ours.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import scipy.sparse
import torch
from scipy.spatial import cKDTree
from torch.nn import functional as F

CELL, DILATIONS, CHANNELS, K = 0.1, (1, 2, 3, 4), (3, 9, 9, 9, 9), 27
REACH = (max(DILATIONS) + 0.5) * CELL * (1 + 1e-5)


def clouds(count, points, seed=0):
    """Surfaces of boxes and cylinders in the unit sphere, [count, points, 3]."""
    rng = np.random.default_rng(seed)

    def part(n):
        if rng.random() < 0.5:
            edge = rng.uniform(0.05, 1.2, 3)
            p = rng.uniform(-0.5, 0.5, (n, 3)) * edge
            area = np.array([edge[1] * edge[2], edge[0] * edge[2], edge[0] * edge[1]])
            axis = rng.choice(3, n, p=area / area.sum())
            p[np.arange(n), axis] = rng.choice([-0.5, 0.5], n) * edge[axis]
        else:
            angle = rng.uniform(0, 2 * np.pi, n)
            radius, height = rng.uniform(0.05, 0.5), rng.uniform(0.2, 1.5)
            p = np.stack([radius * np.cos(angle), radius * np.sin(angle), rng.uniform(-0.5, 0.5, n) * height], 1)
        return p[:, rng.permutation(3)] + rng.uniform(-0.6, 0.6, 3)

    def cloud():
        share = np.full(k := rng.integers(3, 9), 1 / k)
        p = np.concatenate([part(n) for n in rng.multinomial(points, share)])
        p -= p.mean(0)
        return p / np.linalg.norm(p, axis=1).max()

    return np.stack([cloud() for _ in range(count)]).astype(np.float32)


def pairs_open3d(p, reach):
    """All pairs (i, j) with a maximum norm within reach."""
    from open3d.ml.torch.layers import FixedRadiusSearch
    t = torch.from_numpy(p)
    found = FixedRadiusSearch(metric="Linf")(t, t, reach)
    splits = found.neighbors_row_splits
    return torch.arange(len(p)).repeat_interleave(splits[1:] - splits[:-1]), found.neighbors_index.long()


def pairs_scipy(p, reach):
    q = torch.from_numpy(cKDTree(p).query_pairs(reach, p=np.inf, output_type="ndarray"))
    own = torch.arange(len(p))
    return torch.cat([q[:, 0], q[:, 1], own]), torch.cat([q[:, 1], q[:, 0], own])


def codes():
    """For every dilation: from the three rounded differences, as one number, to the cell, or -1."""
    n = np.arange(-SPAN, SPAN + 1)
    for dilation in DILATIONS:
        cell = np.where((n % dilation == 0) & (abs(n) <= dilation), n // dilation + 1, -1)
        z, y, x = np.meshgrid(cell, cell, cell, indexing="ij")
        yield torch.from_numpy(np.where((z >= 0) & (y >= 0) & (x >= 0), (z * 3 + y) * 3 + x, -1).ravel().astype(np.int32))


SPAN = max(DILATIONS) + 1
CODES = list(codes())


def in_cells(p, i, j):
    """For every dilation the pairs that fall into a cell of the kernel: (row = i * K + cell, column = j)."""
    p = torch.from_numpy(p)
    n = (p.index_select(0, j) - p.index_select(0, i)).div_(CELL)
    # Half away from zero.
    n = torch.copysign(n.abs().add_(0.5).floor_(), n).int()
    side = 2 * SPAN + 1
    code = ((n[:, 2] + SPAN) * side + n[:, 1] + SPAN) * side + n[:, 0] + SPAN
    for cell in CODES:
        cell = cell.index_select(0, code)
        ok = (cell >= 0).nonzero()[:, 0]
        yield i.index_select(0, ok) * K + cell.index_select(0, ok), j.index_select(0, ok)


def edges(batch, pairs):
    """Rows and columns of every layer over the whole batch."""
    layers = [[] for _ in DILATIONS]
    for b, p in enumerate(batch):
        for layer, (row, column) in zip(layers, in_cells(p, *pairs(p, REACH))):
            layer.append((row + b * len(p) * K, column + b * len(p)))
    return [tuple(torch.cat(side) for side in zip(*layer)) for layer in layers]


def matrices(row, column, points):
    """The mean over every cell as a sparse matrix [points * K, points], and its transpose: their three arrays."""
    row, column = row.numpy(), column.numpy()
    count = np.bincount(row, minlength=points * K)
    weight = (1 / count[row]).astype(np.float32)
    a = scipy.sparse.csr_matrix((weight, (row, column)), shape=(points * K, points))
    for a in a, a.T.tocsr():
        yield [torch.from_numpy(x) for x in (a.indptr.astype(np.int32), a.indices.astype(np.int32), a.data)], a.shape


def to_torch(a):
    return torch.sparse_csr_tensor(*a[0], size=a[1])


class Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, a, transpose):
        ctx.transpose = transpose
        return a @ x

    @staticmethod
    def backward(ctx, gradient):
        return ctx.transpose @ gradient, None, None


def by_product(layer, x):
    return Mean.apply(x, *layer)


def by_index_add(layer, x):
    row, column, inverse = layer
    return torch.zeros(len(inverse), x.shape[1]).index_add_(0, row, x.index_select(0, column)) * inverse


def weights():
    shapes = zip(CHANNELS, CHANNELS[1:])
    return [(torch.randn(K * i, o) * (K * i) ** -0.5).requires_grad_() for i, o in shapes]


def stack(mean, layers, x, ws):
    outputs = []
    for layer, w in zip(layers, ws):
        x = F.selu(mean(layer, x).view(len(x), -1) @ w)
        outputs.append(x)
    return outputs


def ours(*arguments, threads):
    command = [os.environ["POINTWISE"], "bench", *map(str, arguments), "--json", "-"]
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads))
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def clock(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


class Table:
    """Times by (question, who), in the order of their first appearance."""

    def __init__(self):
        self.times = {}

    def add(self, question, who, seconds):
        self.times.setdefault(question, {}).setdefault(who, []).append(seconds)

    def show(self):
        print(f"{'':<26}{'who':<28}{'min s':>10}{'median s':>10}{'ratio':>8}{'ratio':>8}")
        for question, rows in self.times.items():
            base = rows["pointwise"]
            for who, times in sorted(rows.items(), key=lambda row: row[0] != "pointwise"):
                least, middle = min(times), statistics.median(times)
                ratios = least / min(base), middle / statistics.median(base)
                print(f"{question:<26}{who:<28}{least:>10.4f}{middle:>10.4f}{ratios[0]:>8.2f}{ratios[1]:>8.2f}")


def conv(a, table, search):
    """Parts conv and search: they share clouds, and our program measures both."""
    batch, file = a.clouds_of(a.clouds)
    points = batch.shape[0] * batch.shape[1]
    x, ws = torch.from_numpy(batch.reshape(-1, 3)), weights()
    lists = edges(batch, a.pairs)
    peers = {}
    if not search:
        peers["PyTorch CSR, transpose stored"] = by_product, [
            tuple(map(to_torch, matrices(*layer, points))) for layer in lists]
        inverse = [1 / torch.bincount(row, minlength=points * K).clamp(min=1)[:, None] for row, _ in lists]
        peers["PyTorch index_add"] = by_index_add, [(*layer, i) for layer, i in zip(lists, inverse)]
    first = None
    for repetition in range(a.reps + 1):
        mine = ours("conv", "--positions", file, "--clouds", a.clouds, "--points", a.points, "--reps", 3,
                    threads=a.threads)
        if repetition == 0:
            theirs = sum(len(row) for row, _ in lists)
            print(f"neighbour pairs: {mine['edges']} ours, {theirs} theirs", flush=True)
            if abs(mine["edges"] - theirs) > 1e-5 * theirs:
                sys.exit("the neighbours differ")
        keep = repetition > 0
        if search:
            seconds, found = clock(lambda: [a.pairs(p, REACH) for p in batch])
            filtering, _ = clock(lambda: [list(in_cells(p, *q)) for p, q in zip(batch, found)])
            del found
            if keep:
                table.add("search of four layers", "pointwise", mine["search_s"])
                table.add("search of four layers", f"{a.pairs_name}, outer cube", seconds)
                table.add("search of four layers", f"{a.pairs_name} + filter", seconds + filtering)
            continue
        if keep:
            table.add("conv stack forward", "pointwise", mine["fwd_s"])
            table.add("conv stack backward", "pointwise", mine["bwd_s"])
        for who, (mean, layers) in peers.items():
            x.grad = None
            x.requires_grad_()
            forward, y = clock(lambda: stack(mean, layers, x, ws)[-1])
            if repetition == 0 and first is not None:
                print(f"largest difference of the outputs: {(y - first).abs().max():.1e}", flush=True)
            first = y.detach()
            loss = y.sum()
            backward, _ = clock(loss.backward)
            if keep:
                table.add("conv stack forward", who, forward)
                table.add("conv stack backward", who, backward)


def radius(a, table):
    from open3d import core
    for points in a.sizes:
        with tempfile.NamedTemporaryFile(suffix=".f32") as file:
            p = clouds(1, points, 3)[0]
            tree = cKDTree(p)
            some = p[:: max(1, points // 1000)]
            low, high = 1e-5, 2.0
            for _ in range(40):
                middle = low**0.75 * high**0.25
                few = tree.query_ball_point(some, middle, return_length=True).mean() < 30
                low, high = (middle, high) if few else (low, middle)
            p.tofile(file.name)
            tensor = core.Tensor(p)

            def open3d():
                index = core.nns.NearestNeighborSearch(tensor)
                index.fixed_radius_index(high)
                return len(index.fixed_radius_search(tensor, high, False)[0])

            def scipy_pairs():
                return 2 * len(cKDTree(p).query_pairs(high, output_type="ndarray")) + points

            question = f"ball, {points} points"
            for repetition in range(a.reps + 1):
                mine = ours("search", "--positions", file.name, "--radius", high, "--reps", 3, threads=a.threads)
                mine = mine["sizes"][0]
                theirs = {"Open3D": clock(open3d), "scipy, half the pairs": clock(scipy_pairs)}
                if repetition == 0:
                    found = round(mine["neighbours"] * points)
                    for who, (_, count) in theirs.items():
                        if abs(count - found) > 1e-4 * found:
                            sys.exit(f"{who} finds {count} pairs, pointwise {found}")
                    continue
                table.add(question, "pointwise", mine["grid"]["lists"]["median_s"])
                for who, (seconds, _) in theirs.items():
                    table.add(question, who, seconds)


class Batches(torch.utils.data.Dataset):
    """Training batches as pointwise makes them: turned, jittered, sorted, with their neighbours."""

    def __init__(self, clouds, batch, count, classes, pairs):
        self.clouds, self.batch, self.count, self.classes, self.pairs = clouds, batch, count, classes, pairs

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        members = [(index * self.batch + b) % len(self.clouds) for b in range(self.batch)]
        batch = self.clouds[members]
        for b, p in enumerate(batch):
            sine, cosine = np.sin(t := rng.uniform(0, 2 * np.pi)), np.cos(t)
            p = p @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]], np.float32)
            p += np.clip(0.01 * rng.standard_normal(p.shape), -0.05, 0.05).astype(np.float32)
            batch[b] = p[np.lexsort((p[:, 2], p[:, 1], p[:, 0]))]
        points = batch.shape[0] * batch.shape[1]
        layers = [list(matrices(*layer, points)) for layer in edges(batch, self.pairs)]
        return torch.from_numpy(batch.reshape(-1, 3)), torch.from_numpy(rng.integers(0, self.classes, self.batch)), layers


class Classifier(torch.nn.Module):
    def __init__(self, points, classes):
        super().__init__()
        self.ws = torch.nn.ParameterList(weights())
        self.biases = torch.nn.ParameterList([torch.zeros(o) for o in CHANNELS[1:]])
        self.hidden = torch.nn.Linear(points * sum(CHANNELS[1:]), 512)
        self.output = torch.nn.Linear(512, classes)

    def forward(self, x, layers, clouds):
        outputs = []
        for layer, w, bias in zip(layers, self.ws, self.biases):
            x = F.selu(by_product(layer, x).view(len(x), -1) @ w + bias)
            outputs.append(x)
        hidden = F.selu(self.hidden(torch.cat(outputs, 1).reshape(clouds, -1)))
        return self.output(F.alpha_dropout(hidden, 0.5, self.training))


def train(a, table):
    batch, file = a.clouds_of(4 * a.batch)
    network = Classifier(a.points, a.classes)
    optimizer = torch.optim.SGD(network.parameters(), 1e-3, momentum=0.9)

    def step(item):
        x, targets, layers = item
        layers = [tuple(map(to_torch, layer)) for layer in layers]
        optimizer.zero_grad()
        forward, loss = clock(lambda: F.cross_entropy(network(x, layers, len(targets)), targets))
        backward, _ = clock(loss.backward)
        update, _ = clock(optimizer.step)
        return forward, backward, update

    first = 4
    data = Batches(batch, a.batch, 2 * a.reps + first, a.classes, a.pairs)
    # Two batches ahead, as pointwise; workers search on one thread each.
    loader = iter(torch.utils.data.DataLoader(
        data, batch_size=None, collate_fn=lambda item: item, num_workers=2, prefetch_factor=1,
        worker_init_fn=lambda _: torch.set_num_threads(1)))
    # Until those that were made before the first step are used up.
    for _ in range(first):
        step(next(loader))
    who = "PyTorch CSR, 2 workers"
    for _ in range(a.reps):
        # Two workers finish two batches at about the same time.
        seconds, _ = clock(lambda: [step(next(loader)) for _ in range(2)])
        table.add("training step, pipelined", who, seconds / 2)
    del loader
    who = "PyTorch CSR"
    for repetition in range(a.reps + 1):
        mine = ours("train", "--positions", file, "--batch", a.batch, "--points", a.points, "--classes", a.classes,
                    "--reps", 3, threads=a.threads)
        making, item = clock(lambda: data[repetition])
        parts = step(item)
        if repetition == 0:
            continue
        table.add("training step, pipelined", "pointwise", mine["pipelined"]["step"]["median_s"])
        for name, keys, seconds in (
            ("training step, in turn", ["step"], making + sum(parts)),
            ("  search, augmentation", ["prepare", "search"], making),
            ("  forward", ["forward"], parts[0]),
            ("  backward", ["backward"], parts[1]),
            ("  optimizer", ["optimizer"], parts[2]),
        ):
            table.add(name, "pointwise", sum(mine[key]["median_s"] for key in keys))
            table.add(name, who, seconds)


def main():
    parts = ["conv", "search", "radius", "train"]
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)} [default: all]")
    ap.add_argument("--positions", help="raw little-endian f32 x y z, clouds one after the other [default: made here]")
    ap.add_argument("--clouds", type=int, default=128)
    ap.add_argument("--points", type=int, default=2048)
    ap.add_argument("--sizes", type=int, nargs="+", default=[2048, 16384, 100000], help="for radius")
    ap.add_argument("--batch", type=int, default=32, help="for train")
    ap.add_argument("--classes", type=int, default=40, help="for train")
    ap.add_argument("--reps", type=int, default=5)
    ap.add_argument("--threads", type=int, default=os.cpu_count())
    a = ap.parse_args()
    for part in a.parts:
        if part not in parts:
            ap.error(f"found the part {part!r}, expected {', '.join(parts)}")
    chosen = a.parts or parts
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", message="Sparse")
    folder = tempfile.TemporaryDirectory()

    def clouds_of(count):
        if a.positions:
            batch = np.fromfile(a.positions, np.float32).reshape(-1, a.points, 3)
            if len(batch) < count:
                ap.error(f"{a.positions} holds {len(batch)} clouds of {a.points} points, expected {count}")
            batch = batch[:count].copy()
        else:
            batch = clouds(count, a.points)
        batch.tofile(file := f"{folder.name}/{count}.f32")
        return batch, file

    a.clouds_of = clouds_of
    probe = clouds(1, a.points)[0]
    # The quicker search is the peer.
    found = {"scipy": pairs_scipy}
    try:
        pairs_open3d(probe, REACH)
        found["Open3D"] = pairs_open3d
    except (ImportError, RuntimeError) as error:
        print(f"Open3D is left out: {error}", flush=True)
    speed = {who: min(clock(lambda: pairs(probe, REACH))[0] for _ in range(3)) for who, pairs in found.items()}
    a.pairs_name = min(speed, key=speed.get)
    a.pairs = found[a.pairs_name]
    print("search of one cloud: " + ", ".join(f"{who} {1e3 * s:.1f} ms" for who, s in speed.items()), flush=True)

    table = Table()
    for part in chosen:
        if part in ("conv", "search"):
            conv(a, table, part == "search")
        else:
            {"radius": radius, "train": train}[part](a, table)
    table.show()


if __name__ == "__main__":
    main()
