#!/bin/sh
# compile_size_test.sh COMPILER INCLUDE_DIR OBJECT [FLAGS ...]: how much there is to compile, which decides how long it
# takes. Counts what does not vary from machine to machine: lines that the compiler reads, and functions and bytes that it
# makes of OBJECT, a program that includes lstmlib.hpp with the kernels. The bounds are a tenth above what there was when
# they were set (g++ 12, -O2); benchmarks/compile/run.sh has times.
set -eu
compiler=$1 include=$2 object=$3
shift 3
bad=0
# at_most WHAT COUNT BOUND
at_most() {
  echo "$1: $2, at most $3"
  [ "$2" -le "$3" ] || { echo "$1: $2 are more than $3" >&2; bad=1; }
}
# lines_of HEADER [FLAGS ...]
lines_of() {
  header=$1
  shift
  echo "#include <lstmlib/$header>" | "$compiler" -std=c++20 "$@" -I"$include" -x c++ -E - | wc -l
}
at_most "lines of core.hpp" "$(lines_of core.hpp "$@")" 113000
at_most "lines of lstmlib.hpp" "$(lines_of lstmlib.hpp "$@")" 202000
at_most "lines of core.hpp with lstmlib::cpu" "$(lines_of core.hpp -DLSTMLIB_CPU_LINKED "$@")" 105000
at_most "lines of lstmlib.hpp with lstmlib::cpu" "$(lines_of lstmlib.hpp -DLSTMLIB_CPU_LINKED "$@")" 124000
at_most "functions of $(basename "$object")" "$(nm "$object" | grep -c ' [TtWw] ')" 1260
at_most "bytes of code of $(basename "$object")" "$(size "$object" | awk 'NR == 2 { print $1 }')" 985000
exit $bad
