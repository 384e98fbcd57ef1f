#!/bin/sh
# kit_test.sh PROGRAM KIT PYTHON MODEL: boto3, the SageMaker SDK and raw sockets against `PROGRAM serve` with a model of the
# reference kit, or with one that PROGRAM trains for it: MODEL is then `ours`. Status 77, skipped, without the kit.
set -eu
program=$1 kit=$2 python=$3 model=$4
script=$kit/sagemaker/invoke_endpoint.py
[ -e "$script" ] || { echo "skipped: no reference kit (LSTMLIB_KIT_DIR)"; exit 77; }
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: no Python with the kit's requirements (LSTMLIB_KIT_PYTHON)"; exit 77; }

case $model in
  ours)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    "$program" run --out "$scratch" --force --epochs 1 --num-units 64 --dataset films >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
    folder=$scratch/model ;;
  *) folder=$kit/compat/models/$model ;;
esac
set -- --serve "$program serve --no-access-log" --model-dir "$folder"
case $model in *trec_6class) set -- "$@" --num-classes 6 ;; esac
case $model in *char*) set -- "$@" --char-based ;; esac
"$python" "$(dirname "$0")/kit_serve.py" "$script" "$@"
