#!/bin/sh
# mutate_test.sh PYTHON SOURCE SCRATCH CXX: mutate.py on a project of a few lines: what it says of faults that are noticed,
# survive, hang or do not compile, of lines that are out of date, and that a run goes on where it was.
set -eu
python=$1 source=$2 scratch=$3
export CXX="$4"
command -v ninja >/dev/null || { echo "skipped: no ninja"; exit 77; }
rm -rf "$scratch"
mkdir -p "$scratch/include/lstmlib/base" "$scratch/examples/sentiment/data/text" "$scratch/tests/mutation/faults"
cd "$scratch"
cp "$source"/tests/mutation/*.py "$source/tests/mutation/fault.hpp" tests/mutation/
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(mini CXX)
enable_testing()
set(CMAKE_CXX_STANDARD 20)
add_executable(test_base tests/base.cpp)
target_include_directories(test_base PRIVATE include examples)
add_test(NAME base/add COMMAND test_base add)
add_test(NAME base/loop COMMAND test_base loop)
add_test(NAME sentiment/text COMMAND test_base text)
END
cat >include/lstmlib/base/numbers.hpp <<'END'
#pragma once
constexpr int add(int a, int b) {
  return a + b;
}
inline int noticed_by_nobody(int a) { return a * 3; }
inline int loop(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i)
    sum += i;
  return sum;
}
END
cat >examples/sentiment/data/text/word.cpp <<'END'
inline int length(const char* word) {
  int count = 0;
  while (word[count] != 0)
    ++count;
  return count;
}
END
cat >tests/base.cpp <<'END'
#include <cstring>
#include "lstmlib/base/numbers.hpp"
#include "sentiment/data/text/word.cpp"
static_assert(add(1, 2) == 3);  // stays a constant expression
int main(int, char** argv) {
  volatile int one = 1;
  if (!std::strcmp(argv[1], "add")) return add(one, 2) == 3 ? 0 : 1;
  if (!std::strcmp(argv[1], "loop")) return loop(4) == 6 ? 0 : 1;
  return length("abc") == 3 && noticed_by_nobody(0) == 0 ? 0 : 1;
}
END
cat >tests/mutation/faults/base.txt <<'END'
# A comment.
base/numbers.hpp: a + b ==> a - b
base/numbers.hpp: a * 3 ==> a * 4
base/numbers.hpp: i < n ==> true @ base/loop
base/numbers.hpp: sum += i; ==> no_such_name(); @ base/loop
base/numbers.hpp: gone ==> a
not a line
examples/sentiment/data/text/word.cpp: while (word[count] != 0)   ++count; ==> count = 4;
END

run() { status=0; "$python" tests/mutation/mutate.py --patience 2 "$@" >out 2>&1 || status=$?; }
says() { grep -qF -- "$1" out || { echo "mutate.py does not say: $1"; cat out; exit 1; }; }
run
[ "$status" = 1 ] || { echo "status $status"; cat out; exit 1; }
says 'noticed'
says '[base/add]'
says 'survived: include/lstmlib/base/numbers.hpp: a * 3 ==> a * 4'
says 'does not compile: include/lstmlib/base/numbers.hpp: sum += i; ==> no_such_name();'
says 'none ended in'
says '[sentiment/text]'
says '| sentiment/data/text | 1 | 1 |'
says '| base | 3 | 2 |'
says '| all | 4 | 3 (75.0 %) |'
says 'base.txt:6: 0 times in include/lstmlib/base/numbers.hpp, expected once: gone'
says 'base.txt:7: expected FILE: OLD ==> NEW @ TESTS'

# What is known is not run again, until it is asked for.
run
! grep -q '^noticed' out || { echo "run again:"; cat out; exit 1; }
says '| all | 4 | 3 (75.0 %) |'
run --survivors
says 'survived '

# An explained one does not count, and a clean list is a success.
cat >tests/mutation/faults/base.txt <<'END'
base/numbers.hpp: a + b ==> a - b
survives: nobody asks for it
base/numbers.hpp: a * 3 ==> a * 4
END
run --only base
[ "$status" = 0 ] || { echo "status $status"; cat out; exit 1; }
says '| all | 1 | 1 (100.0 %) |'

# Random ones are the same for the same seed, and compile or are left out.
run --list --sample 6 --seed 3
cp out first
run --list --sample 6 --seed 3
cmp -s out first || { echo "another sample"; exit 1; }
[ "$(grep -c '==>' out)" -ge 4 ] || { echo "too few"; cat out; exit 1; }
run --sample 6 --seed 3
says '| all |'
echo "mutate.py tells faults that are noticed from those that are not"
