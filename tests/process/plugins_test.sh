#!/bin/sh
# plugins_test.sh SOURCE SCRATCH EIGEN COMPILER ...: plugins that have the library in them, by each compiler that is there:
# two versions in one process do not meet, and an unloaded one does not take the code of its threads away.
set -eu
source=$1 scratch=$2 eigen=$3
shift 3
rm -rf "$scratch"
mkdir -p "$scratch"
# Another version: another name, and a virtual function more in front of all others of a class.
cp -r "$source/include" "$scratch/other"
abi=$(sed -n 's/^#define LSTMLIB_ABI //p' "$scratch/other/lstmlib/version.hpp")
sed -i "s/^#define LSTMLIB_ABI .*/#define LSTMLIB_ABI v999/" "$scratch/other/lstmlib/version.hpp"
sed -i 's/^  virtual ~TensorKernels() = default;/  virtual int added() const { return 1; }\n&/' "$scratch/other/lstmlib/backend/kernels/tensor.hpp"
[ "$(grep -c 'added()' "$scratch/other/lstmlib/backend/kernels/tensor.hpp")" = 1 ] || { echo "the other version is not different" >&2; exit 1; }

run() { timeout 120 "$scratch/host" "$@" || { echo "host $*: status $?" >&2; exit 1; }; }

"$1" -std=c++20 "$source/tests/process/host.cpp" -o "$scratch/host" -ldl
for compiler in "$@"; do
  command -v "$compiler" >/dev/null || continue
  name=$(basename "$compiler")
  plugin() {
    "$compiler" -std=c++20 -O0 -fPIC -shared -Wl,-z,defs -I"$1" -I"$eigen" "$source/tests/process/plugin.cpp" -o "$2" -pthread
  }
  ours=$scratch/ours_$name.so others=$scratch/others_$name.so
  plugin "$source/include" "$ours" & first=$!
  plugin "$scratch/other" "$others" & second=$!
  wait $first
  wait $second

  # What both define is the standard library's and Eigen's.
  for library in "$ours" "$others"; do
    nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$library.symbols"
  done
  common=$(comm -12 "$ours.symbols" "$others.symbols" | grep -v '^plugin_run$' | grep -E "^[^_]|lstmlib" || true)
  [ -z "$common" ] || { echo "$name: both versions define" >&2; echo "$common" >&2; exit 1; }
  grep -q "$abi" "$ours.symbols" || { echo "$name: no symbol of $abi at all: the test looks at the wrong thing" >&2; exit 1; }

  expected=$(run train 1 local keep "$ours")
  for scope in local global; do
    for order in "$ours $others" "$others $ours"; do
      # shellcheck disable=SC2086
      both=$(run train 3 $scope keep $order | sort -u)
      [ "$both" = "$expected" ] || { echo "$name, $scope, $order: $both, expected $expected" >&2; exit 1; }
    done
  done
  for i in $(seq 10); do
    run elementwise 3 local unload "$ours" "$others" >/dev/null
    run train 2 local unload "$ours" "$others" >/dev/null
  done
  echo "$name: two versions in one process, and unloading"
done
