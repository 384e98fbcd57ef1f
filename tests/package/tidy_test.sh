#!/bin/sh
# tidy_test.sh SOURCE SCRATCH EIGEN FOLDER ...: clang-tidy has nothing to say of the headers of these folders. Status 77, skipped,
# where there is no clang-tidy.
set -eu
source=$1 scratch=$2 eigen=$3
shift 3
tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || { echo "skipped: no clang-tidy"; exit 77; }
rm -rf "$scratch"
mkdir -p "$scratch"
# A header with a fault of each kind of check, so that a setting that checks nothing is noticed.
mkdir -p "$scratch/include/lstmlib"
cat >"$scratch/include/lstmlib/fault.hpp" <<'END_OF_FAULT'
#pragma once
#include <string>
inline bool fault(std::string text) { return text.size() == 0; }
END_OF_FAULT
echo '#include <lstmlib/fault.hpp>' >"$scratch/fault.cpp"
if "$tidy" --quiet --config-file="$source/.clang-tidy" "$scratch/fault.cpp" -- -std=c++20 -I"$scratch/include" >"$scratch/fault.log" 2>&1; then
  echo "a header with faults passes" >&2
  exit 1
fi
for check in performance-unnecessary-value-param readability-container-size-empty; do
  grep -q "$check" "$scratch/fault.log" || { cat "$scratch/fault.log" >&2; echo "$check is not noticed" >&2; exit 1; }
done

for folder in "$@"; do
  found=$(cd "$source/include" && find "lstmlib/$folder" -name '*.hpp' | sort)
  [ -n "$found" ] || { echo "no headers in $folder" >&2; exit 1; }
  # shellcheck disable=SC2086
  printf '#include <%s>\n' $found >"$scratch/$folder.cpp"
  "$tidy" --quiet --config-file="$source/.clang-tidy" "$scratch/$folder.cpp" -- -std=c++20 -I"$source/include" -isystem "$eigen" \
    >"$scratch/$folder.log" 2>&1 || { cat "$scratch/$folder.log"; bad=1; }
done
[ -z "${bad:-}" ] && echo "clean: $*"
