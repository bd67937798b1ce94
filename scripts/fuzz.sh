#!/usr/bin/env bash
# Fuzzes the targets of crates/fuzz with libFuzzer, on stable Rust. Needs Linux and a C++ compiler.
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]   for so many seconds in all [60], all targets one after the other
#   scripts/fuzz.sh merge [TARGET...]       adds what was found to the committed corpus, as few and small files as possible
#
# New inputs are kept in FUZZ_WORK [target/fuzz-work]. If there is a finding, this fails and prints where its input lies; run it again with
#   FUZZ_INPUT=FILE scripts/fuzz.sh TARGET
# Files of targets are written below TMPDIR [/dev/shm].
set -euo pipefail
cd "$(dirname "$0")/.."

target_directory="${CARGO_TARGET_DIR:-target}"
mkdir -p "$target_directory"
target_directory="$(cd "$target_directory" && pwd)"
work="${FUZZ_WORK:-$target_directory/fuzz-work}"
corpus=crates/fuzz/corpus
wrapper="$PWD/scripts/sancov.sh"

seconds=60
merge=
case "${1:-}" in
merge) merge=true && shift ;;
[0-9]*) seconds="$1" && shift ;;
esac

# One program has all targets; burn is not built again for it. For more than a short run, the readers have a program of their own, in
# which the parsers of dependencies are instrumented, too.
RUSTC_WORKSPACE_WRAPPER="$wrapper" CARGO_TARGET_DIR="$target_directory" \
    cargo build --release --quiet --workspace --features fuzz/libfuzzer --bin fuzz
networks="$target_directory/release/fuzz"
readers="$target_directory/fuzz/release/fuzz"
all="$("$networks" 2>/dev/null)"
reader_targets=
if [ -n "$merge" ] || [ "$seconds" -gt 600 ]; then
    RUSTC_WRAPPER="$wrapper" CARGO_TARGET_DIR="$target_directory/fuzz" \
        cargo build --release --quiet -p fuzz --no-default-features --features libfuzzer --bin fuzz
    reader_targets="$("$readers" 2>/dev/null)"
fi
mkdir -p "$work"

places="${TMPDIR:-/dev/shm}"
[ -d "$places" ] || places=/tmp
TMPDIR="$(mktemp -d "$places/pointwise-fuzz.XXXXXX")"
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# Runs the target $1 with arguments of libFuzzer.
fuzz() {
    local target="$1" program="$networks" longest=4096
    shift
    # The smallest files of these formats are larger.
    case "$target" in e57 | hdf5) longest=16384 ;; esac
    if grep -qx "$target" <<<"$reader_targets"; then program="$readers"; fi
    POINTWISE_FUZZ_TARGET="$target" nice -n "${FUZZ_NICE:-0}" "$program" \
        -timeout=10 -rss_limit_mb=2048 -max_len="$longest" -detect_leaks=0 "$@"
}

merge() {
    local target="$1" old="$corpus/$1" new
    new="$(mktemp -d "$work/merged.XXXXXX")"
    mkdir -p "$old" "$work/$target"
    # Few files: of those that reach the same code, one is enough. Inputs that once were faults stay.
    fuzz "$target" -set_cover_merge=1 -use_counters=0 "$new" "$old" "$work/$target" >"$work/$target.log" 2>&1
    find "$old" -name 'finding-*' -exec cp {} "$new" \;
    rm -rf "$old"
    mv "$new" "$old"
    chmod 755 "$old"
    printf '%-14s %5d files, %d bytes\n' "$target" "$(find "$old" -type f | wc -l)" "$(cat "$old"/* | wc -c)"
}

if [ -n "${FUZZ_INPUT:-}" ]; then
    fuzz "$1" "$FUZZ_INPUT"
    exit
fi
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets <<<"$all"
if [ -n "$merge" ]; then
    for target in "${targets[@]}"; do merge "$target"; done
    exit
fi

# Each target has its share; what one leaves because it ended early is not given to others.
share=$(((seconds + ${#targets[@]} - 1) / ${#targets[@]}))
total=0
status=0
for target in "${targets[@]}"; do
    mkdir -p "$work/$target" "$work/findings"
    log="$work/$target.log"
    if ! fuzz "$target" -max_total_time="$share" -print_final_stats=1 -artifact_prefix="$work/findings/$target-" \
        "$work/$target" "$corpus/$target" >"$log" 2>&1; then
        status=1
        echo "FINDING in $target, see $log:"
        grep -E "FINDING|ERROR: libFuzzer|Test unit written" "$log" || tail -3 "$log"
        # A stack that overflows leaves nothing but the files that the target wrote.
        grep -q "Test unit written" "$log" || cp -r "$TMPDIR" "$work/findings/$target-files"
    fi
    runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    total=$((total + ${runs:-0}))
    printf '%-14s %12d executions in %d s\n' "$target" "${runs:-0}" "$share"
done
printf '%-14s %12d executions\n' "all" "$total"
exit "$status"
