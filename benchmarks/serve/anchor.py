"""The server that ours is compared with: the same network in PyTorch behind FastAPI. VOCAB: a file of words, one per line."""
import os

import torch
from fastapi import FastAPI, Request

UNITS = 300
torch.set_num_threads(1)  # two processes serve
torch.manual_seed(0)

with open(os.environ["VOCAB"], encoding="utf-8") as file:
    ID = {word: number for number, word in enumerate(file.read().split("\n"), start=2) if word}
table = torch.nn.Embedding(len(ID) + 2, UNITS)
encoder = torch.nn.LSTM(UNITS, UNITS)
classifier = torch.nn.Linear(UNITS, 2)

app = FastAPI()


@app.get("/ping")
async def ping():
    return {}


@app.post("/invocations")
async def invocations(request: Request):
    rows = []
    with torch.inference_mode():
        for sentence in await request.json():
            words = sentence.strip().lower().split()
            ids = torch.tensor([ID.get(word, 1) for word in words] + [0])
            _, (last, _) = encoder(table(ids).unsqueeze(1))
            probabilities = classifier(last[-1]).softmax(1)[0]
            best = int(probabilities.argmax())
            rows.append([" ".join(words), best, float(probabilities[best])])
    return rows
