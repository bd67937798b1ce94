#!/usr/bin/env bash
# Builds for the GPU of this machine, checks the operators and the search on it, times them, and prints tables.
#
#   scripts/gpu_bench.sh [wgpu|cuda] [clouds] [points]
#
# Times of a software driver mean nothing: without a card the script stops. PEERS_PYTHON names a Python with PyTorch, numpy and scipy;
# where it sees the same card through CUDA, PyTorch's times are beside ours.
set -euo pipefail
cd "$(dirname "$0")/.."

device="${1:-wgpu}" clouds="${2:-128}" points="${3:-2048}"
python="${PEERS_PYTHON:-python3}"
features="pointconv/$device,pointwise/$device"
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$(mktemp -d)}"

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

step "build"
cargo build --release -p pointconv -p pointwise --features "$features"
export POINTWISE="${CARGO_TARGET_DIR:-target}/release/pointwise"

step "device"
"$POINTWISE" devices
if ! "$POINTWISE" devices | grep "^$device" | grep -qv software; then
    echo "no card for $device on this machine" >&2
    exit 1
fi
if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem,power.limit --format=csv
fi

step "the operators and the search on the device, compared with the CPU"
POINTWISE_TEST_DEVICE="$device" cargo test --release -p pointconv -p train -p pointwise --features "$features" --lib --test operator

step "the stack of the paper: $clouds clouds of $points points"
json="$(mktemp)"
trap 'rm -f "$json"' EXIT
for where in cpu "$device"; do
    "$POINTWISE" bench conv --clouds "$clouds" --points "$points" --reps 20 --device "$where" --json - |
        sed "s/^{/{\"device\":\"$where\",/" >>"$json"
done
# Beside the times what a forward pass moves and computes at least: every table once. Divided by the bandwidth and the rate of the
# card that is its floor.
awk '
    function value(key) { return match($0, "\"" key "\":[0-9.e+-]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : "" }
    function numbers(key, into) {
        match($0, "\"" key "\":\\[[0-9.e+,-]+")
        return split(substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 4), into, ",")
    }
    BEGIN { printf "%-8s %10s %12s %13s %10s %10s\n", "device", "search ms", "forward ms", "backward ms", "all ms", "M edges" }
    {
        device = $0
        sub(/^.*"device":"/, "", device); sub(/".*/, "", device)
        search = 1000 * value("search_s"); forward = 1000 * value("fwd_s"); backward = 1000 * value("bwd_s")
        printf "%-8s %10.2f %12.2f %13.2f %10.2f %10.1f\n", device, search, forward, backward, search + forward + backward, value("edges") / 1e6
        layers = numbers("edges_per_point", edges); numbers("subdomains_per_point", runs)
    }
    END {
        for (i = 1; i <= layers; i++) {
            channels = i == 1 ? 3 : 9
            bytes += 4 * points * (edges[i] + 3 * runs[i] + 2 + channels + 9)
            additions += points * edges[i] * channels
            products += points * runs[i] * channels * 9
        }
        printf "\nforward, at least: %.0f MB, %.2f G additions, %.2f G multiplications\n", bytes / 1e6, additions / 1e9, products / 1e9
    }' points="$((clouds * points))" "$json"

step "the search alone, one cloud"
"$POINTWISE" bench search --device "$device" --sizes 2048,16384,100000,1000000

step "a training step of the paper"
"$POINTWISE" bench train --device "$device"

step "PyTorch on the same card"
if "$python" -c 'import numpy, scipy, sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    "$python" scripts/gpu_peers.py --clouds "$clouds" --points "$points" --device "$device"
else
    echo "SKIPPED: $python has no PyTorch that sees a card (PEERS_PYTHON names another)"
fi
