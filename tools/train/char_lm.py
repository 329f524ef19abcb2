"""Trains the character LSTM of models/char-lm in PyTorch and saves its state_dict as safetensors.

    python3 char_lm.py TRAIN.txt VALIDATION.txt -o char-lm.pytorch.safetensors

The vocabulary is the sorted set of the characters of TRAIN.txt; it is written beside the weights as JSON.
Truncated BPTT: the text is cut into `batch` parallel streams and the state is carried from window to window.
"""
import argparse
import json
import math
import time

import torch
from safetensors.torch import save_file
from torch import nn


class CharLM(nn.Module):
    def __init__(self, vocabulary, embedding, hidden, layers, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        self.head = nn.Linear(hidden, vocabulary)
        self.dropout = nn.Dropout(dropout)
        bound = 1 / math.sqrt(hidden)
        for name, p in self.lstm.named_parameters():
            if name.startswith("bias_ih"):
                p.data.zero_()
                p.data[hidden : 2 * hidden] = 1.0  # forget-gate bias 1: Jozefowicz et al. 2015
            elif name.startswith("bias_hh"):
                p.data.zero_()
            elif name.startswith("weight_hh"):
                for gate in p.data.split(hidden):
                    nn.init.orthogonal_(gate)
            else:
                p.data.uniform_(-bound, bound)

    def forward(self, tokens, state=None):
        h, state = self.lstm(self.dropout(self.embedding(tokens)), state)
        return self.head(self.dropout(h)), state


def evaluate(model, tokens, chunk=512):
    """Mean cross-entropy in nats per character, one stream from the zero state."""
    model.eval()
    total, state = 0.0, None
    with torch.no_grad():
        for start in range(0, len(tokens) - 1, chunk):
            x, y = tokens[start : start + chunk], tokens[start + 1 : start + chunk + 1]
            logits, state = model(x[: len(y), None], state)
            total += nn.functional.cross_entropy(logits[:, 0], y, reduction="sum").item()
    model.train()
    return total / (len(tokens) - 1)


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("train")
    a.add_argument("validation")
    a.add_argument("-o", "--output", default="char-lm.pytorch.safetensors")
    a.add_argument("--embedding", type=int, default=64)
    a.add_argument("--hidden", type=int, default=256)
    a.add_argument("--layers", type=int, default=1)
    a.add_argument("--dropout", type=float, default=0.1)
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--unroll", type=int, default=96)
    a.add_argument("--epochs", type=int, default=28)
    a.add_argument("--learning-rate", type=float, default=4e-3)
    a.add_argument("--clip-norm", type=float, default=1.0)
    a.add_argument("--seed", type=int, default=1)
    o = a.parse_args()
    torch.manual_seed(o.seed)
    torch.set_num_threads(1)
    read = lambda path: open(path, encoding="utf-8", newline="").read()
    train, validation = read(o.train), read(o.validation)
    vocabulary = sorted(set(train))
    index = {c: i for i, c in enumerate(vocabulary)}
    train = torch.tensor([index[c] for c in train])
    validation = torch.tensor([index[c] for c in validation])
    length = (len(train) - 1) // o.batch
    inputs = train[: o.batch * length].view(o.batch, length).t()
    targets = train[1 : o.batch * length + 1].view(o.batch, length).t()
    model = CharLM(len(vocabulary), o.embedding, o.hidden, o.layers, o.dropout)
    optimizer = torch.optim.Adam(model.parameters(), o.learning_rate)
    windows = length // o.unroll
    steps, step, started = o.epochs * windows, 0, time.time()
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {steps} updates", flush=True)
    for epoch in range(o.epochs):
        state, total = None, 0.0
        offset = int(torch.randint(length - windows * o.unroll + 1, ()))  # windows fall elsewhere each epoch
        for w in range(windows):
            for group in optimizer.param_groups:
                group["lr"] = o.learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            at = slice(offset + w * o.unroll, offset + (w + 1) * o.unroll)
            logits, state = model(inputs[at], state)
            state = tuple(s.detach() for s in state)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets[at].flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), o.clip_norm)
            optimizer.step()
            total += loss.item()
            step += 1
        print(
            json.dumps(
                {
                    "epoch": epoch + 1,
                    "loss": round(total / windows, 4),
                    "validation": round(evaluate(model, validation), 4),
                    "seconds": round(time.time() - started),
                }
            ),
            flush=True,
        )
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, o.output)
    with open(o.output + ".vocabulary.json", "w", encoding="utf-8") as f:
        json.dump(vocabulary, f, ensure_ascii=False)


if __name__ == "__main__":
    main()
