# SPDX-License-Identifier: MIT
"""onnxruntime's side of the comparison: inference alone, on models made here. Weights are random.

onnxruntime_side.py PART --train FILE --test FILE [--threads N] [--quick]
"""
import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import workload as w

random = numpy.random.default_rng(1)


def weights(*shape):
    return (random.standard_normal(shape) * 0.1).astype(numpy.float32)


def lstm_weights(inputs, hidden):
    return {"W": weights(1, 4 * hidden, inputs), "R": weights(1, 4 * hidden, hidden), "B": weights(1, 8 * hidden)}


def session(nodes, inputs, output, constants, threads):
    """A session of a graph of these nodes; `inputs`: names and element types."""
    graph = helper.make_graph(
        nodes, "model", [helper.make_tensor_value_info(name, kind, None) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def classifier(words, hidden, threads):
    """Ids [steps, sentences] and lengths [sentences] in, scores [sentences, 2] out."""
    nodes = [helper.make_node("Gather", ["table", "ids"], ["rows"]),
             helper.make_node("LSTM", ["rows", "W", "R", "B", "lengths"], ["", "last"], hidden_size=hidden),
             helper.make_node("Squeeze", ["last", "axis"], ["state"]),
             helper.make_node("Gemm", ["state", "out_w", "out_b"], ["scores"])]
    constants = {"table": weights(words, hidden), **lstm_weights(hidden, hidden), "axis": numpy.array([0]),
                 "out_w": weights(hidden, 2), "out_b": weights(2)}
    return session(nodes, {"ids": TensorProto.INT64, "lengths": TensorProto.INT32}, "scores", constants, threads)


def make_batch(sentences):
    lengths = numpy.array([len(words) for words, _ in sentences], dtype=numpy.int32)
    ids = numpy.zeros((lengths.max(), len(sentences)), dtype=numpy.int64)
    for column, (words, _) in enumerate(sentences):
        ids[:len(words), column] = words
    return {"ids": ids, "lengths": lengths}


def sentence(options):
    corpus = w.read_corpus(options.train, options.test)
    model = classifier(corpus.words, 300, options.threads)
    words, label = w.made_sentences(1, 20, corpus.words)[0]
    one = [(words + [w.END], label)]

    def classify():
        return model.run(None, make_batch(one))[0].argmax(1)

    w.repeated(0.01 if options.quick else 0.5, 50, classify)

    def measure():
        times = w.repeated(0.02 if options.quick else 1, 200, classify)
        w.report("sentence/p50", "LSTM", options.threads, w.quantile(times, 0.5) * 1e6, "us")
        w.report("sentence/p99", "LSTM", options.threads, w.quantile(times, 0.99) * 1e6, "us")

    w.serve_rounds(measure)


def whole_file(options):
    corpus = w.read_corpus(options.train, options.test)
    model = classifier(corpus.words, 300, options.threads)
    cases = {size: [make_batch(batch) for batch in w.sorted_batches(corpus.test, size)]
             for size in ([64] if options.quick else [64, 256])}

    def classify(batches):
        for batch in batches:
            model.run(None, batch)

    for batches in cases.values():
        classify(batches)

    def measure():
        for size, batches in cases.items():
            seconds = w.median(w.repeated(0.02 if options.quick else 0.3, 3, lambda: classify(batches)))
            w.report("file/sorted", f"LSTM, batch {size}", options.threads, len(corpus.test) / seconds, "sentences/s")

    w.serve_rounds(measure)


def layer(options):
    cases = []
    for steps, batch, hidden in w.sizes_of_part(options):
        nodes = [helper.make_node("LSTM", ["x", "W", "R", "B", "lengths"], ["hidden"], hidden_size=hidden)]
        model = session(nodes, {"x": TensorProto.FLOAT, "lengths": TensorProto.INT32}, "hidden",
                        lstm_weights(hidden, hidden), options.threads)
        x = random.standard_normal((steps, batch, hidden)).astype(numpy.float32)
        for kind, lengths in (("equal lengths", [steps] * batch), ("spread lengths", w.spread_lengths(steps, batch))):
            if batch > 1 or kind == "equal lengths":
                cases.append((f"layer/forward/{kind}/{w.layer_name(steps, batch, hidden)}", model,
                              {"x": x, "lengths": numpy.array(lengths, dtype=numpy.int32)}))

    for _, model, inputs in cases:
        model.run(None, inputs)

    def measure():
        for name, model, inputs in cases:
            seconds = w.typical(0.01 if options.quick else 0.15, lambda: model.run(None, inputs))
            w.report(name, "LSTM", options.threads, seconds * 1e3, "ms")

    w.serve_rounds(measure)


def main():
    parts = {"sentence": sentence, "file": whole_file, "layer": layer, "large-layer": layer}
    options = w.options(parts)
    w.version(f"onnxruntime {onnxruntime.__version__}")
    parts[options.part](options)


if __name__ == "__main__":
    main()
