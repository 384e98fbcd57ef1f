# SPDX-License-Identifier: MIT
"""What all sides compute, and how they time it, for those in Python: reads sizes.txt. sizes.hpp follows this."""
import collections
import time

Layer = collections.namedtuple("Layer", "kind batch inputs hidden steps")
Train = collections.namedtuple("Train", "batch units words batches")


def read(path, part):
    """The lines of a part, as Layer or Train."""
    found = []
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words and words[0] == part:
                numbers = [int(word) for word in words[2:]]
                found.append(Train(*numbers) if words[1] == "train" else Layer(words[1], *numbers))
    if not found:
        raise ValueError(f"{path}: no line of part {part}")
    return found


def name_of(layer):
    return f"{layer.kind}/B{layer.batch} I{layer.inputs} H{layer.hidden} T{layer.steps}"


def spread_lengths(steps, batch):
    return [int(steps - (steps - 1) * i / max(1, batch - 1) + 0.5) for i in range(batch)]


# Lengths of the 6,920 sentences of stsa.binary.train with their end marks (Stanford Sentiment Treebank): what each
# twentieth of them has at most. Mean 20.3.
LENGTHS = [3, 7, 8, 10, 12, 13, 15, 16, 17, 18, 20, 21, 22, 23, 25, 26, 28, 30, 33, 37, 53]


def sentences(count, words, draw):
    """(word ids, label) of `count` sentences of such lengths; few words are frequent."""
    made = []
    for i in range(count):
        place = draw.uniform() * (len(LENGTHS) - 1)
        low, high = LENGTHS[int(place)], LENGTHS[int(place) + 1]
        length = int(low + (place - int(place)) * (high - low) + 0.5)
        made.append(([int(draw.uniform() ** 3 * words) for _ in range(length)], i % 2))
    return made


def microseconds(work, wait, budget):
    """Of one of many calls on end, the device's work included: about `budget` seconds of them."""
    def seconds(calls):
        wait()
        start = time.perf_counter()
        for _ in range(calls):
            work()
        wait()
        return time.perf_counter() - start
    calls = max(1, min(1000, int(budget / max(seconds(1), 1e-6))))
    return seconds(calls) / calls * 1e6


def latency(work, wait, calls):
    """Microseconds from a call to its end, nothing else on the device: the median of `calls`."""
    return sorted(microseconds(work, wait, 0) for _ in range(calls))[calls // 2]
