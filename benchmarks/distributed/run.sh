#!/bin/sh
# Measures training in several processes on this machine, in turn with one process. Calibrates and checks the cost model
# with it, and writes tables.
#   benchmarks/distributed/run.sh [options] OUT
# OUT gets report.md, report.json and raw/ with every measured value.
# --only PARTS     of overhead,ranks,wire,link,calibrate; default: all. Results of other parts in OUT are kept.
# --rounds N       default 5
# --append         more rounds of parts that OUT already has
# --data FILE      training sentences, "label word word ..." per line; "made": synthetic ones. Default: stsa.binary.train of
#                  the data in $LSTMLIB_KIT_DIR, else synthetic ones
# --quick          about a minute: few steps, two rounds; shows that everything works, but says nothing about speed
# --programs DIR   folder of the built programs; then nothing is built
# --yes            install missing Debian packages without asking
# The build is in build/benchmarks, or in $LSTMLIB_BUILD_DIR/benchmarks. The part "link" needs root, for network namespaces.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=cmake/packages.sh
. "$top/cmake/packages.sh"

only="overhead,ranks,wire,link,calibrate" rounds="" append="" data="" quick="" programs="" yes=no out="" command="benchmarks/distributed/run.sh"
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed '$d'; }
fail() { echo "run.sh: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in --programs | --data) ;; *) command="$command $1" ;; esac # paths on this machine are of no interest to others
  case $1 in
    --only | --rounds | --data | --programs)
      [ $# -gt 1 ] || fail "$1 needs a value"
      case $1 in
        --only) only=$2 command="$command $2" ;;
        --rounds) rounds=$2 command="$command $2" ;;
        --data) data=$2 ;;
        --programs) programs=$2 ;;
      esac
      shift ;;
    --append) append=--append ;;
    --quick) quick=yes ;;
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
  data=made
  kit=${LSTMLIB_KIT_DIR:-}
  [ -z "$kit" ] || [ ! -r "$kit/data/stsa.binary.train" ] || data=$kit/data/stsa.binary.train
fi
sentences=""
[ "$data" = made ] || { [ -r "$data" ] || fail "cannot read $data"; sentences="--train $data"; }

build=${LSTMLIB_BUILD_DIR:-$top/build}/benchmarks
if [ -z "$programs" ]; then
  # shellcheck disable=SC2086
  need_packages $yes $build_packages libbenchmark-dev
  echo "Building in $build ..." >&2
  mkdir -p "$build"
  if ! { cmake -G Ninja -S "$top" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
           -DLSTMLIB_BUILD_BENCHMARKS=ON &&
         cmake --build "$build" --target distributed; } >"$build/build.log" 2>&1; then
    cat "$build/build.log" >&2
    exit 1
  fi
  programs=$build/benchmarks
  commit=$(git -C "$top" rev-parse --short HEAD 2>/dev/null || echo unknown)
  [ -z "$(git -C "$top" status --porcelain -- include benchmarks 2>/dev/null)" ] || commit="$commit with changes"
  echo "$commit" >"$programs/commit"
fi
mkdir -p "$out/raw"

export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_plm_rsh_agent="$here/hosts.sh agent"
[ "$(id -u)" != 0 ] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
side=$programs/distributed_side
memory="mpirun --bind-to none -mca btl self,vader"
tcp="mpirun --bind-to none -mca btl self,tcp -mca btl_tcp_if_include lo"
link="$here/hosts.sh run mpirun --bind-to none -mca btl self,tcp -mca btl_tcp_if_include link0 -mca oob_tcp_if_include link0
  --host 10.203.7.1:1,10.203.7.2:1"
many=${quick:+2} less=${quick:+2} half=${quick:+2} few=${quick:+2}
: "${many:=40}" "${less:=24}" "${half:=12}" "${few:=4}"

escaped() { printf '%s' "$1" | sed 's/["\\]/\\&/g'; }
compiler=$(${CXX:-c++} --version | head -n 1)
mpi=$(mpirun --version | head -n 1)
# measure PART -- NAME PROGRAM [arguments] ...
measure() {
  part=$1
  shift
  echo "== $part" >&2
  note=$(printf '{"part": "%s", "command": "%s", "commit": "%s", "date": "%s", "compiler": "%s", "mpi": "%s", "data": "%s", "quick": %s}' \
    "$part" "$(escaped "$command")" "$(cat "$programs/commit" 2>/dev/null || echo unknown)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    "$(escaped "$compiler")" "$mpi" "$(basename "$data")" "$([ "$quick" ] && echo true || echo false)")
  "$programs/cpu_rounds" --rounds "$rounds" --out "$out/raw/$part.jsonl" $append --note "$note" "$@"
}

steps() { echo "$side steps --name batch/$1 --batch $1 --steps $2 $sentences"; }
calibrate="$side calibrate --steps $less $sentences"
# shellcheck disable=SC2046,SC2086
for part in $(echo "$only" | tr , ' '); do
  case $part in
    overhead) measure overhead -- "1 process" $memory -np 1 $side overhead --batch 64 --steps $((3 * many)) $sentences ;;
    ranks)
      measure ranks \
        -- "1 process" $(steps 64 $many) --threads 2 -- "2 processes" $memory -np 2 $(steps 64 $many) \
        -- "1 process" $(steps 128 $less) --threads 2 -- "2 processes" $memory -np 2 $(steps 128 $less) \
        -- "1 process" $(steps 64 $many) --threads 1 -- "1 process" $(steps 128 $less) --threads 1 \
        -- "2 processes" $memory -np 2 $(steps 32 $many) -- "2 processes" $memory -np 2 $(steps 256 $less) \
        -- "4 processes" $memory -np 4 $(steps 64 $many) ;;
    wire)
      set --
      for count in 2 4; do
        for how in "rows, exact|" "rows, bf16|--wire bf16" "whole table, exact|--whole-table" "whole table, bf16|--whole-table --wire bf16"; do
          set -- "$@" -- "$count processes: ${how%%|*}" $tcp -np $count $(steps 64 $few) ${how#*|}
        done
      done
      measure wire "$@" ;;
    link)
      if [ "$(id -u)" != 0 ] || ! ip netns list >/dev/null 2>&1; then
        echo "Left out: link (needs root and ip netns)" >&2
        continue
      fi
      for megabits in 1000 200; do
        "$here/hosts.sh" down
        "$here/hosts.sh" up $megabits
        measure link-$megabits -- "rows" $link -np 2 $(steps 64 $half) --device link0 \
          -- "whole table" $link -np 2 $(steps 64 $half) --device link0 --whole-table || { "$here/hosts.sh" down; exit 1; }
        "$here/hosts.sh" down
      done ;;
    calibrate)
      measure calibrate -- "1 process" $calibrate --threads 1 -- "1 process" $calibrate --threads 2 \
        -- "2 processes" $memory -np 2 $calibrate -- "2 processes over TCP" $tcp -np 2 $calibrate \
        -- "1 process, 2 layers of 1,024 units" $calibrate --threads 2 --units 1024 --layers 2 --steps $(((few + 1) / 2)) ;;
    *) fail "no part $part; --help lists them" ;;
  esac
done

"$programs/distributed_report" "$out" $sentences
echo "Written: $out/report.md" >&2
