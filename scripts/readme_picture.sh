#!/usr/bin/env bash
# Makes docs/report.png, the screenshot in the README, from the report of a finished run.
#
#   scripts/readme_picture.sh runs/shapes10 docs/report.png
#
# Needs Chromium (Debian: apt-get install chromium; or its path in CHROME).
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
profile="$(mktemp -d)"
trap 'rm -rf "$profile"' EXIT
# Without the parts that say little in a picture.
page="$profile/report.html"
sed 's|</head>|<style>#curves, #classes, #protocol, footer { display: none }</style></head>|' "$1/report.html" >"$page"

"${CHROME:-chromium}" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$profile" --hide-scrollbars \
    --window-size=1240,1560 --virtual-time-budget=6000 --screenshot="$2" "file://$page"
