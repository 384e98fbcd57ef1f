# SPDX-License-Identifier: MIT
"""The workload that all sides share, for those in Python: see workload.hpp and side.hpp, which this follows."""
import argparse
import collections
import json
import random
import sys
import time

END, UNKNOWN = 0, 1


def report(name, variant, threads, value, unit):
    line = {"name": name, "variant": variant, "threads": threads, "value": value, "unit": unit}
    print(json.dumps(line), flush=True)


def serve_rounds(measure):
    """Says that everything is warm, then calls `measure` once for each line of input."""
    print("ready", flush=True)
    for _ in sys.stdin:
        measure()
        print("done", flush=True)


def version(text):
    """What is compared: the driver keeps it with the results."""
    print(json.dumps({"version": text}), flush=True)


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def repeated(budget, least, work):
    """The seconds of single calls, repeated for about `budget` seconds and at least `least` times."""
    times, total = [], 0
    while len(times) < least or total < budget:
        times.append(seconds_of(work))
        total += times[-1]
    return times


def typical(budget, work):
    """The median of repeated calls, or the first one where it takes longer than the budget."""
    first = seconds_of(work)
    return median(repeated(budget, 3, work)) if first < budget else first


def quantile(values, ratio):
    return sorted(values)[int(ratio * (len(values) - 1) + 0.5)]


def median(values):
    return quantile(values, 0.5)


# ---- sentences

Corpus = collections.namedtuple("Corpus", "train test words")  # lists of (word ids, label); size of the vocabulary


def _read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = (line.lower().split() for line in file)
        return [(parts[1:], int(parts[0])) for parts in lines if len(parts) > 1]


def read_corpus(train, test):
    texts = _read(train), _read(test)
    counts = collections.Counter(word for words, _ in texts[0] for word in words)
    kept = sorted((-count, word) for word, count in counts.items() if count > 1)
    ids = {word: i + 2 for i, (_, word) in enumerate(kept[:19998])}
    numbered = [[([ids.get(word, UNKNOWN) for word in words] + [END], label) for words, label in text] for text in texts]
    return Corpus(*numbered, len(ids) + 2)


def epoch_of_batches(sentences, size, by_length, seed):
    """Batches in a random order; `by_length`: each of sentences of near-equal length."""
    order = random.Random(seed)
    chosen = list(sentences)
    order.shuffle(chosen)
    if by_length:
        chosen.sort(key=lambda sentence: len(sentence[0]))
    made = [chosen[at:at + size] for at in range(0, len(chosen), size)]
    if by_length:
        order.shuffle(made)
    return made


def sorted_batches(sentences, size):
    ordered = sorted(sentences, key=lambda sentence: len(sentence[0]))
    return [ordered[at:at + size] for at in range(0, len(ordered), size)]


class Random:
    """Numbers that are the same on all sides."""

    def __init__(self):
        self.state = 1

    def uniform(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 8) / 2**24


def made_sentences(count, length, words):
    draw = Random()
    sentences = []
    for i in range(count):
        size = length or 3 + int(42 * draw.uniform() ** 1.43)
        sentences.append(([int(draw.uniform() ** 3 * words) for _ in range(size)], (i + 1) % 2))
    return sentences


# ---- sizes

STEP = {"hidden": 300, "batch": 64, "length": 0, "words": 7142}


def sweeps(quick):
    """(name of the size that varies, its value, all sizes)"""
    values = {"hidden": [64, 128, 300, 512, 1024], "batch": [1, 4, 16, 64, 256], "length": [5, 10, 20, 50, 100],
              "words": [1000, 5000, 10000, 20000]}
    if quick:
        values = {"hidden": [32, 64], "batch": [1, 16]}
    return [(name, value, {**STEP, name: value}) for name, some in values.items() for value in some]


def layer_sizes(quick):
    if quick:
        return [(5, 4, 32), (5, 1, 64)]
    return [(20, 64, 300), (50, 64, 300), (100, 64, 512), (100, 1, 300), (100, 1, 1024), (100, 16, 128)]


def large_layer_sizes(quick):
    """One that takes so long that it is a part of its own."""
    return [(8, 8, 64)] if quick else [(256, 128, 1024)]


def sizes_of_part(options):
    return large_layer_sizes(options.quick) if options.part == "large-layer" else layer_sizes(options.quick)


def layer_name(steps, batch, hidden):
    return f"T{steps} B{batch} H{hidden}"


def spread_lengths(steps, batch):
    least = max(1, steps // 8)
    return [int(steps - (steps - least) * i / max(1, batch - 1) + 0.5) for i in range(batch)]


def options(parts):
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=parts)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()
