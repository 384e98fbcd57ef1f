#!/bin/sh
# accuracy_test.sh PROGRAM DATA SCRATCH DATASET MODEL SEEDS: trains as the reference notebook does (defaults, 10 epochs, the
# best epoch by the mean accuracy over batches of the test sentences) with every seed from 0 to SEEDS - 1. Fails if the
# mean is below the reference's by more than two standard errors of the difference, or if a seed is far below it.
# DATA has the data set's files. Ends with status 77, which ctest counts as skipped, where they are not.
set -eu
program=$1 data=$2 scratch=$3 dataset=$4 model=$5 seeds=$6

# What Chainer 7.8.1 reached with the same nets and settings, a figure a seed; with one run only, `deviation` is assumed.
# No seed of ours may be below `least`.
deviation=0 least=0
case $dataset/$model in
  stsa.binary/rnn) reference="81.055 81.928 81.087" least=79.5 ;;
  stsa.binary/cnn) reference="81.152 81.551" least=79.5 ;;
  stsa.binary/bow) reference="82.198 80.709 81.475" least=79.5 ;;
  stsa.fine/rnn) reference="43.025" deviation=0.6 ;;
  TREC/rnn) reference="89.964" deviation=0.8 ;;
  *) echo "accuracy: no figures of the reference for $dataset with $model" >&2; exit 2 ;;
esac

ls "$data/$dataset".* >/dev/null 2>&1 || {
  echo "skipped: $data has no $dataset"
  exit 77
}
rm -rf "$scratch"
mkdir -p "$scratch"
"$program" prepare --dataset "$dataset" --data "$data" --out "$scratch/data" --quiet >"$scratch/prepare.log"

seed=0
while [ "$seed" -lt "$seeds" ]; do
  "$program" train --train "$scratch/data/train" --test "$scratch/data/test" --vocab "$scratch/data/vocab" \
    --model-dir "$scratch/model" --output-data-dir "$scratch/output" --model-type "$model" --epochs 10 --seed "$seed" \
    --json-summary "$scratch/summary.json" --quiet >"$scratch/train.log" 2>&1 || { cat "$scratch/train.log"; exit 1; }
  sed -n 's/.*"best_accuracy_mean_over_batches": \([0-9.e-]*\).*/\1/p' "$scratch/summary.json" >>"$scratch/ours"
  seed=$((seed + 1))
done

awk -v reference="$reference" -v deviation="$deviation" -v least="$least" -v what="$dataset, $model" '
  function spread(list, count, mean,   i, sum) {
    for (i = 1; i <= count; ++i) sum += (list[i] - mean) ^ 2
    return count > 1 ? sum / (count - 1) : deviation ^ 2
  }
  { ours[++n] = 100 * $1; sum += ours[n]; shown = shown sprintf(" %.2f", ours[n]); if (ours[n] < least) low = 1 }
  END {
    m = split(reference, theirs, " ")
    for (i = 1; i <= m; ++i) total += theirs[i]
    mean = sum / n
    expected = total / m
    error = sqrt(spread(ours, n, mean) / n + spread(theirs, m, expected) / m)
    printf "%s:%s; mean %.2f, reference %.2f, standard error of the difference %.2f\n", what, shown, mean, expected, error
    if (mean < expected - 2 * error) { print "the mean is too low"; exit 1 }
    if (low) { print "a seed is below " least; exit 1 }
  }' "$scratch/ours"
