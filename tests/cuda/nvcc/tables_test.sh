#!/bin/sh
# tables_test.sh SCRATCH: limits.awk and loops.awk find what they are for, in made-up logs and code.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$1"
mkdir -p "$1"
cd "$1"
fail() { echo "tables_test: $*" >&2; exit 1; }
# passes AWK TABLE FILE, or complains TEXT AWK TABLE FILE
passes() { awk -f "$here/$1" "$2" "$3" >out || { cat out; fail "$1 does not pass $3"; }; }
complains() {
  text=$1
  shift
  ! awk -f "$here/$1" "$2" "$3" >out || fail "$1 passes $3 with $2"
  grep -q "$text" out || { cat out; fail "$1 does not say \"$text\""; }
}

cat >log <<'END'
ptxas info    : Compiling entry function '_Z4fastv' for 'sm_90a'
ptxas info    : Function properties for _Z4fastv
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers
ptxas info    : Compiling entry function '_Z4slowv' for 'sm_75'
ptxas info    : Function properties for _Z4slowv
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 20 registers
END
echo 'fast . 40 8 16
slow sm_75 20 0 0 # whatever' >table
passes limits.awk table log
echo 'fast . 39 8 16
. . 99 99 99' >table
complains "fastv needs 40 registers, at most 39" limits.awk table log
echo 'fast . 40 0 16
. . 99 99 99' >table
complains "fastv needs 8 bytes of stack" limits.awk table log
echo 'fast . 40 8 15
. . 99 99 99' >table
complains "fastv spills 16 bytes, at most 15" limits.awk table log
echo 'fast . 40 8 16
slow sm_90 20 0 0' >table
complains "slowv fits no line" limits.awk table log
complains "5 expected" limits.awk log log
: >none
complains "no kernel in the logs" limits.awk table none

cat >code.ptx <<'END'
.visible .entry _Z4fastv(
$L__BB0_1:
 barrier.cluster.arrive;
 bra $L__BB0_3;
$L__BB0_2:
 mma.sync;
 @%p1 bra $L__BB0_2;
$L__BB0_3:
 ret;
END
echo 'ptx fastv mma[.]sync !barrier[.]cluster
sass fastv HMMA' >table
passes loops.awk table code.ptx
echo 'ptx fastv mma[.]sync barrier[.]cluster' >table
complains "none of its 1 loops fits" loops.awk table code.ptx
echo 'ptx slowv mma[.]sync' >table
complains "no kernel fits" loops.awk table code.ptx
cat >code.sass <<'END'
.text._Z4fastv:
.L_x_0:
        /*0010*/  HMMA.16816.F32 R4 ;
        /*0020*/  UCGABAR_ARV ;
        /*0030*/  @P0 BRA `(.L_x_0) ;
END
echo 'sass fastv HMMA' >table
passes loops.awk table code.sass
echo 'sass fastv HMMA !UCGABAR' >table
complains "none of its 1 loops fits" loops.awk table code.sass
echo "the tables' programs find what they are for"
