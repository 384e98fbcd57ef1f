# SPDX-License-Identifier: MIT
"""Chainer's side of the comparison: the network with which the reference results were made.

chainer_side.py PART --train FILE --test FILE [--threads N] [--quick]
"""
import os
import sys
import warnings

if "--threads" in sys.argv:  # before NumPy is loaded: it asks once
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = sys.argv[sys.argv.index("--threads") + 1]
warnings.simplefilter("ignore")

import chainer
import chainer.functions as F
import chainer.links as L
import numpy

import workload as w


class Classifier(chainer.Chain):
    def __init__(self, words, units):
        super().__init__()
        with self.init_scope():
            self.embedding = L.EmbedID(words, units)
            self.lstm = L.NStepLSTM(1, units, units, 0)
            self.output = L.Linear(units, 2)

    def __call__(self, sentences):
        ends = numpy.cumsum([len(words) for words in sentences])[:-1]
        rows = F.dropout(self.embedding(numpy.concatenate(sentences)), 0.4)
        last, _, _ = self.lstm(None, None, F.split_axis(rows, ends, 0, force_tuple=True))
        return self.output(F.dropout(last[0], 0.1))


def make_batch(sentences):
    words = [numpy.array(words, dtype=numpy.int32) for words, _ in sentences]
    return words, numpy.array([label for _, label in sentences], dtype=numpy.int32)


def train(options):
    corpus = w.read_corpus(options.train, options.test)
    model = Classifier(corpus.words, 300)
    adam = chainer.optimizers.Adam().setup(model)
    adam.add_hook(chainer.optimizer.WeightDecay(1e-4))
    epochs = 0

    def epoch(steps=None):
        nonlocal epochs
        epochs += 1
        batches = [make_batch(batch) for batch in w.epoch_of_batches(corpus.train, 64, False, epochs)[:steps]]

        def steps_of_epoch():
            for words, labels in batches:
                model.cleargrads()
                F.softmax_cross_entropy(model(words), labels).backward()
                adam.update()

        return w.seconds_of(steps_of_epoch)

    epoch(10)  # not a whole one: it has nothing to tune

    def measure():
        w.report("train/shuffled", "NStepLSTM", options.threads, len(corpus.train) / epoch(), "sentences/s")

    w.serve_rounds(measure)


def sentence(options):
    corpus = w.read_corpus(options.train, options.test)
    model = Classifier(corpus.words, 300)
    words, _ = w.made_sentences(1, 20, corpus.words)[0]

    def classify():
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            return model([numpy.array(words + [w.END], dtype=numpy.int32)]).array.argmax(1)

    w.repeated(0.01 if options.quick else 0.5, 20, classify)

    def measure():
        times = w.repeated(0.02 if options.quick else 1, 50, classify)
        w.report("sentence/p50", "NStepLSTM", options.threads, w.quantile(times, 0.5) * 1e6, "us")
        w.report("sentence/p99", "NStepLSTM", options.threads, w.quantile(times, 0.99) * 1e6, "us")

    w.serve_rounds(measure)


def whole_file(options):
    corpus = w.read_corpus(options.train, options.test)
    model = Classifier(corpus.words, 300)
    cases = {size: [make_batch(batch)[0] for batch in w.sorted_batches(corpus.test, size)]
             for size in ([64] if options.quick else [64, 256])}

    def classify(batches):
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            for words in batches:
                model(words)

    def measure():
        for size, batches in cases.items():
            seconds = w.seconds_of(lambda: classify(batches))
            w.report("file/sorted", f"NStepLSTM, batch {size}", options.threads, len(corpus.test) / seconds, "sentences/s")

    w.serve_rounds(measure)


def main():
    parts = {"chainer": train, "sentence": sentence, "file": whole_file}
    options = w.options(parts)
    w.version(f"Chainer {chainer.__version__}, NumPy {numpy.__version__}")
    parts[options.part](options)


if __name__ == "__main__":
    main()
