#!/usr/bin/env bash
# Everything that a change must pass, cheapest first. CI runs this same script.
#
# Real data for some tests is found through POINTWISE_DATA.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

step "formatting"
cargo fmt --all --check

step "every Rust file belongs to a crate"
scripts/check_modules.sh

step "clippy, warnings denied"
cargo clippy --release --workspace --all-targets -- -D warnings

step "documentation, warnings denied"
RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

step "dependencies: licences, sources, duplicates of burn, advisories"
if command -v cargo-deny >/dev/null; then
    cargo deny check bans licenses sources
    if cargo deny fetch db 2>/dev/null; then
        cargo deny check advisories
    else
        echo "SKIPPED: advisories (github.com/rustsec/advisory-db cannot be fetched)"
    fi
else
    echo "SKIPPED: cargo-deny is not installed (cargo install --locked cargo-deny)"
    [ -z "${CI:-}" ] || exit 1
fi

step "the guide"
if command -v mdbook >/dev/null; then
    mdbook build docs
else
    echo "SKIPPED: mdbook is not installed (cargo install --locked mdbook --no-default-features --features search)"
    [ -z "${CI:-}" ] || exit 1
fi

step "packages: what would be published"
cargo package --workspace --no-verify --allow-dirty --quiet

step "tests, as in the README"
cargo test --release --workspace
drawn="$(mktemp -d)"
"${CARGO_TARGET_DIR:-target}/release/examples/pictures" "$drawn"
diff -r --strip-trailing-cr "$drawn" docs/src/pictures

step "fuzzing for a minute"
if [ "$(uname)" = Linux ] && command -v c++ >/dev/null; then
    scripts/fuzz.sh 60
else
    echo "SKIPPED: libFuzzer needs Linux and a C++ compiler"
    [ -z "${CI:-}" ] || exit 1
fi

step "work that is killed at random, and resumed"
if command -v python3 >/dev/null; then
    scripts/kills.py "${CARGO_TARGET_DIR:-target}/release/pointwise" --kills 50
else
    echo "SKIPPED: no Python (Debian: apt-get install python3)"
    [ -z "${CI:-}" ] || exit 1
fi

# The same features of burn, so that only MPI and the crates of this workspace are built.
step "one training by several processes, through MPI"
if command -v mpirun >/dev/null && command -v mpicc >/dev/null; then
    cargo clippy --release --workspace --all-targets --features pointwise/mpi -- -D warnings
    cargo test --release --workspace --features pointwise/mpi --test processes -- --ignored --test-threads 2
else
    echo "SKIPPED: no Open MPI (Debian: apt-get install libopenmpi-dev openmpi-bin libclang-dev)"
    [ -z "${CI:-}" ] || ! command -v apt-get >/dev/null || exit 1
fi

step "the report in a browser"
if [ -n "${CHROME:-}" ] || command -v chromium chromium-browser google-chrome >/dev/null; then
    cargo test --release --workspace --test browser -- --ignored
else
    echo "SKIPPED: no Chromium (Debian: apt-get install chromium; or its path in CHROME)"
    [ -z "${CI:-}" ] || exit 1
fi

# One build of burn for both of the other backends: the packages are named together, so that they ask for the same features.
others=(-p pointconv -p train -p pointwise --features pointconv/ndarray,pointconv/wgpu,pointwise/wgpu)

step "operator tests on burn's NdArray backend"
POINTWISE_TEST_DEVICE=ndarray cargo test --release "${others[@]}" --test operator

step "operator tests and a training on wgpu"
cargo build --release "${others[@]}" --bin pointwise
devices="$("${CARGO_TARGET_DIR:-target}/release/pointwise" devices)"
echo "$devices"
if grep -q '^wgpu' <<<"$devices"; then
    POINTWISE_TEST_DEVICE=wgpu cargo test --release "${others[@]}" --lib --test operator --example network
    cargo test --release "${others[@]}" --test devices -- --ignored
    # With no more than every GPU gives to a kernel: every kernel at many sizes.
    POINTWISE_TEST_DEVICE=wgpu-limits cargo test --release "${others[@]}" --lib
    POINTWISE_TEST_DEVICE=wgpu-limits cargo test --release "${others[@]}" --test operator -- search:: half:: every_width
else
    echo "SKIPPED: no driver for Vulkan (Debian: apt-get install mesa-vulkan-drivers)"
    [ -z "${CI:-}" ] || ! command -v apt-get >/dev/null || exit 1
fi

# Processors of 64-bit ARM have other vector instructions (NEON).
step "neighbour lists and the operator on 64-bit ARM, emulated"
arm=aarch64-unknown-linux-gnu
if command -v qemu-aarch64 aarch64-linux-gnu-gcc >/dev/null && [ -d "$(rustc --print target-libdir --target "$arm")" ]; then
    emulator="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$emulator" POINTWISE_TEST_EMULATOR="$emulator" \
        cargo test --release --target "$arm" -p neighbors -p pointconv \
            --test instruction_sets --test agreement --test queries --test operator
else
    echo "SKIPPED: needs rustup target add $arm (Debian: apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
fi

step "the crates without burn build alone, the features build"
cargo check --release -p neighbors -p pointcloud
# The library must not need what only the program uses.
if cargo tree -p train -e normal --prefix none | grep -E "^(clap|indicatif|ratatui|crossterm|mimalloc) "; then
    echo "the library train depends on what only the program may use"
    exit 1
fi
cargo check --release -p pointconv --features fusion

step "done"
