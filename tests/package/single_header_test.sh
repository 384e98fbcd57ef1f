#!/bin/sh
# single_header_test.sh WHAT SOURCE SCRATCH EIGEN COMPILER: the library as one file, away from all other headers.
# WHAT: syntax (a program that includes it twice is right), or run (one is compiled, with all kernels, and run).
set -eu
what=$1 source=$2 scratch=$3 eigen=$4 compiler=$5
rm -rf "$scratch"
mkdir -p "$scratch/include"
cd "$scratch"
"$source/cmake/single_header.sh" "$source/include" >include/lstmlib_single.hpp
! grep -n '#.*include.*lstmlib/' include/lstmlib_single.hpp || { echo "it includes others" >&2; exit 1; }
# The same bytes each time; twice in a file is once.
"$source/cmake/single_header.sh" "$source/include" | cmp - include/lstmlib_single.hpp
set -- -std=c++20 -Wall -Wextra -Werror -Iinclude -isystem "$eigen"
case $what in
  syntax)
    cat >program.cpp <<'END_OF_PROGRAM'
#include <lstmlib_single.hpp>
#include <lstmlib_single.hpp>
int main() { return lstmlib::Shape{2, 3}.rank() == 2 ? 0 : 1; }
END_OF_PROGRAM
    "$compiler" "$@" -fsyntax-only program.cpp ;;
  run)
    sed 's|<lstmlib/lstmlib.hpp>|<lstmlib_single.hpp>|' "$source/tests/package/consumer/one_file.cpp" >program.cpp
    ! grep -q 'lstmlib/' program.cpp || { echo "the program includes more" >&2; exit 1; }
    "$compiler" "$@" -O1 program.cpp -o program -lz -pthread
    ./program ;;
  *) echo "unknown $what" >&2; exit 2 ;;
esac
echo "$(wc -l <include/lstmlib_single.hpp) lines: right"
