#!/bin/sh
# snippets_test.sh FILE COMPILER [FLAGS ...]: every block ```cpp of a Markdown file is a whole program that compiles. No block
# is overlooked: fences of C++ in other forms fail, and so does an #include of the library outside of all blocks.
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
fences=$(grep -ciE '^[[:space:]]*(```|~~~)+[[:space:]]*(c\+\+|cpp|cc|cxx)' "$file" || true)
includes=$(grep -cE '^[[:space:]]*#[[:space:]]*include' "$file" || true)
tested=$(cat "$scratch"/snippet_*.cpp 2>/dev/null | grep -cE '^[[:space:]]*#[[:space:]]*include' || true)
[ "$fences" = "$count" ] && [ "$includes" = "$tested" ] || {
  echo "$file: $count blocks were found; it has $fences that look like C++, and $includes lines of #include, of which $tested in them" >&2
  exit 1
}
echo "$file: $count blocks compile"
