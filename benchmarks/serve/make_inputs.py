"""make_inputs.py FOLDER: words.txt, sentences.txt and a model folder with random weights, for both servers."""
import json
import pathlib
import sys

import numpy as np

UNITS, WORDS, SENTENCES, LENGTH = 300, 7140, 4000, 12

folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(0)
words = []
while len(words) < WORDS:  # made up, of the lengths that words have
    word = "".join(random.choice(list("etaoinshrdlucmfwypvbgk"), random.integers(2, 10)))
    if word not in words:
        words.append(word)
model = folder / "model"
model.mkdir(parents=True, exist_ok=True)
(folder / "words.txt").write_text("\n".join(words) + "\n")
(folder / "sentences.txt").write_text("".join(" ".join(random.choice(words, LENGTH)) + "\n" for _ in range(SENTENCES)))
(model / "vocab.json").write_text(json.dumps({"<eos>": 0, "<unk>": 1, **{w: i for i, w in enumerate(words, start=2)}}))
(model / "args.json").write_text(
    json.dumps({"num_classes": 2, "model_type": "rnn", "num_layers": 1, "num_units": UNITS, "dropout": 0.4}))


def uniform(*shape):
    return random.uniform(-1, 1, shape).astype(np.float32) / np.float32(np.sqrt(UNITS))


arrays = {"encoder/embed/W": uniform(WORDS + 2, UNITS), "output/W": uniform(2, UNITS), "output/b": uniform(2)}
for i in range(8):
    arrays[f"encoder/encoder/0/w{i}"] = uniform(UNITS, UNITS)
    arrays[f"encoder/encoder/0/b{i}"] = uniform(UNITS)
np.savez_compressed(model / "my_model.npz", **arrays)
