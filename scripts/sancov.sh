#!/usr/bin/env bash
# A wrapper of rustc for cargo: instruments our crates and the parsers of dependencies for libFuzzer. Our crates have debug assertions and
# overflow checks, too; dependencies rely on numbers that wrap. Use it as RUSTC_WRAPPER in a target directory of its own, or as RUSTC_WORKSPACE_WRAPPER for our crates alone.
set -euo pipefail

rustc="$1"
shift
name=
type=
previous=
for argument in "$@"; do
    case "$previous" in
    --crate-name) name="$argument" ;;
    --crate-type) type="$argument" ;;
    esac
    previous="$argument"
done
coverage=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
)
case "$name,$type" in
*,proc-macro | build_script_*) ;;
neighbors,* | pointcloud,* | pointconv,* | train,* | report,* | fuzz,*)
    set -- "$@" -Cdebug-assertions=on -Coverflow-checks=on "${coverage[@]}"
    ;;
laz,* | e57,* | roxmltree,* | hdf5_core,* | hdf5_reader,* | ply_rs_bw,* | zip,* | flate2,* | miniz_oxide,* | ruzstd,*)
    set -- "$@" "${coverage[@]}"
    ;;
esac
exec "$rustc" "$@"
