#!/bin/sh
# flags_test.sh WHAT SOURCE SCRATCH EIGEN COMPILER ...: a user's flags, with each compiler that is there.
# WHAT: refused (those that nothing can be right with, in one line), or numbers (the others, which change none).
set -eu
what=$1 source=$2 scratch=$3 eigen=$4
shift 4
rm -rf "$scratch"
mkdir -p "$scratch"
compile() { "$compiler" -std=c++20 -I"$source/include" -isystem "$eigen" "$@"; }

# refuse FLAG TEXT: the first error is ours.
refuse() {
  if compile "$1" -fsyntax-only "$scratch/all.cpp" >"$scratch/output" 2>&1; then
    echo "$compiler $1 compiles" >&2
    exit 1
  fi
  grep -m 1 'error: ' "$scratch/output" | grep -qF -- "$2" || { echo "$compiler $1: no '$2' in the first error of" >&2; head -n 10 "$scratch/output" >&2; exit 1; }
}

echo '#include <lstmlib/base/shape.hpp>' >"$scratch/all.cpp"
for compiler in "$@"; do
  command -v "$compiler" >/dev/null || continue
  case $what in
    refused)
      for flag in -ffast-math -Ofast -ffinite-math-only; do
        refuse $flag "add -fno-finite-math-only"
      done
      refuse -fno-exceptions "compile without -fno-exceptions"
      compile -fsyntax-only "$scratch/all.cpp"
      echo "$compiler: refused" ;;
    numbers)
      # All that is left of -ffast-math, in the kernels and in what calls them.
      compile -O2 -ffast-math -fno-finite-math-only -fno-math-errno -fno-signed-zeros -fassociative-math -fno-trapping-math \
        -fno-rtti "$source/tests/package/flags/numbers.cpp" -o "$scratch/numbers" -pthread
      "$scratch/numbers"
      echo "$compiler: the same numbers" ;;
  esac
done
