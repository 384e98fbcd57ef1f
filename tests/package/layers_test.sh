#!/bin/sh
# layers_test.sh INCLUDE_DIR: a header includes only headers of its own or a lower layer.
set -eu
cd "$1/lstmlib"

# What the headers of a folder may include besides their own folder.
allowed() {
  case $1 in
    base) echo "" ;;
    math) echo "base" ;;
    io) echo "base" ;;
    backend) echo "base math" ;;
    backend/cuda) echo "base math backend" ;;
    tensor) echo "base math backend" ;;
    autograd) echo "base math backend tensor" ;;
    ops) echo "base math backend tensor autograd" ;;
    nn) echo "base math backend tensor autograd ops" ;;
    serialization) echo "base math backend tensor autograd ops nn io" ;;
    optim) echo "base math backend tensor autograd ops nn io serialization" ;;
    data) echo "base math backend tensor autograd ops nn io serialization" ;;
    plot) echo "base io" ;;
    train) echo "base math backend tensor autograd ops nn io serialization optim data plot" ;;
    distributed) echo "base math backend tensor autograd ops nn io serialization optim data plot train" ;;
    distributed/mpi) echo "base math backend tensor distributed" ;;
    distributed/nccl) echo "base math backend backend/cuda tensor distributed" ;;
    serve) echo "base math backend tensor autograd io" ;;
    *) echo "unknown" ;;
  esac
}

# The folder of a header that counts as a layer: optional parts are layers of their own.
layer_of() {
  case $1 in
    backend/cuda/* | distributed/mpi/* | distributed/nccl/*) echo "$1" | cut -d/ -f1-2 ;;
    *) echo "${1%%/*}" ;;
  esac
}

bad=0
for file in $(find . -mindepth 2 -name '*.hpp' -o -mindepth 2 -name '*.inl' -o -mindepth 2 -name '*.cuh' | sed 's|^\./||' | sort); do
  layer=$(layer_of "$file")
  may=$(allowed "$layer")
  [ "$may" != unknown ] || { echo "$layer is a folder without a layer" >&2; bad=1; continue; }
  for used in $(sed -n 's|^#include [<"]lstmlib/\([a-z0-9_]*/[a-z0-9_/]*\.[a-z]*\)[>"].*|\1|p' "$file" | sort -u); do
    used=$(layer_of "$used")
    case " $layer $may " in
      *" $used "*) ;;
      *) echo "$file includes a header of $used, which is not below $layer" >&2; bad=1 ;;
    esac
  done
done
[ $bad -eq 0 ] && echo "every header includes only lower layers"
exit $bad
