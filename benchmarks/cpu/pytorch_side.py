# SPDX-License-Identifier: MIT
"""PyTorch's side of the comparison, in all the ways that are fast in one case or another.

pytorch_side.py PART --train FILE --test FILE [--threads N] [--quick]
"""
import contextlib
import resource
import warnings

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import workload as w


class Classifier(nn.Module):
    """Embedding, LSTM, its last state, linear layer; dropout 0.4 of the words and 0.1 of the state."""

    def __init__(self, words, units, packed):
        super().__init__()
        self.packed = packed
        self.embedding = nn.Embedding(words, units)
        self.lstm = nn.LSTM(units, units)
        self.output = nn.Linear(units, 2)
        self.word_dropout, self.state_dropout = nn.Dropout(0.4), nn.Dropout(0.1)

    def forward(self, words, lengths):
        """words [steps, sentences], lengths [sentences], falling where packed."""
        inputs = self.word_dropout(self.embedding(words))
        if self.packed:
            _, (last, _) = self.lstm(pack_padded_sequence(inputs, lengths))
            state = last[0]
        else:
            states, _ = self.lstm(inputs)
            state = states[lengths - 1, torch.arange(words.shape[1])]
        return self.output(self.state_dropout(state))


def make_batch(sentences, packed):
    if packed:
        sentences = sorted(sentences, key=lambda sentence: -len(sentence[0]))
    lengths = torch.tensor([len(words) for words, _ in sentences])
    padded = torch.zeros(int(lengths.max()), len(sentences), dtype=torch.long)
    for column, (words, _) in enumerate(sentences):
        padded[:len(words), column] = torch.tensor(words)
    return padded, lengths, torch.tensor([label for _, label in sentences])


class Training:
    """A model and what trains it. `variant`: padded or packed, with bf16 under autocast."""

    def __init__(self, words, units, variant):
        self.packed = "packed" in variant
        self.model = Classifier(words, units, self.packed)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=1e-4, fused=True)
        self.bf16 = "bf16" in variant

    def step(self, batch):
        words, lengths, labels = batch
        with torch.autocast("cpu", torch.bfloat16) if self.bf16 else contextlib.nullcontext():
            scores = self.model(words, lengths)
        loss = nn.functional.cross_entropy(scores.float(), labels)
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.adam.step()

    def epoch(self, batches):
        for batch in batches:
            self.step(batch)


def train(options, variants, by_length=False):
    """`variants`: of each name that is reported, the variants."""
    corpus = w.read_corpus(options.train, options.test)
    runs = {(name, variant): Training(corpus.words, 300, variant) for name in variants for variant in variants[name]}
    epochs = 0

    def epoch(run):
        nonlocal epochs
        epochs += 1
        batches = [make_batch(batch, run.packed) for batch in w.epoch_of_batches(corpus.train, 64, by_length, epochs)]
        return w.seconds_of(lambda: run.epoch(batches))

    for run in runs.values():
        epoch(run)

    def measure():
        for (name, variant), run in runs.items():
            w.report(name, variant, options.threads, len(corpus.train) / epoch(run), "sentences/s")

    w.serve_rounds(measure)


def scaling(options):
    points = []
    for name, value, sizes in w.sweeps(options.quick):
        sentences = w.made_sentences(sizes["batch"], sizes["length"], sizes["words"])
        for variant in ["padded, fused Adam", "packed, fused Adam"]:
            run = Training(sizes["words"], sizes["hidden"], variant)
            batch = make_batch(sentences, run.packed)
            run.step(batch)
            points.append((f"scaling/{name}/{value}", variant, run, batch))

    def measure():
        for name, variant, run, batch in points:
            times = w.repeated(0.01 if options.quick else 0.1, 3, lambda: run.step(batch))
            w.report(name, variant, options.threads, w.median(times) * 1e3, "ms")

    w.serve_rounds(measure)


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6


def memory(options):
    corpus = w.read_corpus(options.train, options.test)
    before = peak_memory()
    run = Training(corpus.words, 300, "padded")
    run.epoch([make_batch(batch, False) for batch in w.epoch_of_batches(corpus.train, 64, False, 1)])
    peak = peak_memory()

    def measure():
        w.report("memory/whole process", "padded, fused Adam", options.threads, peak, "MB")
        w.report("memory/training alone", "padded, fused Adam", options.threads, peak - before, "MB")

    w.serve_rounds(measure)


