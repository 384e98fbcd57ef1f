#!/bin/sh
# with_python.sh PYTHON SCRIPT [ARGUMENTS]: runs a script with a Python that has the cloud's clients. Status 77, skipped, with a
# line that says so, without that Python or that script.
set -eu
python=$1 script=$2
[ -e "$script" ] || { echo "skipped: no reference kit (LSTMLIB_KIT_DIR)"; exit 77; }
[ -n "$python" ] && [ -x "$python" ] || { echo "skipped: no Python with the kit's requirements (LSTMLIB_KIT_PYTHON)"; exit 77; }
shift
exec "$python" "$@"
