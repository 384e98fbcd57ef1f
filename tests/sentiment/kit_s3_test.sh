#!/bin/sh
# kit_s3_test.sh PROGRAM KIT PYTHON: `PROGRAM upload` and `PROGRAM download` against moto's S3, through the reference kit's proxy
# that verifies each signature and injects faults. Status 77, skipped, without the kit.
set -eu
program=$1 kit=$2 python=$3
script=$kit/sagemaker/s3_roundtrip.py
[ -e "$script" ] || { echo "skipped: no reference kit (LSTMLIB_KIT_DIR)"; exit 77; }
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: no Python with the kit's requirements (LSTMLIB_KIT_PYTHON)"; exit 77; }
exec "$python" "$script" --program "$program"
