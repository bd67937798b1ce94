#!/usr/bin/env bash
# Makes docs/report.png, the picture in the README: confusion matrix and clouds of the report of a finished run.
#
#   scripts/readme_picture.sh runs/shapes10 docs/report.png
#
# Needs Chromium (Debian: apt-get install chromium; or its path in CHROME).
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
# Without the other parts, so that nothing has to be scrolled.
sed 's#^</style>$#nav, footer, \#results, \#curves, \#classes, \#protocol { display: none; } header { padding-top: 20px; }\n&#' \
    "$1/report.html" >"$folder/page.html"
"${CHROME:-chromium}" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$folder/profile" --hide-scrollbars \
    --window-size=1200,1255 --virtual-time-budget=4000 --screenshot="$(realpath "$2")" "file://$folder/page.html" 2>/dev/null
ls -l "$2"
