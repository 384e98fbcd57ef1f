#!/bin/sh
# Compares lstmlib on this machine's CPU with other libraries, which take turns, and writes tables and plots.
#   benchmarks/cpu/run.sh [options] OUT
# OUT gets report.md, report.json, the plots, and raw/ with every measured value.
# --only PARTS     of train,bucketed,bf16,sentence,file,layer,large-layer,scaling,memory,chainer,flags,kernels; default: all. Results of
#                  other parts in OUT are kept, so a long run can be split.
# --threads LIST   thread counts of train, bucketed and sentence (default: all cores, then 1); other parts use all
# --rounds N       default 5
# --append         more rounds of parts that OUT already has
# --data DIR       folder with stsa.binary.train and stsa.binary.test; "films": the project's small corpus. Default: data
#                  in $LSTMLIB_KIT_DIR, else films
# --quick          about a minute: small sizes, two rounds; shows that everything works, but says nothing about speed
# --programs DIR   folder of the built programs; then nothing is built
# --yes            install missing Debian packages without asking
# Other libraries are used through Pythons that have them, named by these variables; without one, its library is left out:
#   LSTMLIB_PEER_PYTHON (torch), LSTMLIB_ONNX_PYTHON (onnxruntime, onnx), LSTMLIB_CHAINER_PYTHON (chainer)
# The build is in build/benchmarks, or in $LSTMLIB_BUILD_DIR/benchmarks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=cmake/packages.sh
. "$top/cmake/packages.sh"

cores=$(nproc)
only="train,bucketed,bf16,sentence,file,layer,large-layer,scaling,memory,chainer,flags,kernels" rounds="" append="" data="" quick=""
programs="" yes=no out="" thread_counts="$cores 1" command="benchmarks/cpu/run.sh $*"
[ "$cores" != 1 ] || thread_counts=1
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; }
fail() { echo "run.sh: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --only | --threads | --rounds | --data | --programs)
      [ $# -gt 1 ] || fail "$1 needs a value"
      case $1 in
        --only) only=$2 ;;
        --threads) thread_counts=$(echo "$2" | tr , ' ') ;;
        --rounds) rounds=$2 ;;
        --data) data=$2 ;;
        --programs) programs=$2 ;;
      esac
      shift ;;
    --append) append=--append ;;
    --quick) quick=--quick ;;
    --yes) yes=yes ;;
    --help) usage; exit ;;
    -*) fail "unknown option $1; --help lists them" ;;
    *) [ -z "$out" ] || fail "one OUT, not $out and $1"; out=$1 ;;
  esac
  shift
done
[ -n "$out" ] || { usage >&2; exit 2; }
: "${rounds:=$([ "$quick" ] && echo 2 || echo 5)}"

if [ -z "$data" ]; then
  kit=${LSTMLIB_KIT_DIR:-}
  [ -z "$kit" ] || [ ! -e "$kit/data/stsa.binary.train" ] || data=$kit/data
fi
if [ -n "$data" ] && [ "$data" != films ]; then
  train=$data/stsa.binary.train test=$data/stsa.binary.test
else
  train=$top/examples/sentiment/data/corpus/films.train test=$top/examples/sentiment/data/corpus/films.test
  [ "$data" ] || echo "No stsa.binary.train found: using the project's small corpus, with different figures." >&2
fi
for file in "$train" "$test"; do [ -r "$file" ] || fail "cannot read $file"; done

build=${LSTMLIB_BUILD_DIR:-$top/build}/benchmarks
if [ -z "$programs" ]; then
  # shellcheck disable=SC2086
  need_packages $yes $build_packages libbenchmark-dev
  echo "Building in $build ..." >&2
  mkdir -p "$build"
  if ! { cmake -G Ninja -S "$top" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
           -DLSTMLIB_BUILD_BENCHMARKS=ON &&
         cmake --build "$build" --target cpu_comparison backend_recurrent_benchmark; } >"$build/build.log" 2>&1; then
    cat "$build/build.log" >&2
    exit 1
  fi
  programs=$build/benchmarks
  # The commit is stored with the programs, because --programs may run them later.
  commit=$(git -C "$top" rev-parse --short HEAD 2>/dev/null || echo unknown)
  [ -z "$(git -C "$top" status --porcelain -- include benchmarks/cpu 2>/dev/null)" ] || commit="$commit with changes"
  echo "$commit" >"$programs/commit"
fi
mkdir -p "$out/raw"

# has PYTHON MODULE: whether this Python is set and has the module.
has() { [ -n "$1" ] && "$1" -c "import $2" 2>/dev/null; }
torch=${LSTMLIB_PEER_PYTHON:-} onnx=${LSTMLIB_ONNX_PYTHON:-} chainer=${LSTMLIB_CHAINER_PYTHON:-}
has "$torch" torch || { torch=""; echo "Left out: PyTorch (LSTMLIB_PEER_PYTHON is not a Python with torch)" >&2; }
has "$onnx" onnxruntime || { onnx=""; echo "Left out: onnxruntime (LSTMLIB_ONNX_PYTHON is not a Python with onnxruntime)" >&2; }
has "$chainer" chainer || { chainer=""; echo "Left out: Chainer (LSTMLIB_CHAINER_PYTHON is not a Python with chainer)" >&2; }

