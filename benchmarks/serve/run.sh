#!/bin/bash
# run.sh PROGRAM PYTHON [SECONDS [STARTS]]: our server compared with PyTorch and FastAPI, in turn; see README.md.
# SERVERS="anchor fp32 bf16 int8 log nginx" selects servers; CONNECTIONS="1 8 64"; OPTIONS="--max-wait-ms 0 ..." for ours.
set -eu
program=$1 python=$2 seconds=${3:-5} starts=${4:-3}
here=$(cd "$(dirname "$0")" && pwd)
servers=${SERVERS:-anchor fp32 bf16 nginx} connections=${CONNECTIONS:-1 8 64}
command -v wrk >/dev/null || { echo "wrk is needed (apt-get install wrk)" >&2; exit 2; }
tmp=$(mktemp -d) server=""
stop() { [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; server=""; }; }
trap 'stop; rm -rf "$tmp"' EXIT
"$python" "$here/make_inputs.py" "$tmp"
free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start() {
  port=$(free_port)
  case $1 in
    anchor)
      # Without the malloc settings each call returns the weights' copy to the system and asks for it again.
      env -C "$here" VOCAB="$tmp/words.txt" MALLOC_TRIM_THRESHOLD_=1000000000 MALLOC_MMAP_THRESHOLD_=1000000000 OMP_NUM_THREADS=1 \
        "$python" -m uvicorn anchor:app --host 127.0.0.1 --port "$port" --workers 2 --loop uvloop --http httptools --no-access-log \
        >"$tmp/server.log" 2>&1 & ;;
    nginx)
      cat >"$tmp/nginx.conf" <<N
daemon off; worker_processes 2; pid $tmp/nginx.pid; error_log $tmp/nginx.log; events {}
http { access_log off; client_body_temp_path $tmp; proxy_temp_path $tmp; fastcgi_temp_path $tmp; uwsgi_temp_path $tmp; scgi_temp_path $tmp;
  keepalive_requests 100000000;
  server { listen 127.0.0.1:$port; location / { return 200 '[["it is fun and easy to train models", 1, 0.6999999880]]'; } } }
N
      nginx -c "$tmp/nginx.conf" -e "$tmp/nginx.log" >"$tmp/server.log" 2>&1 & ;;
    log) # shellcheck disable=SC2086
      "$program" serve --model-dir "$tmp/model" --port "$port" ${OPTIONS:-} >"$tmp/server.log" 2>&1 & ;;
    *) # shellcheck disable=SC2086
      "$program" serve --model-dir "$tmp/model" --port "$port" --precision "$1" --no-access-log ${OPTIONS:-} >"$tmp/server.log" 2>&1 & ;;
  esac
  server=$!
  for _ in $(seq 600); do
    curl -sf -o "$tmp/ping" "http://127.0.0.1:$port/ping" && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$tmp/server.log" >&2
  exit 1
}

failed=0
printf '%-7s %5s %11s %11s %9s %9s\n' server start connections requests/s p50 p99
for round in $(seq "$starts"); do
  for name in $servers; do
    start "$name"
    wrk -t2 -c8 -d1s -s "$here/load.lua" "http://127.0.0.1:$port/invocations" -- "$tmp/sentences.txt" >/dev/null  # warm
    for c in $connections; do
      threads=$((c > 1 ? 2 : 1))
      wrk -t$threads -c"$c" -d"${seconds}s" --timeout 20s --latency -s "$here/load.lua" \
        "http://127.0.0.1:$port/invocations" -- "$tmp/sentences.txt" >"$tmp/wrk"
      awk -v n="$name" -v r="$round" -v c="$c" '$1 == "50%" {a = $2} $1 == "99%" {b = $2} /Requests\/sec/ {q = $2}
        END {printf "%-7s %5d %11d %11s %9s %9s\n", n, r, c, q, a, b}' "$tmp/wrk" | tee "$tmp/line"
      if grep -E 'Non-2xx|Socket errors' "$tmp/wrk"; then failed=1; fi
      least=$(case $name/$c in anchor/1) echo 800 ;; anchor/8) echo 1500 ;; anchor/64) echo 1700 ;; *) echo 0 ;; esac)
      awk -v least="$least" '$4 < least {print "below", least, "requests/s: this anchor does not count"; exit 1}' "$tmp/line" || failed=1
    done
    [ "$name" = anchor ] || [ "$name" = nginx ] || grep -E 'VmRSS|VmHWM' "/proc/$server/status" | tr '\n' ' ' | sed "s/^/$name memory: /;s/ *$/\n/"
    stop
  done
done
exit $failed
