#!/usr/bin/env bash
# Builds for the GPU of this machine, checks the operators on it, times them, and prints a table.
#
#   scripts/gpu_bench.sh [wgpu|cuda] [clouds] [points]
#
# Times of a software driver mean nothing: without a card the script stops.
set -euo pipefail
cd "$(dirname "$0")/.."

device="${1:-wgpu}" clouds="${2:-128}" points="${3:-2048}"
features="pointconv/$device,train/$device"

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

step "build"
cargo build --release -p pointconv -p train --features "$features"
pointwise="${CARGO_TARGET_DIR:-target}/release/pointwise"

step "device"
"$pointwise" devices
if ! "$pointwise" devices | grep "^$device" | grep -qv software; then
    echo "no card for $device on this machine" >&2
    exit 1
fi

step "the operators on the device"
tests=()
for test in crates/pointconv/tests/*.rs crates/pointconv/tests/*/main.rs; do
    name="$(basename "${test%/main.rs}" .rs)"
    tests+=(--test "$name")
done
POINTWISE_TEST_DEVICE="$device" cargo test --release -p pointconv -p train --features "$features" "${tests[@]}"

step "the stack of the paper: $clouds clouds of $points points"
json="$(mktemp)"
trap 'rm -f "$json"' EXIT
for where in cpu "$device"; do
    "$pointwise" bench conv --clouds "$clouds" --points "$points" --reps 20 --device "$where" --json - |
        sed "s/^{/{\"device\":\"$where\",/" >>"$json"
done
awk '
    function value(key) { return match($0, "\"" key "\":[0-9.e+-]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : "" }
    BEGIN { printf "%-8s %14s %14s %14s %12s\n", "device", "search ms", "forward ms", "backward ms", "M edges" }
    {
        match($0, /"device":"[a-z]+"/)
        printf "%-8s %14.2f %14.2f %14.2f %12.1f\n", substr($0, RSTART + 10, RLENGTH - 11), \
            1000 * value("search_s"), 1000 * value("fwd_s"), 1000 * value("bwd_s"), value("edges") / 1e6
    }' "$json"

step "a training step of the paper"
"$pointwise" bench train --device "$device"
