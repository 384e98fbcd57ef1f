#!/bin/sh
# nvdisasm.sh: prints the path of an nvdisasm, NVIDIA's disassembler: that of the toolkit, or the one that PyPI has, which it
# installs outside the source tree, in $LSTMLIB_PYTHON_DIR or lstmlib/python in the user's cache. Ends with status 1 and a reason
# where there is none.
set -eu
command -v nvdisasm || { [ -x /usr/local/cuda/bin/nvdisasm ] && echo /usr/local/cuda/bin/nvdisasm; } && exit
folder=${LSTMLIB_PYTHON_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/lstmlib/python}/nvdisasm
find_it() { find "$folder" -name nvdisasm -type f 2>/dev/null | head -n 1; }
if [ -z "$(find_it)" ]; then
  mkdir -p "$folder"
  { python3 -m venv "$folder" && "$folder/bin/pip" install -q nvidia-cuda-nvdisasm; } >"$folder/log" 2>&1 || true
fi
[ "$(find_it)" ] || { echo "no nvdisasm: $(tail -n 1 "$folder/log")" >&2; exit 1; }
find_it
