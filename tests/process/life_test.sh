#!/bin/sh
# life_test.sh PROGRAM WHAT TIMES [OUTPUT]: `PROGRAM WHAT` ends with 0, each time, and says OUTPUT.
set -eu
program=$1 what=$2 times=$3 expected=${4:-}
for i in $(seq "$times"); do
  status=0
  output=$("$program" "$what" 2>&1) || status=$?
  [ "$status" = 0 ] && [ "$output" = "$expected" ] || { echo "run $i: status $status, output: $output" >&2; exit 1; }
done
echo "$times times as it should be"
