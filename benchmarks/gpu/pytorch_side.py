#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PyTorch's side of the comparison on a GPU, in all the ways that are fast in one case or another.

pytorch_side.py PART --sizes FILE [--device cuda|cpu] [--budget SECONDS] [--limit SECONDS]

Variants are named PRECISION, LAUNCH[, LAYOUT]. Precisions: tf32, which is what PyTorch does to float32 in cuDNN unless told
otherwise; fp32, with that off; fp16 and bf16, which in training are those of autocast. Launches: eager, or a CUDA graph that
was captured before. Layouts: padded or packed. What cannot be run is left out, with its reason on the error output.
"""
import argparse
import contextlib
import copy
import pathlib
import sys
import time

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import sizes
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cpu"))
import workload  # noqa: E402

TYPES = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class Device:
    def __init__(self, name):
        self.device = torch.device(name)
        self.is_gpu = self.device.type == "cuda"
        self.precisions = ["tf32", "fp32", "fp16", "bf16"] if self.is_gpu else ["fp32"]
        self.launches = ["eager", "graph"] if self.is_gpu else ["eager"]

    def wait(self):
        if self.is_gpu:
            torch.cuda.synchronize()

    def describe(self):
        if not self.is_gpu:
            return f"PyTorch {torch.__version__} on the CPU"
        return (f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}, "
                f"{torch.cuda.get_device_name()}, TF32 in cuDNN by default: {torch.backends.cudnn.allow_tf32}")


@contextlib.contextmanager
def precision(name):
    """TF32 for the products of float32 as `name` says; both ways are the library's settings, not ours."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def captured(work, device):
    """A call that replays `work` as a graph. It is run beforehand on the side, as captures ask for."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    device.wait()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()

    def replay(_keep=work):  # with `work` lives the memory that the graph uses
        graph.replay()

    return replay


class LayerCase:
    """A bare layer, forward and with the gradients of inputs and parameters."""

    def __init__(self, layer, name, packed, device):
        kind = TYPES[name]
        width = layer.hidden * (2 if layer.kind == "both" else 1)
        self.packed = packed
        self.steps = layer.steps
        self.lstm = nn.LSTM(layer.inputs, layer.hidden, 2 if layer.kind == "deep" else 1,
                            bidirectional=layer.kind == "both").to(device.device, kind)
        self.inference = copy.deepcopy(self.lstm).eval()  # one that trains keeps what the way back needs
        self.inference.flatten_parameters()
        self.input = torch.randn(layer.steps, layer.batch, layer.inputs, device=device.device, dtype=kind)
        self.tracked = self.input.clone().requires_grad_(True)
        self.d_hidden = torch.randn(layer.steps, layer.batch, width, device=device.device, dtype=kind)
        self.lengths = torch.tensor(sizes.spread_lengths(layer.steps, layer.batch))

    def forward(self):
        with torch.no_grad():
            if self.packed:
                self.inference(pack_padded_sequence(self.input, self.lengths))
            else:
                self.inference(self.input)

    def forward_backward(self):
        self.lstm.zero_grad(set_to_none=True)
        self.tracked.grad = None
        if self.packed:
            hidden, _ = self.lstm(pack_padded_sequence(self.tracked, self.lengths))
            hidden, _ = pad_packed_sequence(hidden, total_length=self.steps)
        else:
            hidden, _ = self.lstm(self.tracked)
        hidden.backward(self.d_hidden)


class Classifier(nn.Module):
    """Embedding, LSTM, its last state, linear layer; dropout 0.4 of the words and 0.1 of the state."""

    def __init__(self, words, units):
        super().__init__()
        self.embedding = nn.Embedding(words, units)
        self.lstm = nn.LSTM(units, units)
        self.output = nn.Linear(units, 2)
        self.word_dropout, self.state_dropout = nn.Dropout(0.4), nn.Dropout(0.1)

    def forward(self, words, lengths, last):
        """words [steps, sentences]; `lengths`, falling and on the CPU: packed; `last` [1, sentences, units]: their last steps."""
        inputs = self.word_dropout(self.embedding(words))
        if lengths is not None:
            _, (hidden, _) = self.lstm(pack_padded_sequence(inputs, lengths))
            state = hidden[0]
        else:
            state = self.lstm(inputs)[0].gather(0, last)[0]
        return self.output(self.state_dropout(state))


class TrainCase:
    """Steps of training over some batches, in turn; all data is on the device beforehand."""

    def __init__(self, train, name, packed, device, graph):
        self.model = Classifier(train.words, train.units).to(device.device)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=1e-4,
                                     **({"fused": True, "capturable": graph} if device.is_gpu else {}))
        self.autocast = TYPES[name] if name in ("fp16", "bf16") else None
        self.device = device
        self.keep_gradients = graph  # a graph writes to the same addresses each time
        draw = workload.Random()
        self.batches = [self.make_batch(sizes.sentences(train.batch, train.words, draw), packed, train.units)
                        for _ in range(train.batches)]

    def make_batch(self, sentences, packed, units):
        sentences = sorted(sentences, key=lambda sentence: -len(sentence[0]))
        lengths = torch.tensor([len(words) for words, _ in sentences])
        words = torch.zeros(int(lengths.max()), len(sentences), dtype=torch.long)
        for column, (ids, _) in enumerate(sentences):
            words[:len(ids), column] = torch.tensor(ids)
        last = (lengths - 1).view(1, -1, 1).expand(1, len(sentences), units)
        labels = torch.tensor([label for _, label in sentences])
        place = self.device.device
        return words.to(place), lengths if packed else None, last.to(place), labels.to(place)

    def step(self, batch):
        words, lengths, last, labels = batch
        self.adam.zero_grad(set_to_none=not self.keep_gradients)
        with torch.autocast(self.device.device.type, self.autocast, enabled=self.autocast is not None):
            scores = self.model(words, lengths, last)
        nn.functional.cross_entropy(scores.float(), labels).backward()
        self.adam.step()

    def epoch(self):
        for batch in self.batches:
            self.step(batch)


class Rows:
    """What is measured in each round: a name, a variant, how it is called, and how it is counted."""

    def __init__(self, device, budget, limit):
        self.device, self.budget, self.end, self.rows = device, budget, time.monotonic() + limit, []

    def add(self, name, variant, precision_name, make, count=1, alone=False):
        """`make` gives what is called, which does `count` of what is measured; `alone`: single calls, too."""
        if time.monotonic() > self.end:
            print(f"left out, no time: {name}, {variant}", file=sys.stderr)
            return
        try:
            with precision(precision_name):
                work = make()
                for _ in range(3):
                    work()
                self.device.wait()
        except Exception as error:  # what cuDNN, a capture or the memory refuses is refused once and for all
            print(f"left out: {name}, {variant}: {str(error).splitlines()[0]}", file=sys.stderr)
            return
        self.rows.append((name, variant, precision_name, work, count, alone))

    def measure(self):
        for name, variant, precision_name, work, count, alone in self.rows:
            with precision(precision_name):
                workload.report(name, variant, 1, sizes.microseconds(work, self.device.wait, self.budget) / count, "us")
                if alone:
                    workload.report("alone/" + name, variant, 1, sizes.latency(work, self.device.wait, 15) / count, "us")


def layer_rows(rows, layers, device):
    for layer in layers:
        for name in device.precisions:
            for packed in ([False, True] if layer.kind == "spread" else [False]):
                case = LayerCase(layer, name, packed, device)
                layout = {True: ", packed", False: ", padded"}[packed] if layer.kind == "spread" else ""
                for what, work in (("forward", case.forward), ("forward+backward", case.forward_backward)):
                    for launch in device.launches[:1] if packed else device.launches:  # packing is work of the host
                        rows.add(f"{what}/{sizes.name_of(layer)}", f"{name}, {launch}{layout}", name,
                                 lambda: captured(work, device) if launch == "graph" else work,
                                 alone=layer.batch == 1 and what == "forward")


def train_rows(rows, trains, device):
    for train in trains:
        name = f"training step/B{train.batch} H{train.units} V{train.words}"
        for precision_name in device.precisions:
            for launch in device.launches:
                for packed in ([False] if launch == "graph" else [False, True]):
                    def make():
                        case = TrainCase(train, precision_name, packed, device, launch == "graph")
                        if launch == "eager":
                            return case.epoch
                        case.step(case.batches[0])  # gradients exist from here on
                        replays = [captured(lambda batch=batch: case.step(batch), device) for batch in case.batches]
                        return lambda: [replay() for replay in replays]
                    rows.add(name, f"{precision_name}, {launch}, {'packed' if packed else 'padded'}", precision_name, make,
                             count=train.batches)


def count_kernels(layers, device):
    """Kernels of a forward pass for each step of it: about two, with the cell's, where cuDNN goes step by step; next to none
    where one kernel stays for the whole sequence."""
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile
    counts = []
    for layer in layers:
        for name in device.precisions:
            try:
                case = LayerCase(layer, name, False, device)
                with precision(name):
                    case.forward()
                    device.wait()
                    with profile(activities=[ProfilerActivity.CUDA]) as seen:
                        case.forward()
                        device.wait()
                events = [(event.count, event.key) for event in seen.key_averages() if event.device_type == DeviceType.CUDA]
                most = max(events, default=(0, "none"))[1][:60]
                counts.append((f"kernels a step/{sizes.name_of(layer)}", f"{name}, eager, {most}",
                               sum(count for count, _ in events) / layer.steps))
            except Exception as error:
                print(f"not counted: {sizes.name_of(layer)}, {name}: {str(error).splitlines()[0]}", file=sys.stderr)
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("part")
    parser.add_argument("--sizes", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--budget", type=float, default=0.05, help="seconds per measurement")
    parser.add_argument("--limit", type=float, default=60, help="seconds for preparation; later cases are left out")
    options = parser.parse_args()
    device = Device(options.device)
    cases = sizes.read(options.sizes, options.part)
    torch.manual_seed(1)
    workload.version(device.describe())
    rows = Rows(device, options.budget, options.limit)
    layers = [one for one in cases if isinstance(one, sizes.Layer)]
    train_rows(rows, [one for one in cases if isinstance(one, sizes.Train)], device)
    layer_rows(rows, layers, device)
    counts = count_kernels([one for one in layers if one.kind == "equal"], device) if device.is_gpu else []

    def measure():
        rows.measure()
        for name, variant, count in counts:
            workload.report(name, variant, 1, count, "kernels")

    workload.serve_rounds(measure)


if __name__ == "__main__":
    main()
