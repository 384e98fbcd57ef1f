#!/bin/sh
# run.sh [COMPILER] [ROUNDS]: CPU seconds and memory to compile typical user code with -O2, medians of ROUNDS (3):
# an empty file with core.hpp, one with lstmlib.hpp, the first example with the kernels and without them (as when
# linking lstmlib::cpu), and lstmlib::cpu itself. Prints a table in Markdown.
set -eu
compiler=${1:-g++} rounds=${2:-3}
top=$(cd "$(dirname "$0")/../.." && pwd)
eigen=$(pkg-config --cflags eigen3)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo '#include <lstmlib/core.hpp>' >"$scratch/core.cpp"
echo '#include <lstmlib/lstmlib.hpp>' >"$scratch/empty.cpp"
echo '#include <lstmlib/backend/cpu/entry.hpp>' >"$scratch/cpu.cpp"

# measure NAME SOURCE [FLAGS ...]: one line of the table
measure() {
  name=$1 source=$2
  shift 2
  for round in $(seq "$rounds"); do
    echo "$name: $round of $rounds" >&2
    # shellcheck disable=SC2086
    /usr/bin/time -f '%U %S %M' -o "$scratch/time" "$compiler" -std=c++20 -O2 $eigen -I"$top/include" "$@" -c "$source" -o "$scratch/out.o"
    awk '{ print $1 + $2, $3 / 1024 }' "$scratch/time" >>"$scratch/$name.times"
  done
  middle=$(((rounds + 1) / 2))
  seconds=$(sort -n "$scratch/$name.times" | awk -v n=$middle 'NR == n { print $1 }')
  memory=$(awk '{ print $2 }' "$scratch/$name.times" | sort -n | awk -v n=$middle 'NR == n { printf "%.0f", $1 }')
  bytes=$(size "$scratch/out.o" | awk 'NR == 2 { print $1 }')
  echo "| $name | $seconds | $memory | $((bytes / 1000)) |"
}
echo "$("$compiler" --version | head -n 1), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
echo
echo "| what | CPU s | MB | KB of code |"
echo "| --- | ---: | ---: | ---: |"
measure core.hpp "$scratch/core.cpp"
measure lstmlib.hpp "$scratch/empty.cpp"
measure first_steps "$top/examples/first_steps/first_steps.cpp"
measure first_steps_linked "$top/examples/first_steps/first_steps.cpp" -DLSTMLIB_CPU_LINKED
measure lstmlib_cpu "$scratch/cpu.cpp"
