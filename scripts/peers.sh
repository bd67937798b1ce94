#!/usr/bin/env bash
# Compares pointwise with PyTorch, Open3D and scipy on this machine, in one run that takes turns between them.
#
#   scripts/peers.sh                       all parts
#   scripts/peers.sh conv train --reps 3   some parts (conv, search, radius, train); more options: --help
#
# PEERS_PYTHON names a Python that has the packages; without it one is set up in target/peers (some GB).
# POINTWISE names the program; without it the release build is made and used.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PEERS_PYTHON:-target/peers/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv target/peers
    # Open3D's search for PyTorch is made for one release of PyTorch.
    "$python" -m pip install --quiet 'torch==2.13.*' torch-geometric open3d-cpu scipy scikit-learn
fi
if [ -z "${POINTWISE:-}" ]; then
    cargo build --release
    POINTWISE=${CARGO_TARGET_DIR:-target}/release/pointwise
fi
export POINTWISE
exec "$python" scripts/peers.py "$@"
