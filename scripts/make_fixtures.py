#!/usr/bin/env python3
"""Writes the fixtures of the operators' tests: full/*.json and depthwise/*.json in crates/pointconv/tests/fixtures.

    python3 scripts/make_fixtures.py [DIRECTORY]

An implementation from the definition alone, in loops, with NumPy for single precision. It shares nothing with the
crates. The same files come out on every machine: random numbers from `random.Random.random`, sums by `math.fsum`.

Definition, for a packed batch of clouds with positions p, features x [P, C_in], weights W [K, C_in, C_out], bias b:

    y_i = b + sum_k W_k . (1 / |D_i(k)|) . sum_{j in D_i(k)} x_j

D_i(k) are the points j of the same cloud, i itself included, for which the rule gives k. An empty one adds nothing.

Rule for cells, in single precision: on each axis n = round((p_j - p_i) / cell), halves away from zero. j belongs when
every n is a multiple of the dilation and |n / dilation| <= (size - 1) / 2. With a = n / dilation + (size - 1) / 2 the
sub-domain is k = (a_z . size_y + a_y) . size_x + a_x.

Rule for shells: the distance is the single-precision root of (dx.dx + dy.dy) + dz.dz. With
w = radius / ((shells - 1) . dilation + 1), shell m holds the distances in [m . dilation . w, (m . dilation + 1) . w);
the bounds are computed in double precision and rounded to single once.

Gradients for L = sum(g . y) with given g [P, C_out]:

    dL/dx_j = sum over (i, k) with j in D_i(k) of W_k . g_i / |D_i(k)|
    dL/dW_k = sum_i mean_{D_i(k)}(x) (x) g_i
    dL/db   = sum_i g_i

The depthwise operator has weights W [K, C_in, M] and gives channel c.M + q from channel c alone. That is the same as the
full operator with a matrix W_k that is zero elsewhere; here it is written out on its own:

    y_i[c.M + q]   = b[c.M + q] + sum_k W[k, c, q] . (1 / |D_i(k)|) . sum_{j in D_i(k)} x_j[c]
    dL/dx_j[c]     = sum over (i, k) with j in D_i(k) and q of W[k, c, q] . g_i[c.M + q] / |D_i(k)|
    dL/dW[k, c, q] = sum_i mean_{D_i(k)}(x)[c] . g_i[c.M + q]
    dL/db          = sum_i g_i

Before a file is written, the gradients are compared with central differences of L.
"""

import json
import math
import random
import sys
from pathlib import Path

import numpy as np

DIRECTORY = Path(__file__).resolve().parent.parent / "crates/pointconv/tests/fixtures"
F32 = np.float32


