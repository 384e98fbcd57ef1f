#!/bin/sh
# All checks and measurements on a GPU, in one command that ends within ten minutes: correct results, the time of basic
# operations, and the speed of lstmlib compared with PyTorch and cuDNN, in turn on the same device.
#   benchmarks/gpu/run.sh [options] OUT
# OUT gets report.md, report.json, raw/ with every value as lines of JSON, and logs/. Needs nvcc and a host compiler.
# Everything else is optional, and the report lists what was missing: Python for rounds and tables, PyTorch
# (LSTMLIB_PEER_PYTHON, or python3), cuDNN, compute-sanitizer, ncu.
# --only STAGES    of build,checks,latencies,train,layer,ragged,large,sanitizers,tests,ncu; default: all
# --rounds N       default 3
# --seconds N      all stages together, default 570
# --programs DIR   folder of the built programs; then nothing is built
# --smoke          without nvcc and GPU: tiny sizes on the execution model of the tests, and PyTorch on the CPU; shows that
#                  everything works, but says nothing about speed
# The programs are built in build/gpu, or in $LSTMLIB_BUILD_DIR/gpu.
# If DEPS in the environment is a folder with the headers of Eigen and doctest, the tests of agreement with the CPU run, too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

only="build,checks,latencies,train,layer,ragged,large,sanitizers,tests,ncu"
rounds="" all_seconds=570 programs="" smoke="" out="" command="benchmarks/gpu/run.sh $*"
fail() { echo "run.sh: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --only | --rounds | --seconds | --programs)
      [ $# -gt 1 ] || fail "$1 needs a value"
      case $1 in
        --only) only=$2 ;;
        --rounds) rounds=$2 ;;
        --seconds) all_seconds=$2 ;;
        --programs) programs=$2 ;;
      esac
      shift ;;
    --smoke) smoke=yes ;;
    --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit ;;
    -*) fail "unknown option $1; --help lists them" ;;
    *) [ -z "$out" ] || fail "one OUT, not $out and $1"; out=$1 ;;
  esac
  shift
