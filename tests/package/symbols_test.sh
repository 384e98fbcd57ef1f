#!/bin/sh
# symbols_test.sh LIBRARY: wide registers are used within the namespaces of their instruction sets only, so that a
# program compiled for any x86-64 processor runs on it. For libraries compiled without machine flags. Status 77, skipped, where
# they cannot be looked at.
set -eu
if ! command -v objdump >/dev/null; then
  echo "skipped: no objdump"
  exit 77
fi
if ! objdump -f "$1" | grep -q x86-64; then
  echo "skipped: $1 is not for x86-64"
  exit 77
fi
objdump -d --no-show-raw-insn "$1" | awk '
  / <.*>:$/ { name = $2 }
  /%ymm/ { ymm[name] = 1 }
  /%zmm|%k[0-7]/ { zmm[name] = 1 }
  /%tmm/ { tmm[name] = 1 }
  END {
    for (n in ymm) if (n !~ /^<_ZNK?7lstmlib[0-9]+[A-Za-z_0-9]*3cpu(4avx2|6avx512|11avx512_bf16|3amx)/) { print n " uses ymm registers"; bad = 1 }
    for (n in zmm) if (n ~ /^<_ZNK?7lstmlib[0-9]+[A-Za-z_0-9]*3cpu(6avx512|11avx512_bf16|3amx)/) found = 1; else { print n " uses zmm or mask registers"; bad = 1 }
    for (n in tmm) if (n !~ /^<_ZNK?7lstmlib[0-9]+[A-Za-z_0-9]*3cpu3amx/) { print n " uses tiles"; bad = 1 }
    if (!found) { print "no function of AVX-512 at all: the test looks at the wrong file"; bad = 1 }
    exit bad
  }'
echo "wide registers stay within their namespaces"
