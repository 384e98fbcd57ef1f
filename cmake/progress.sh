# shellcheck shell=sh
# Sourced by examples/sentiment/run.sh: with_progress FOLDER COMMAND ... runs a command that builds in FOLDER, writes its
# output to FOLDER/build.log, and shows the progress on standard error: one line that is redrawn on a terminal, else a line
# every ten seconds. If the command fails, its log is shown. The names of compiled files are known if CMake was given
# -DCMAKE_CXX_COMPILER_LAUNCHER=".../cmake/running.sh".

with_progress() {
  log=$1/build.log
  LSTMLIB_RUNNING=$(cd "$1" && pwd)/running
  export LSTMLIB_RUNNING
  shift
  rm -rf "$LSTMLIB_RUNNING"
  mkdir -p "$LSTMLIB_RUNNING"
  : >"$log"
  on_terminal=no
  if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then on_terminal=yes; fi

  begin=$(date +%s)
  show_progress &
  watcher=$!
  # A terminal sends Ctrl-C to the command too. It ends, and then the trap runs.
  interrupted=no
  trap 'interrupted=yes' INT
  status=0
  "$@" >>"$log" 2>&1 || status=$?
  trap - INT
  stop_progress
  if [ $interrupted = yes ]; then
    echo "Stopped. The next run continues from here." >&2
    exit 130
  fi
  if [ $status != 0 ]; then
    cat "$log" >&2
    echo "The build failed. The lines above are from $log" >&2
  fi
  return $status
}

# Redraws until it is killed or the script has ended.
show_progress() {
  shown=0
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    seconds=$(($(date +%s) - begin))
    if [ "$on_terminal" = yes ]; then
      columns=$(stty size <&2 2>/dev/null | cut -d ' ' -f 2)
      [ "${columns:-0}" -gt 1 ] || columns=80
      printf '\r%s\033[K' "$(progress_line | cut -c "1-$((columns - 1))")" >&2
    elif [ $((seconds - shown)) -ge 10 ]; then
      progress_line >&2
      shown=$seconds
    fi
  done
}

# "[3/12] 41 s: compiling cpu.cpp, commands"
progress_line() {
  done_of_all=$(sed -n 's/^\(\[[0-9]*\/[0-9]*\]\) \(Building\|Linking\).*/\1 /p' "$log" | tail -n 1)
  # A folder that is compiled as one file is unity_FOLDER_cxx.cxx.
  sources=$(find "$LSTMLIB_RUNNING" -type f 2>/dev/null | sed 's|.*/||; s/^unity_\(.*\)_cxx\.cxx$/\1/' | sort | tr '\n' ' ' |
    sed 's/ $//; s/ /, /g')
  echo "$done_of_all$seconds s: ${sources:+compiling }${sources:-$(tail -n 1 "$log")}"
}

stop_progress() {
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  [ "$on_terminal" = no ] || printf '\r\033[K' >&2
  rm -rf "$LSTMLIB_RUNNING"
}
