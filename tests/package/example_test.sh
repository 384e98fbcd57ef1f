#!/bin/sh
# example_test.sh PROGRAM REGEX ...: the program ends with status 0 and prints a line that matches each regular expression.
set -eu
program=$1
shift
output=$("$program") || { echo "$program: status $?"; exit 1; }
echo "$output"
for regex; do
  echo "$output" | grep -Eq -- "$regex" || { echo "no line matches: $regex"; exit 1; }
done
