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
    cuda) echo "base math backend" ;;
    tensor) echo "base math backend" ;;
    autograd) echo "base math backend tensor" ;;
    ops) echo "base math backend tensor autograd" ;;
    nn) echo "base math backend tensor autograd ops" ;;
    optim) echo "base math backend tensor autograd ops nn" ;;
    data) echo "base math backend tensor io nn" ;;
    plot) echo "base io" ;;
    train) echo "base math backend tensor autograd ops nn optim io data plot" ;;
    distributed) echo "base math backend tensor autograd ops nn optim io data plot train" ;;
    mpi) echo "base math backend cuda tensor distributed" ;;
    serve) echo "base math backend tensor autograd io" ;;
    *) echo "unknown" ;;
  esac
}

bad=0
for file in $(find . -mindepth 2 -name '*.hpp' -o -mindepth 2 -name '*.inl' -o -mindepth 2 -name '*.cuh' | sed 's|^\./||' | sort); do
  folder=${file%%/*}
  may=$(allowed "$folder")
  [ "$may" != unknown ] || { echo "$folder is a folder without a layer" >&2; bad=1; continue; }
  # serialize.hpp joins the file formats with what is saved in them
  [ "$file" != io/serialize.hpp ] || may="base math backend tensor autograd ops nn optim"
  for used in $(sed -n 's|^#include [<"]lstmlib/\([a-z_]*\)/.*|\1|p' "$file" | sort -u); do
    case " $folder $may " in
      *" $used "*) ;;
      *) echo "$file includes a header of $used, which is not below $folder" >&2; bad=1 ;;
    esac
  done
done
[ $bad -eq 0 ] && echo "every header keeps to its layer"
exit $bad