commit=$(cat "$programs/commit" 2>/dev/null || echo unknown)
compiler=$(${CXX:-c++} --version | head -n 1)
# Facts about a run, as JSON.
escaped() { printf '%s' "$1" | sed 's/["\\]/\\&/g'; }
note() {
  printf '{"part": "%s", "command": "%s", "commit": "%s", "date": "%s", "compiler": "%s", "data": "%s", "quick": %s}' "$1" \
    "$(escaped "$command")" "$commit" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(escaped "$compiler")" "$(escaped "$(basename "$train")")" "$([ "$quick" ] && echo true || echo false)"
}

# compare PART THREADS [OTHERS]: lstmlib, the available ones of the others (torch, onnx, chainer), and the machine.
compare() {
  part=$1 threads=$2 others=${3:-}
  echo "== $part, $threads threads" >&2
  set -- -- lstmlib "$programs/cpu_lstmlib_side" "$part" --train "$train" --test "$test" --threads "$threads" $quick
  for other in $others; do
    case $other in
      torch) [ -z "$torch" ] || set -- "$@" -- PyTorch "$torch" "$here/pytorch_side.py" "$part" --train "$train" --test "$test" --threads "$threads" $quick ;;
      onnx) [ -z "$onnx" ] || set -- "$@" -- onnxruntime "$onnx" "$here/onnxruntime_side.py" "$part" --train "$train" --test "$test" --threads "$threads" $quick ;;
      chainer) [ -z "$chainer" ] || set -- "$@" -- Chainer "$chainer" "$here/chainer_side.py" "$part" --train "$train" --test "$test" --threads "$threads" $quick ;;
    esac
  done
  set -- "$@" -- machine "$programs/cpu_limits_side" "$threads" $quick
  # Status 3: a side dropped out during the run; its name was printed.
  "$programs/cpu_rounds" --rounds "$rounds" --out "$out/raw/$part-$threads.jsonl" $append --note "$(note "$part")" "$@" || [ $? = 3 ]
}

# The same file, compiled by hand as users do, and with all optimisations for this machine.
compare_flags() {
  echo "== flags" >&2
  mkdir -p "$build/flags"
  eigen=$(pkg-config --cflags-only-I eigen3)
  for kind in "plain -O2" "tuned -O3 -march=native"; do
    object=$build/flags/${kind%% *}
    # shellcheck disable=SC2086
    ${CXX:-c++} -std=c++20 ${kind#* } -I"$top/include" $eigen -c "$here/lstmlib_side.cpp" -o "$object.o"
    ${CXX:-c++} "$object.o" -o "$object" -lz -ldl -pthread
  done
  options="train --train $train --test $test --threads $cores $quick"
  # shellcheck disable=SC2086
  "$programs/cpu_rounds" --rounds "$rounds" --out "$out/raw/flags-$cores.jsonl" $append --note "$(note flags)" \
    -- lstmlib "$build/flags/plain" $options -- "lstmlib with -O3 -march=native" "$build/flags/tuned" $options \
    -- machine "$programs/cpu_limits_side" "$cores" $quick
}

# The kernels alone, by Google Benchmark.
run_kernels() {
  echo "== kernels" >&2
  "$programs/backend_recurrent_benchmark" --benchmark_format=json --benchmark_min_time=0.1 --benchmark_repetitions="$rounds" \
    --benchmark_report_aggregates_only=true --benchmark_enable_random_interleaving=true >"$out/raw/kernels.json" 2>/dev/null
}

for part in $(echo "$only" | tr , ' '); do
  case $part in
    train | bucketed) for count in $thread_counts; do compare "$part" "$count" torch; done ;;
    sentence) for count in $thread_counts; do compare "$part" "$count" "torch onnx chainer"; done ;;
    file) compare file "$cores" "torch onnx chainer" ;;
    layer | large-layer) compare "$part" "$cores" "torch onnx" ;;
    bf16 | scaling | memory) compare "$part" "$cores" torch ;;
    chainer) [ -z "$chainer" ] || compare chainer "$cores" chainer ;;
    flags) [ "$quick" ] || compare_flags ;;
    kernels) [ "$quick" ] || run_kernels ;;
    *) fail "no part $part; --help lists them" ;;
  esac
done

if [ -x "$programs/cpu_report" ]; then
  "$programs/cpu_report" "$out"
  echo "Written: $out/report.md" >&2
else
  echo "No report: cpu_report was not built (Cairo is missing); the values are in $out/raw" >&2
fi
