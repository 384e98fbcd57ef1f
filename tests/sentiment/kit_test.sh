#!/bin/sh
# kit_test.sh PROGRAM KIT PYTHON MODEL: boto3, the SageMaker SDK and raw sockets against `PROGRAM serve` with a model of the
# reference kit. The sections that do not depend on the model run with one of them. Status 77, skipped, without the kit.
set -eu
program=$1 kit=$2 python=$3 model=$4
script=$kit/sagemaker/invoke_endpoint.py folder=$kit/compat/models/$model
[ -e "$script" ] && [ -d "$folder" ] || { echo "skipped: no reference kit (LSTMLIB_KIT_DIR)"; exit 77; }
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: no Python with the kit's requirements (LSTMLIB_KIT_PYTHON)"; exit 77; }

set -- --serve "$program serve --no-access-log" --model-dir "$folder"
case $model in *trec_6class) set -- "$@" --num-classes 6 ;; esac
case $model in
  rnn_1layer) ;;
  *char*) set -- "$@" --sections load ;;  # the script expects words in the answers of the other sections
  *) set -- "$@" --sections formats,load ;;
esac
exec "$python" "$script" "$@"
