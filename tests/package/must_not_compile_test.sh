#!/bin/sh
# must_not_compile_test.sh FILE COMPILER [FLAGS ...]: FILE is refused, and the message has the word it names.
set -u
file=$1 compiler=$2
shift 2
word=$(sed -n 's|^// expected: ||p' "$file")
if message=$("$compiler" "$@" -fsyntax-only "$file" 2>&1); then
  echo "$file compiles, it must not" >&2
  exit 1
fi
case $message in
  *"$word"*) echo "refused, naming $word" ;;
  *) printf '%s\n' "$message" >&2; echo "the message does not name $word" >&2; exit 1 ;;
esac
