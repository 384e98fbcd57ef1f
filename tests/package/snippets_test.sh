#!/bin/sh
# snippets_test.sh FILE COMPILER [FLAGS ...]: every block ```cpp of a Markdown file is a whole program that compiles.
set -eu
file=$1 compiler=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
awk -v folder="$scratch" '
  /^```cpp$/ { inside = 1; count++; name = folder "/snippet_" count ".cpp"; next }
  /^```/ { inside = 0 }
  inside { print > name }' "$file"
count=0
for snippet in "$scratch"/snippet_*.cpp; do
  [ -e "$snippet" ] || break
  "$compiler" "$@" -fsyntax-only "$snippet" || { echo "$file: block $(basename "$snippet") does not compile" >&2; exit 1; }
  count=$((count + 1))
done
echo "$file: $count blocks compile"
