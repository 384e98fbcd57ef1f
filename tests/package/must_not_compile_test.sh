#!/bin/sh
# must_not_compile_test.sh FILE COMPILER [FLAGS ...]: FILE is refused, by the linker if it is in must_not_link, and what it expects
# (`// expected: TEXT`, once or more often) stands within the first ten lines of the message.
set -eu
file=$1 compiler=$2
shift 2
command -v "$compiler" >/dev/null || { echo "skipped: no $compiler"; exit 77; }
expected=$(sed -n 's|^// expected: ||p' "$file")
[ -n "$expected" ] || { echo "$file does not say what is expected" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
case $file in
  */must_not_link/*) "$compiler" "$@" -c "$file" -o "$scratch/file.o"; set -- "$scratch/file.o" -pthread -o "$scratch/program" ;;
  *) set -- "$@" -fsyntax-only "$file" ;;
esac
if "$compiler" "$@" >"$scratch/message" 2>&1; then
  echo "$file compiles, but it must not" >&2
  exit 1
fi
head -n 10 "$scratch/message" >"$scratch/start"
printf '%s\n' "$expected" | while IFS= read -r text; do
  grep -qF -- "$text" "$scratch/start" && continue
  cat "$scratch/message" >&2
  echo "the first ten lines do not say: $text" >&2
  exit 1
done
echo "refused, as expected: $expected"
