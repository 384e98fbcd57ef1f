#!/bin/sh
# running.sh COMPILER ... SOURCE: runs the compiler. Meanwhile a file of the source's name lies in the folder $LSTMLIB_RUNNING, if
# that is set; progress.sh shows these names.
set -u
[ -d "${LSTMLIB_RUNNING:-}" ] || exec "$@"
for word; do source=$word; done
mark=$LSTMLIB_RUNNING/$(basename "$source")
: >"$mark"
"$@"
status=$?
rm -f "$mark"
exit $status