done
[ -n "$out" ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$out/raw" "$out/logs"
out=$(cd "$out" && pwd)
rm -f "$out"/raw/*.jsonl
built=${programs:-${LSTMLIB_BUILD_DIR:-$top/build}/gpu${smoke:+_smoke}}
mkdir -p "$built"
if [ "$smoke" ]; then
  : "${rounds:=2}"
  sizes=$here/smoke_sizes.txt budget=0.001 repetitions=3 device=cpu
else
  : "${rounds:=3}"
  sizes=$here/sizes.txt budget=0.03 repetitions=1000 device=cuda
fi

# find_tool NAME: its path, also in NVIDIA's folders; nothing if it is missing.
find_tool() {
  command -v "$1" 2>/dev/null && return
  for folder in "${CUDA_HOME:-/usr/local/cuda}/bin" /usr/local/cuda/bin /opt/nvidia/nsight-compute/*; do
    [ ! -x "$folder/$1" ] || { echo "$folder/$1"; return; }
  done
}
nvcc=${NVCC:-$(find_tool nvcc)}
python=$(command -v python3 || true)
peer=${LSTMLIB_PEER_PYTHON:-$python}
"${peer:-false}" -c "import torch" 2>/dev/null || peer=""

# ---- stages

start=$(date +%s)
escaped() { printf '%s' "$1" | tr '\n\t' '  ' | sed 's/["\\]/\\&/g'; }
# say STAGE RESULT SECONDS
say() {
  printf '{"stage": "%s", "result": "%s", "seconds": %s}\n' "$1" "$(escaped "$2")" "$3" >>"$out/raw/stages.jsonl"
  echo "== $1: $2 ($3 s)" >&2
}
wanted() { case ",$only," in *",$1,"*) return 0 ;; *) return 1 ;; esac; }
# stage NAME SECONDS FILE COMMAND ...: runs it with this time limit, standard output to raw/FILE, or to the log if FILE is -. Ends
# with the command's status, or 1 if it did not run.
stage() {
  name=$1 limit=$2 to=$3
  shift 3
  began=$(date +%s)
  left=$((all_seconds - (began - start)))
  [ "$left" -ge 5 ] || { say "$name" "left out: no time is left" 0; return 1; }
  [ "$limit" -le "$left" ] || limit=$left
  log=$out/logs/$name.log
  status=0
  if [ "$to" = - ]; then timeout "$limit" "$@" >"$log" 2>&1 || status=$?
  else timeout "$limit" "$@" >"$out/raw/$to" 2>"$log" || status=$?
  fi
  took=$(($(date +%s) - began))
  case $status in
    0) say "$name" passed $took ;;
    124 | 137) say "$name" "ended after $limit s; what it had is kept" $took ;;
    *) say "$name" "failed with status $status: $(tail -n 1 "$log")" $took ;;
  esac
  return $status
}
# lines FILE: removes an incomplete last line, if a stage was ended while writing it.
lines() { [ ! -e "$out/raw/$1" ] || { grep '}$' "$out/raw/$1" >"$out/raw/$1.whole" || true; mv "$out/raw/$1.whole" "$out/raw/$1"; }; }

# ---- the machine

describe() {
  commit=$(git -C "$top" rev-parse --short HEAD 2>/dev/null || echo unknown)
  [ -z "$(git -C "$top" status --porcelain -- include benchmarks 2>/dev/null)" ] || commit="$commit with changes"
  printf '{"smoke": %s, "command": "%s", "commit": "%s", "date": "%s"' "$([ "$smoke" ] && echo true || echo false)" \
    "$(escaped "$command")" "$(escaped "$commit")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  [ -z "$nvcc" ] || printf ', "nvcc": "%s"' "$(escaped "$("$nvcc" --version | tail -n 1)")"
  printf ', "host_compiler": "%s"' "$(escaped "$(${CXX:-g++} --version | head -n 1)")"
  if nvidia-smi >/dev/null 2>&1; then
    printf ', "gpu": "%s"' "$(escaped "$(nvidia-smi --query-gpu=name,driver_version,compute_cap,clocks.max.sm,memory.total,power.limit --format=csv,noheader)")"
  fi
  echo '}'
}
describe >"$out/raw/machine.jsonl"

# ---- stages in the order of their importance: time may run out

# without STAGE REASON: a requested stage that cannot run.
without() { ! wanted "$1" || say "$1" "left out: $2" 0; }

if [ "$programs" ]; then :
elif wanted build; then
  if [ ! "$smoke" ] && [ -z "$nvcc" ]; then
    say build "left out: no nvcc" 0
  else
    stage build 200 - "$here/build.sh" "$built" ${smoke:+--smoke} || true
  fi
fi
small=${smoke:+--small}

if wanted checks; then
  if [ -x "$built/checks" ]; then
    # shellcheck disable=SC2086
    stage checks 90 checks.jsonl "$built/checks" $small || true
    lines checks.jsonl
    # Recurrent layers once more, without the persistent kernels that most of them run on.
    LSTMLIB_CUDA_RECURRENT=portable stage checks_portable 60 checks_portable.jsonl "$built/checks" --recurrent $small || true
    lines checks_portable.jsonl
  else without checks "it was not built"
  fi
fi
measure_latencies() {
  stage "$1" 30 "$1.jsonl" "$built/latencies" $repetitions || true
  lines "$1.jsonl"
}
if wanted latencies; then
  if [ -x "$built/latencies" ]; then measure_latencies latencies
  else without latencies "it was not built"
  fi
fi

# compare PART SECONDS: all available sides, in turn; each may prepare for at most a quarter of the time.
compare() {
  wanted "$1" || return 0
  [ -x "$built/rounds" ] && [ -x "$built/lstmlib_side" ] || { without "$1" "it was not built"; return 0; }
  options="--sizes $sizes --budget $budget --limit $(($2 / 4))"
  note=$(sed "s/^{/{\"part\": \"$1\", /" "$out/raw/machine.jsonl")
  part=$1 seconds=$2
  # shellcheck disable=SC2086
  {
    set -- -- lstmlib "$built/lstmlib_side" "$part" $options
    [ "$part" != layer ] || set -- "$@" -- "lstmlib step by step" env LSTMLIB_CUDA_RECURRENT=portable "$built/lstmlib_side" "$part" $options
    [ -z "$peer" ] || set -- "$@" -- PyTorch "$peer" "$here/pytorch_side.py" "$part" $options --device $device
    [ ! -x "$built/cudnn_side" ] || [ "$part" = train ] || set -- "$@" -- cuDNN "$built/cudnn_side" "$part" $options
  }
  # Status 3: a side dropped out during the run; its name was printed.
  stage "$part" "$seconds" - "$built/rounds" --rounds "$rounds" --out "$out/raw/compare-$part.jsonl" --note "$note" "$@" || true
  lines "compare-$part.jsonl"
}
[ "$peer" ] || say PyTorch "left out: neither LSTMLIB_PEER_PYTHON nor python3 has torch" 0
[ -x "$built/cudnn_side" ] || say cuDNN "left out: $(tail -n 1 "$built/cudnn.log" 2>/dev/null || echo "it was not built")" 0
compare train 90
compare layer 150
compare ragged 100
compare large 100

if wanted sanitizers; then
  sanitizer=$(find_tool compute-sanitizer)
  if [ "$smoke" ]; then say sanitizers "left out: no GPU; the execution model has checks of its own" 0
  elif [ -z "$sanitizer" ]; then say sanitizers "left out: no compute-sanitizer" 0
  elif [ ! -x "$built/checks" ]; then say sanitizers "left out: the checks were not built" 0
  else
    for tool in memcheck racecheck initcheck synccheck; do
      stage $tool 40 - "$sanitizer" --tool $tool --error-exitcode 9 "$built/checks" --small || true
    done
  fi
fi
if wanted tests; then
  if [ -x "$built/agreement" ]; then stage tests 60 - "$built/agreement" || true
  else say tests "left out: $(tail -n 1 "$built/agreement.log" 2>/dev/null || echo "they were not built")" 0
  fi
fi
if wanted ncu; then
  ncu=$(find_tool ncu)
  if [ "$smoke" ]; then say ncu "left out: no GPU" 0
  elif [ -z "$ncu" ]; then say ncu "left out: no ncu" 0
  elif [ ! -x "$built/checks" ]; then say ncu "left out: the checks were not built" 0
  else
    stage ncu 60 - "$ncu" --clock-control none --kernel-name "regex:(cluster|small)_.*_kernel" --launch-count 4 --set basic \
      --section WarpStateStats --section MemoryWorkloadAnalysis --csv "$built/checks" || true
  fi
fi
# Did the clocks change meanwhile?
if wanted latencies && [ -x "$built/latencies" ]; then measure_latencies latencies_after; fi

if [ "$python" ]; then
  "$python" "$here/report.py" "$out"
  echo "Written: $out/report.md" >&2
else
  echo "No report: no python3; the values are in $out/raw" >&2
fi
# A failed check, or a problem found by a tool, fails the run.
! grep -E '"stage": "(build|checks|checks_portable|memcheck|racecheck|initcheck|synccheck|tests)", "result": "failed' "$out/raw/stages.jsonl" >&2
