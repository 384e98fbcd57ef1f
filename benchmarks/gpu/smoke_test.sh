#!/bin/sh
# smoke_test.sh RUN_SH PROGRAMS SCRATCH: the comparison runs on the execution model and writes a complete report. Ends with
# status 77 without Python.
set -eu
run=$1 programs=$2 scratch=$3
fail() { echo "smoke_test: $*" >&2; exit 1; }
command -v python3 >/dev/null || { echo "skipped: rounds and tables of the comparison need python3"; exit 77; }
rm -rf "$scratch"
mkdir -p "$scratch"
python3 "$(dirname "$run")/report_test.py" || fail "report_test.py failed"

# Replaces a Python with torch, and responds as its side would.
cat >"$scratch/python" <<'END_OF_SIDE'
#!/bin/sh
[ "$1" != -c ] || exit 0
echo '{"version": "Other 1.0"}'
echo ready
while read -r _; do
  echo '{"name": "training step/B4 H8 V30", "variant": "tf32, graph, padded", "threads": 1, "value": 1, "unit": "us"}'
  echo done
done
END_OF_SIDE
chmod +x "$scratch/python"
LSTMLIB_PEER_PYTHON=$scratch/python "$run" --smoke --programs "$programs" --only checks,latencies,train,sanitizers,tests,ncu \
  "$scratch/out" 2>"$scratch/log" || { cat "$scratch/log"; fail "run.sh failed"; }
report=$scratch/out/report.md
for text in "A smoke run" "| training step/B4 H8 V30 | fp32, graph | .* | PyTorch: tf32, graph, padded | 1.00 (1.00 to 1.00) | .* | lost |" \
  "| PyTorch | Other 1.0 |" "| tanh fp32 | " "| lstm B11 I19 H62 T7, bf16, gradients | " "| barrier of a cluster | 16 | " \
  "| checks | passed | " "| cuDNN | left out: " "| sanitizers | left out: no GPU"; do
  grep -q "$text" "$report" || fail "report.md has no \"$text\""
done
grep -q '"ok": false' "$scratch/out/raw/checks.jsonl" && fail "a check failed"
grep -q '"verdict": "lost"' "$scratch/out/report.json" || fail "report.json has no verdict"

env -u LSTMLIB_PEER_PYTHON "$run" --smoke --programs "$programs" --only layer,ragged,large \
  "$scratch/layers" 2>"$scratch/log" || { cat "$scratch/log"; fail "run.sh failed on layers"; }
for name in "forward/equal/B1 I8 H8 T3" "alone/forward/equal/B1 I8 H8 T3" "forward+backward/spread/B4 I8 H12 T3" \
  "forward/deep/B4 I8 H8 T3" "forward/both/B4 I8 H8 T3" "forward+backward/equal/B9 I16 H20 T4"; do
  grep -q "\"name\": \"$name\"" "$scratch/layers/report.json" || fail "report.json has no $name"
done

# A side that ends early fails its stage, which the report names, but no other.
mkdir "$scratch/broken"
cp "$programs"/* "$scratch/broken/"
printf '#!/bin/sh\nexit 1\n' >"$scratch/broken/lstmlib_side"
printf '#!/bin/sh\necho "{\\"check\\": \\"tanh\\", \\"error\\": 1, \\"bound\\": 0, \\"ok\\": false}"\nexit 1\n' >"$scratch/broken/checks"
env -u LSTMLIB_PEER_PYTHON "$run" --smoke --programs "$scratch/broken" --only checks,train,latencies "$scratch/failed" \
  2>"$scratch/log" && fail "a failed check counts as a success"
for text in "| checks | failed with status 1" "| train | failed with status 1" "| latencies | passed"; do
  grep -q "$text" "$scratch/failed/report.md" || fail "report.md has no \"$text\""
done
