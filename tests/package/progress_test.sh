#!/bin/sh
# progress_test.sh SOURCE SCRATCH: what run.sh shows while it builds, with a build that only pretends.
set -eu
source=$1 scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch/bin" "$scratch/build/release/examples/sentiment"
pretend() { { echo "#!/bin/sh"; cat; } >"$1"; chmod +x "$1"; }
fail() { echo "$1"; cat "$scratch/out" "$scratch/err"; exit 1; }

# It compiles one source, by the launcher that run.sh asks for. The compiler waits until the file $WATCHED tells of it, if that is
# set, but not longer than a minute.
pretend "$scratch/bin/compile" <<'END'
[ -n "$WATCHED" ] || exit 0
for _ in $(seq 300); do
  ! grep -q "compiling" "$WATCHED" || exit 0
  sleep 0.2
done
END
pretend "$scratch/bin/cmake" <<'END'
case "$*" in
  *--build*)
    echo "[1/3] Building CXX object first.o"
    "$SOURCE/cmake/running.sh" compile folder/unity_model_cxx.cxx || exit
    [ "$FAILS" = no ] || { echo "error: it was to fail"; exit 1; }
    echo "[3/3] Linking CXX executable sentiment" ;;
  *) echo "-- Configuring done" ;;
esac
END
pretend "$scratch/bin/dpkg-query" <<'END'
printf installed
END
pretend "$scratch/build/release/examples/sentiment/sentiment" <<'END'
echo "the program: $*"
END
export SOURCE="$source" LSTMLIB_BUILD_DIR="$scratch/build" PATH="$scratch/bin:$PATH" FAILS=no WATCHED=""
run() { "$source/examples/sentiment/run.sh" --epochs 2 >"$scratch/out" 2>"$scratch/err"; }

run || fail "a build that succeeds: status $?"
grep -qx "the program: run --epochs 2" "$scratch/out" || fail "the program was not started"
grep -q "Linking CXX" "$scratch/build/release/build.log" || fail "the log is not kept"
[ ! -d "$scratch/build/release/running" ] || fail "the list of running compilers is left"

FAILS=yes
! run || fail "a build that fails has status 0"
grep -q "error: it was to fail" "$scratch/err" || fail "the log is not shown"
! grep -q "the program" "$scratch/out" || fail "the program was started though the build failed"
FAILS=no

# Without a terminal: a line every ten seconds.
WATCHED=$scratch/err
run || fail "a longer build: status $?"
grep -Eqx '\[1/3\] [0-9]+ s: compiling model' "$scratch/err" || fail "no line of progress"

# With a terminal: a line that is drawn over.
if command -v script >/dev/null 2>&1; then
  WATCHED=$scratch/out
  TERM=xterm script -qec "'$source/examples/sentiment/run.sh'" /dev/null </dev/null >"$scratch/out" 2>"$scratch/err" || fail "in a terminal: status $?"
  escape=$(printf '\033')
  grep -Eq "\[1/3\] [0-9]+ s: compiling model$escape\[K" "$scratch/out" || fail "no line that is drawn over"
fi

# Interrupted, as Ctrl-C does: to all processes of the group.
WATCHED=$scratch/nothing
: >"$WATCHED"
setsid env --default-signal=INT "$source/examples/sentiment/run.sh" >"$scratch/out" 2>"$scratch/err" &
group=$!
for _ in $(seq 300); do
  [ ! -f "$scratch/build/release/running/unity_model_cxx.cxx" ] || break
  sleep 0.2
done
kill -INT -$group
status=0
wait $group || status=$?
[ "$status" = 130 ] || fail "interrupted: status $status"
grep -q "Stopped" "$scratch/err" || fail "interrupted, and does not say so"
sleep 1.5
left=$(ps -eo pgid,stat,args | awk -v group=$group '$1 == group && $2 !~ /Z/')  # none but those that nobody waits for
[ -z "$left" ] || fail "interrupted, and processes are left: $left"
echo "progress is shown, failures and interrupts end well"
