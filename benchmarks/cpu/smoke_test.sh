#!/bin/sh
# smoke_test.sh RUN_SH PROGRAMS SCRATCH: the comparison runs without other libraries and writes a complete report.
set -eu
run=$1 programs=$2 scratch=$3
rm -rf "$scratch"
mkdir -p "$scratch"
fail() { echo "smoke_test: $*" >&2; exit 1; }

# A script that follows the protocol of the sides, in place of another library: the report has ratios to it.
cat >"$scratch/other" <<'END_OF_SIDE'
#!/bin/sh
echo '{"version": "Other 1.0"}'
echo ready
while read -r _; do
  echo '{"name": "train/shuffled", "variant": "slow", "threads": 1, "value": 1, "unit": "sentences/s"}'
  echo done
done
END_OF_SIDE
chmod +x "$scratch/other"

env -u LSTMLIB_PEER_PYTHON -u LSTMLIB_ONNX_PYTHON -u LSTMLIB_CHAINER_PYTHON -u LSTMLIB_KIT_DIR \
  "$run" --quick --threads 1,2 --only train,bucketed,bf16,sentence,file,layer,large-layer,scaling,memory \
  --programs "$programs" --data films "$scratch/out" 2>"$scratch/log" || { cat "$scratch/log"; fail "run.sh failed"; }
grep -q "Left out: PyTorch" "$scratch/log" || fail "it does not report what it left out"
for name in train/shuffled train/bucketed train/bf16 sentence/p99 file/sorted layer/forward+backward/ "memory/whole process" \
  scaling/hidden/ limit/multiply-add; do
  grep -q "\"name\": \"$name" "$scratch/out/report.json" || fail "report.json has no $name"
done
for file in report.md step_hidden.png threads.png roofline.png; do [ -s "$scratch/out/$file" ] || fail "no $file"; done
grep -q "A quick run" "$scratch/out/report.md" || fail "report.md does not say that it was a quick run"

options="train --train $(dirname "$run")/../../examples/sentiment/data/corpus/films.train"
options="$options --test $(dirname "$run")/../../examples/sentiment/data/corpus/films.test --quick"
# What products reach while they run is more than what an epoch reaches; a quick epoch is too short to tell.
# shellcheck disable=SC2086
echo | "$programs/cpu_lstmlib_side" ${options% --quick} | sed -n 's/.*"train\/\([a-z]*\)".*"value": \([0-9.]*\).*/\1 \2/p' >"$scratch/speeds"
awk '{ of[$1] = $2 } END { exit !(of["products"] > of["arithmetic"] && of["arithmetic"] > 0) }' "$scratch/speeds" ||
  fail "sampling does not show how fast products are: $(cat "$scratch/speeds")"
note='{"part": "train", "command": "test", "commit": "none", "date": "today", "compiler": "any", "data": "films", "quick": true}'
# shellcheck disable=SC2086
"$programs/cpu_rounds" --rounds 3 --out "$scratch/out/raw/train-1.jsonl" --note "$note" -- lstmlib "$programs/cpu_lstmlib_side" $options \
  -- Other "$scratch/other" -- Broken false 2>"$scratch/log" && fail "a side that ends early counts as a success"
grep -q "Broken has ended: left out" "$scratch/log" || fail "it does not name the side that ended early"
cat >"$scratch/out/raw/kernels.json" <<'END_OF_KERNELS'
{"benchmarks": [{"run_name": "some/300", "aggregate_name": "mean", "real_time": 5e6, "time_unit": "ns"},
                {"run_name": "some/300", "aggregate_name": "median", "real_time": 4e6, "time_unit": "ns", "GFLOP/s": 3e2}]}
END_OF_KERNELS
"$programs/cpu_report" "$scratch/out"
grep -q "| some/300 | 4000 | 300 | " "$scratch/out/report.md" || fail "report.md has no kernels"
grep -q "| train/shuffled | 1 | fp32 | .* | Other, slow | 1.00 (1.00 to 1.00) sentences/s | " "$scratch/out/report.md" ||
  fail "report.md has no ratio"