def subdomain_of_cells(centre, point, size, cell, dilation):
    """The sub-domain of `point` in the cells around `centre`, or None."""
    index = []
    for axis in range(3):
        quotient = float((F32(point[axis]) - F32(centre[axis])) / F32(cell))
        n = int(math.copysign(math.floor(abs(quotient) + 0.5), quotient))  # double precision: the sum is exact
        half = (size[axis] - 1) // 2
        if n % dilation[axis] != 0 or abs(n // dilation[axis]) > half:
            return None
        index.append(n // dilation[axis] + half)
    return (index[2] * size[1] + index[1]) * size[0] + index[0]


def subdomain_of_shells(centre, point, radius, shells, dilation):
    """The shell around `centre` that holds `point`, or None."""
    dx, dy, dz = (F32(point[axis]) - F32(centre[axis]) for axis in range(3))
    distance = np.sqrt((dx * dx + dy * dy) + dz * dz)
    assert distance.dtype == F32
    widths = (shells - 1) * dilation + 1
    for m in range(shells):
        lower = F32(m * dilation * float(F32(radius)) / widths)
        upper = F32((m * dilation + 1) * float(F32(radius)) / widths)
        if lower <= distance < upper:
            return m
    return None


def members(case):
    """For every point a dictionary from sub-domain to the indices of its points."""
    rule = {"cells": subdomain_of_cells, "shells": subdomain_of_shells}[case["kernel"]]
    positions, found = case["positions"], []
    for first, last in zip(case["offsets"], case["offsets"][1:]):
        for i in range(first, last):
            domains = {}
            for j in range(first, last):
                k = rule(positions[i], positions[j], **case["parameters"])
                if k is not None:
                    domains.setdefault(k, []).append(j)
            found.append(domains)
    return found


def forward(domains, features, weight, bias):
    """y [P, C_out]."""
    channels_in = len(weight[0])
    output = []
    for own in domains:
        row = []
        for o in range(len(bias)):
            terms = [bias[o]]
            for k, indices in own.items():
                for c in range(channels_in):
                    terms.append(weight[k][c][o] * mean(features, indices, c))
            row.append(math.fsum(terms))
        output.append(row)
    return output


def mean(features, indices, channel):
    return math.fsum(features[j][channel] for j in indices) / len(indices)


def backward(domains, features, weight, grad):
    """dL/dx, dL/dW, dL/db from their formulas."""
    subdomains, channels_in, channels_out = len(weight), len(weight[0]), len(weight[0][0])
    to_features = [[[] for _ in range(channels_in)] for _ in features]
    to_weight = [[[[] for _ in range(channels_out)] for _ in range(channels_in)] for _ in range(subdomains)]
    for i, own in enumerate(domains):
        for k, indices in own.items():
            for c in range(channels_in):
                average = mean(features, indices, c)
                for o in range(channels_out):
                    to_weight[k][c][o].append(average * grad[i][o])
                    for j in indices:
                        to_features[j][c].append(weight[k][c][o] * grad[i][o] / len(indices))
    return (
        [[math.fsum(terms) for terms in row] for row in to_features],
        [[[math.fsum(terms) for terms in row] for row in matrix] for matrix in to_weight],
        [math.fsum(row[o] for row in grad) for o in range(channels_out)],
    )


def depthwise_forward(domains, features, weight, bias):
    """y [P, C_in . M]."""
    channels, multiplier = len(weight[0]), len(weight[0][0])
    output = []
    for own in domains:
        row = []
        for c in range(channels):
            for q in range(multiplier):
                terms = [bias[c * multiplier + q]]
                for k, indices in own.items():
                    terms.append(weight[k][c][q] * mean(features, indices, c))
                row.append(math.fsum(terms))
        output.append(row)
    return output


def depthwise_backward(domains, features, weight, grad):
    """dL/dx, dL/dW, dL/db from their formulas."""
    subdomains, channels, multiplier = len(weight), len(weight[0]), len(weight[0][0])
    to_features = [[[] for _ in range(channels)] for _ in features]
    to_weight = [[[[] for _ in range(multiplier)] for _ in range(channels)] for _ in range(subdomains)]
    for i, own in enumerate(domains):
        for k, indices in own.items():
            for c in range(channels):
                average = mean(features, indices, c)
                for q in range(multiplier):
                    to_weight[k][c][q].append(average * grad[i][c * multiplier + q])
                    for j in indices:
                        to_features[j][c].append(weight[k][c][q] * grad[i][c * multiplier + q] / len(indices))
    return (
        [[math.fsum(terms) for terms in row] for row in to_features],
        [[[math.fsum(terms) for terms in row] for row in matrix] for matrix in to_weight],
        [math.fsum(row[o] for row in grad) for o in range(channels * multiplier)],
    )


def check_gradients(forward, domains, features, weight, bias, grad, gradients):
    """L is linear in each argument: a difference quotient with a step of 1 is exact up to round-off."""

    def loss():
        output = forward(domains, features, weight, bias)
        return math.fsum(y * g for row, grads in zip(output, grad) for y, g in zip(row, grads))

    def compare(row, at, gradient):
        value = row[at]
        row[at] = value + 0.5
        above = loss()
        row[at] = value - 0.5
        below = loss()
        row[at] = value
        assert abs((above - below) - gradient) < 1e-11, (above - below, gradient)

    chance = random.Random(0)

    def pick(count):
        return int(chance.random() * count)

    for _ in range(6):
        j, c = pick(len(features)), pick(len(features[0]))
        compare(features[j], c, gradients[0][j][c])
    # Only sub-domains that occur say anything.
    occupied = sorted({k for own in domains for k in own})
    for _ in range(6):
        k, c, o = occupied[pick(len(occupied))], pick(len(weight[0])), pick(len(weight[0][0]))
        compare(weight[k][c], o, gradients[1][k][c][o])
    for o in range(len(bias)):
        compare(bias, o, gradients[2][o])


class Draw:
    """Seeded values that are exact in single precision and short in decimals."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def whole(self, bound):
        """0, 1, .., bound - 1."""
        return int(self.chance.random() * bound)

    def value(self):
        """A multiple of 1/32 in -2..2."""
        return (self.whole(129) - 64) / 32

    def values(self, *sizes):
        return [self.values(*sizes[1:]) for _ in range(sizes[0])] if sizes else self.value()

    def cube(self, edge):
        """A point with three decimals, rounded to single precision."""
        return [single(self.whole(int(edge * 1000)) / 1000) for _ in range(3)]

    def lattice(self, spacing, count):
        """A multiple of `spacing` on each axis."""
        return [single(self.whole(count) * spacing) for _ in range(3)]


def single(value):
    """The shortest decimal that reads as the single-precision neighbour of `value`."""
    text = float(str(F32(value)))
    assert F32(text) == F32(value)
    return text


def cells(cell, size=(3, 3, 3), dilation=(1, 1, 1)):
    return {"kernel": "cells", "parameters": {"size": list(size), "cell": cell, "dilation": list(dilation)}}


def shells(radius, count, dilation=1):
    return {"kernel": "shells", "parameters": {"radius": radius, "shells": count, "dilation": dilation}}


def batch(kernel, clouds, **sizes):
    offsets = [0]
    for cloud in clouds:
        offsets.append(offsets[-1] + len(cloud))
    return {**kernel, **sizes, "offsets": offsets, "positions": [p for cloud in clouds for p in cloud]}


def cases():
    """Names and cases of the full operator, without the values of the tensors."""

    draw = Draw(1)

    def clouds(*sizes):
        return [[draw.cube(0.5) for _ in range(size)] for size in sizes]

    def lattice(spacing, *sizes):
        return [[draw.lattice(spacing, 5) for _ in range(size)] for size in sizes]

    yield "cells", batch(cells(0.2), clouds(13, 22))
    yield "cells_dilation_2", batch(cells(0.15, dilation=(2, 2, 2)), clouds(17, 11))
    yield "cells_dilation_123", batch(cells(0.2, dilation=(1, 2, 3)), clouds(12, 19))
    yield "cells_size_513", batch(cells(0.15, size=(5, 1, 3)), clouds(16, 21))
    yield "cells_size_513_dilation_221", batch(cells(0.12, size=(5, 1, 3), dilation=(2, 2, 1)), clouds(14, 20))
    yield "shells", batch(shells(0.45, 3), clouds(15, 22))
    yield "shells_dilation_2", batch(shells(0.6, 4, 2), clouds(18, 13))

    # Half a cell apart: every odd difference is on a face. An edge of 0.25 divides exactly, one of 0.1 does not.
    yield "faces_exact", batch(cells(0.25), lattice(0.125, 17, 14))
    yield "faces_rounded", batch(cells(0.1), lattice(0.05, 15, 18))
    yield "faces_dilation_2", batch(cells(0.1, dilation=(2, 2, 2)), lattice(0.05, 16, 15))
    # Differences of whole multiples of the shell width along an axis are on the bounds.
    yield "shell_bounds", batch(shells(0.75, 3), lattice(0.25, 15, 12))

    ([one, other],) = clouds(2)
    yield "duplicates", batch(cells(0.2), [[one] * 5 + [other] * 3 + clouds(6)[0], [one] * 4])
    # One point, none, two that do not see each other, one again.
    yield "single_points", batch(cells(0.1), [[one], [], [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]], [], [other]])
    yield "wide", batch(cells(0.25, size=(3, 1, 1)), clouds(9, 12), channels=(17, 18))


def depthwise_cases():
    """Names and cases of the depthwise operator; the second of the sizes is the multiplier."""
    draw = Draw(2)

    def clouds(*sizes):
        return [[draw.cube(0.5) for _ in range(size)] for size in sizes]

    yield "cells", batch(cells(0.2), clouds(13, 22), depthwise=(3, 1))
    yield "cells_multiplier_2", batch(cells(0.2), clouds(21, 14), depthwise=(3, 2))
    yield "cells_size_513_dilation_221", batch(
        cells(0.12, size=(5, 1, 3), dilation=(2, 2, 1)), clouds(14, 20), depthwise=(5, 3)
    )
    yield "shells_dilation_2", batch(shells(0.6, 4, 2), clouds(18, 13), depthwise=(9, 1))
    yield "single_points", batch(
        cells(0.1), [clouds(1)[0], [], [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]], [], clouds(1)[0]], depthwise=(4, 2)
    )
    yield "wide", batch(cells(0.25, size=(3, 1, 1)), clouds(9, 12), depthwise=(17, 1))
    yield "wide_multiplier_3", batch(shells(0.45, 3), clouds(11, 8), depthwise=(7, 3))


def fixture(case, seed):
    """The case with its tensors, output and gradients."""
    if "depthwise" in case:
        channels_in, columns = case.pop("depthwise")
        channels_out = channels_in * columns
        there, back = depthwise_forward, depthwise_backward
    else:
        channels_in, channels_out = case.pop("channels", (3, 5))
        columns = channels_out
        there, back = forward, backward
    parameters = case["parameters"]
    subdomains = math.prod(parameters["size"]) if case["kernel"] == "cells" else parameters["shells"]
    draw, points = Draw(seed), len(case["positions"])
    features, weight = draw.values(points, channels_in), draw.values(subdomains, channels_in, columns)
    bias, grad = draw.values(channels_out), draw.values(points, channels_out)
    domains = members(case)
    gradients = back(domains, features, weight, grad)
    check_gradients(there, domains, features, weight, bias, grad, gradients)
    return {
        **case,
        "sizes": {"points": points, "subdomains": subdomains, "channels_in": channels_in, "channels_out": channels_out},
        "occupied": sum(len(own) for own in domains),
        "edges": sum(len(indices) for own in domains for indices in own.values()),
        "features": features,
        "weight": weight,
        "bias": bias,
        "grad": grad,
        "output": there(domains, features, weight, bias),
        "grad_features": gradients[0],
        "grad_weight": gradients[1],
        "grad_bias": gradients[2],
    }


def main():
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY
    write(directory / "full", cases(), 100)
    write(directory / "depthwise", depthwise_cases(), 200)


def write(directory, cases, seed):
    """Writes one file for each case; the values are drawn with seeds from `seed` on."""
    directory.mkdir(parents=True, exist_ok=True)
    for seed, (name, case) in enumerate(cases, start=seed):
        lines = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in fixture(case, seed).items())
        (directory / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
