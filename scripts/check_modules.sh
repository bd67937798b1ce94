#!/usr/bin/env bash
# Fails on a Rust file that no crate compiles: one that is no target and that no `mod` names.
set -euo pipefail
cd "$(dirname "$0")/.."

# Whether one of the given files declares the module.
declares() {
    local module="$1" file
    shift
    for file in "$@"; do
        if [ -f "$file" ] && grep -qE "^[[:space:]]*(pub(\([a-z: ]+\))? )?mod ${module};" "$file"; then
            return 0
        fi
    done
    return 1
}

status=0
while IFS= read -r file; do
    case "$file" in
    crates/*/src/lib.rs | crates/*/src/main.rs) continue ;;
    crates/*/tests/*/main.rs | crates/*/examples/*/main.rs) continue ;;
    esac
    folder="$(dirname "$file")"
    case "$(basename "$folder")" in
    tests | examples | benches) continue ;;
    esac
    module="$(basename "$file" .rs)"
    if [ "$module" = mod ]; then
        module="$(basename "$folder")"
        folder="$(dirname "$folder")"
    fi
    # The tests of a package share code through a folder that each of them names.
    if [ "$(basename "$folder")" = tests ]; then
        parents=("$folder"/*.rs)
    else
        parents=("$folder/mod.rs" "$folder/lib.rs" "$folder/main.rs" "$folder.rs")
    fi
    if ! declares "$module" "${parents[@]}" && ! grep -rqE "#\[path = \".*${module}(/mod)?\.rs\"\]" crates --include=*.rs; then
        echo "$file: no crate compiles this file; add \`mod ${module};\` to its parent module or delete it"
        status=1
    fi
done < <(git ls-files --cached --others --exclude-standard 'crates/*.rs')
exit "$status"
