#!/bin/sh
# running.sh COMPILER ... SOURCE: runs the compiler. While it runs, a file with the source's name is in the folder
# $LSTMLIB_RUNNING, if that is set; progress.sh shows these names.
set -u
[ -d "${LSTMLIB_RUNNING:-}" ] || exec "$@"
for word; do source=$word; done
mark=$LSTMLIB_RUNNING/$(basename "$source")
: >"$mark"
"$@"
status=$?
rm -f "$mark"
exit $status
