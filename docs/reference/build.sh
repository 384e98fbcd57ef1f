#!/bin/sh
# build.sh [FOLDER]: builds the reference of all headers with the guides; the same as docs/build_site.sh.
set -eu
exec "$(dirname "$0")/../build_site.sh" "${1:-$(dirname "$0")/../../build/reference}"
