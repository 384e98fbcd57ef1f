#!/bin/sh
# build.sh [FOLDER]: makes the reference documentation; warnings are errors.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$top/build/reference}
mkdir -p "$out"
cd "$top"
{ cat docs/reference/Doxyfile; echo "OUTPUT_DIRECTORY = \"$out\""; } | doxygen -
echo "The reference is in $out/html/index.html"
