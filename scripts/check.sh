#!/usr/bin/env bash
# Everything that a change must pass, cheapest first. CI runs this same script.
#
# Real data for some tests is found through POINTWISE_DATA; without it they print a notice and skip.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

step "formatting"
cargo fmt --all --check

step "clippy, warnings denied"
cargo clippy --release --workspace --all-targets -- -D warnings

step "documentation, warnings denied"
RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

step "dependencies: licences, sources, duplicates of burn"
if command -v cargo-deny >/dev/null; then
    cargo deny check bans licenses sources
else
    echo "SKIPPED: cargo-deny is not installed (cargo install --locked cargo-deny)"
    [ -z "${CI:-}" ] || exit 1
fi

step "tests, as in the README"
cargo test --release --workspace

step "operator tests on burn's NdArray backend"
POINTWISE_TEST_DEVICE=ndarray cargo test --release -p pointconv --features ndarray

step "the crates without burn build alone, the features build"
cargo check --release -p neighbors -p pointcloud
cargo check --release -p pointconv --features fusion

step "done"