def sentence(options):
    corpus = w.read_corpus(options.train, options.test)
    words, _ = w.made_sentences(1, 20, corpus.words)[0]
    models = {"padded": Classifier(corpus.words, 300, False).eval(), "packed": Classifier(corpus.words, 300, True).eval()}

    def classify(model):  # from word ids, as a server gets them, to the class
        with torch.inference_mode():
            ids = torch.tensor(words + [w.END]).unsqueeze(1)
            return model(ids, torch.tensor([len(words) + 1])).argmax(1).item()

    for model in models.values():
        w.repeated(0.01 if options.quick else 0.5, 50, lambda: classify(model))

    def measure():
        for variant, model in models.items():
            times = w.repeated(0.02 if options.quick else 1, 200, lambda: classify(model))
            w.report("sentence/p50", variant, options.threads, w.quantile(times, 0.5) * 1e6, "us")
            w.report("sentence/p99", variant, options.threads, w.quantile(times, 0.99) * 1e6, "us")

    w.serve_rounds(measure)


def whole_file(options):
    corpus = w.read_corpus(options.train, options.test)
    cases = []
    for size in [64] if options.quick else [64, 256]:
        for packed in (False, True):
            batches = [make_batch(batch, packed) for batch in w.sorted_batches(corpus.test, size)]
            cases.append((f"{'packed' if packed else 'padded'}, batch {size}", packed, batches))
    models = {packed: Classifier(corpus.words, 300, packed).eval() for packed in (False, True)}

    def classify(packed, batches):
        with torch.inference_mode():
            for ids, lengths, _ in batches:
                models[packed](ids, lengths).argmax(1)

    for _, packed, batches in cases:
        classify(packed, batches)

    def measure():
        for variant, packed, batches in cases:
            seconds = w.median(w.repeated(0.02 if options.quick else 0.3, 3, lambda: classify(packed, batches)))
            w.report("file/sorted", variant, options.threads, len(corpus.test) / seconds, "sentences/s")

    w.serve_rounds(measure)


class LayerCase:
    """A bare layer; `lengths`: packed sequences, or None where all are equal."""

    def __init__(self, steps, batch, hidden, lengths):
        self.layer = nn.LSTM(hidden, hidden)
        self.input = torch.randn(steps, batch, hidden)
        self.lengths = lengths
        self.tracked = self.input.clone().requires_grad_(True)
        rows = sum(lengths) if lengths else None
        self.d_hidden = torch.randn(rows, hidden) if lengths else torch.randn(steps, batch, hidden)
        if lengths:
            self.packed_input = pack_padded_sequence(self.input, lengths)

    def forward(self):
        with torch.inference_mode():
            self.layer(self.packed_input if self.lengths else self.input)

    def forward_backward(self):
        self.layer.zero_grad(set_to_none=True)
        self.tracked.grad = None
        inputs = pack_padded_sequence(self.tracked, self.lengths) if self.lengths else self.tracked
        hidden, _ = self.layer(inputs)
        (hidden.data if self.lengths else hidden).backward(self.d_hidden)


def layer(options):
    cases = []
    for steps, batch, hidden in w.sizes_of_part(options):
        name = w.layer_name(steps, batch, hidden)
        for onednn in (True, False):
            variant = "oneDNN" if onednn else "native"
            cases.append(("equal lengths/" + name, variant, onednn, LayerCase(steps, batch, hidden, None)))
        if batch > 1:
            lengths = w.spread_lengths(steps, batch)
            cases.append(("spread lengths/" + name, "packed", True, LayerCase(steps, batch, hidden, lengths)))
    budget = 0.01 if options.quick else 0.15
    for _, _, onednn, case in cases:
        with torch.backends.mkldnn.flags(enabled=onednn):
            case.forward_backward()

    def measure():
        for name, variant, onednn, case in cases:
            with torch.backends.mkldnn.flags(enabled=onednn):
                for what, work in (("forward", case.forward), ("forward+backward", case.forward_backward)):
                    w.report(f"layer/{what}/{name}", variant, options.threads, w.typical(budget, work) * 1e3, "ms")

    w.serve_rounds(measure)


def main():
    fp32, bf16 = ["padded, fused Adam", "packed, fused Adam"], ["padded, fused Adam, bf16"]
    parts = {"train": lambda o: train(o, {"train/shuffled": fp32}),
             "bucketed": lambda o: train(o, {"train/bucketed": fp32}, by_length=True),
             "bf16": lambda o: train(o, {"train/bf16": bf16, "train/bf16 beside float32": fp32}),
             "scaling": scaling, "memory": memory, "sentence": sentence, "file": whole_file,
             "layer": layer, "large-layer": layer}
    options = w.options(parts)
    warnings.filterwarnings("ignore", message="TF32 acceleration")  # said whenever oneDNN is switched
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    w.version(f"PyTorch {torch.__version__}")
    parts[options.part](options)


if __name__ == "__main__":
    main()
