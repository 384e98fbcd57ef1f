#!/bin/sh
# kit_train_test.sh PROGRAM KIT PYTHON DATA WORK: `PROGRAM train` as a job, under the Python training toolkit and alone, with SIGTERM,
# SIGKILL and resume, through the reference kit's script. DATA: `own`, channels of `PROGRAM prepare`; `notebook`, the pickled files of the
# notebook, made of the first sentences of the kit's. WORK is made anew. Status 77, skipped, without the kit.
set -eu
program=$1 kit=$2 python=$3 data=$4 work=$5
script=$kit/sagemaker/train_under_toolkit.py
[ -e "$script" ] && [ -e "$kit/data/stsa.binary.train" ] || { echo "skipped: no reference kit (LSTMLIB_KIT_DIR)"; exit 77; }
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: no Python with the kit's requirements (LSTMLIB_KIT_PYTHON)"; exit 77; }

rm -rf "$work"
mkdir -p "$work"
if [ "$data" = notebook ]; then
  head -n 600 "$kit/data/stsa.binary.train" >"$work/stsa.binary.train"
  head -n 200 "$kit/data/stsa.binary.test" >"$work/stsa.binary.test"
  set -- --notebook-data "$work"
else
  "$program" prepare --dataset films --out "$work" >/dev/null
  set -- --channel train="$work/train" --channel test="$work/test" --channel vocab="$work/vocab"
fi
# Small, but long enough that the script, which looks for new checkpoints, can stop it twice before it ends.
exec "$python" "$script" --program "$program" "$@" --epochs 14 --hyper num-units=64 --stop
