#!/usr/bin/env bash
# Makes docs/report.png, the screenshot in the README, from the report of a finished run.
#
#   scripts/readme_picture.sh runs/shapes10 docs/report.png
#
# Needs Chromium (Debian: apt-get install chromium; or its path in CHROME).
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
page="$(realpath "$1/report.html")"
profile="$(mktemp -d)"
trap 'rm -rf "$profile"' EXIT

"${CHROME:-chromium}" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$profile" --hide-scrollbars \
    --window-size=1240,1010 --virtual-time-budget=3000 --screenshot="$2" "file://$page#confusion"
