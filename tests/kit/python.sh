#!/bin/sh
# python.sh KIT NAME: prints the path of a Python that has what the scripts of the reference kit KIT need: NAME is chainer
# or sagemaker. Makes the environment where it is not yet there, outside the source tree, so that later runs find it:
# in $LSTMLIB_PYTHON_DIR, or lstmlib/python in the user's cache. Ends with status 1 and a reason where that fails.
set -eu
kit=$1 name=$2
folder=${LSTMLIB_PYTHON_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/lstmlib/python}/$name

[ ! -e "$folder/made" ] || { echo "$folder/bin/python"; exit 0; }
rm -rf "$folder"
mkdir -p "$folder"
case $name in
  chainer) sh "$kit/compat/setup.sh" "$folder" ;;
  sagemaker) python3 -m venv "$folder" && "$folder/bin/pip" install -q -r "$kit/sagemaker/requirements.txt" ;;
  *) echo "python.sh: no environment $name" >&2; exit 2 ;;
esac >"$folder/log" 2>&1 || {
  echo "no Python for $name: $(tail -n 1 "$folder/log")" >&2
  exit 1
}
touch "$folder/made"
echo "$folder/bin/python"
