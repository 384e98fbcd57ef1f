#!/bin/sh
# smoke_test.sh RUN_SH PROGRAMS SCRATCH: the measurement runs and writes a complete report, and several processes follow one.
set -eu
run=$1 programs=$2 scratch=$3
rm -rf "$scratch"
mkdir -p "$scratch"
fail() { echo "smoke_test: $*" >&2; exit 1; }

"$run" --quick --only overhead,ranks,wire,calibrate --programs "$programs" --data made "$scratch/out" 2>"$scratch/log" ||
  { cat "$scratch/log"; fail "run.sh failed"; }
for title in "One process by itself" "Two processes on two cores" "The same run" "Bytes on the wire" "Constants of the cost model" \
  "The model against what was measured" Predictions; do
  grep -q "^## $title" "$scratch/out/report.md" || fail "report.md has no table \"$title\""
done
grep -q "A quick run" "$scratch/out/report.md" || fail "report.md does not say that it was a quick run"

# Four processes have the losses of one, and send as many bytes as they report.
awk -F '|' '
  function near(a, b, part) { return a > b * (1 - part) && a < b * (1 + part) }
  $2 ~ /^ 1 process $/ && NF == 5 { one = $3 }
  $2 ~ /^ 4 processes $/ { if (!near($3, one, 1e-3)) { print "losses differ: " $3 " and " one; bad = 1 } losses++ }
  $2 ~ /loopback/ { if ($5 < 0 || $5 > 5) { print "bytes differ:" $0; bad = 1 } wires++ }
  END { if (losses != 1 || wires != 8) { print losses " losses, " wires " wires"; bad = 1 } exit bad }' "$scratch/out/report.md" ||
  fail "the tables are not as expected"
