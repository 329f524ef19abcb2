"""The loss of a character model of Rivulet on a text, computed by PyTorch: what the README and the card compare with.

    python3 pytorch.py MODEL.safetensors TEXT.txt

Embedding, one LSTM, a head; one stream from the zero state, mean cross-entropy in nats per character.
"""
import json
import sys

import numpy
import torch

CHUNK = 512


def read(path):
    """Tensors and metadata of a float32 safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, stop = entry["data_offsets"]
        values = numpy.frombuffer(data[end + begin : end + stop], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors, metadata


def build(tensors):
    embedding, head = (tensors[f"{name}.weight"] for name in ("embedding", "head"))
    layer = {role: tensors[f"lstm.{role}_l0"] for role in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    lstm = torch.nn.LSTM(embedding.shape[1], layer["weight_hh"].shape[1])
    lstm.load_state_dict({f"{role}_l0": values for role, values in layer.items()})

    def run(tokens, state):
        h, state = lstm(embedding[tokens][:, None], state)
        return torch.nn.functional.linear(h[:, 0], head, tensors["head.bias"]), state

    return run


def main(path, text_path):
    tensors, metadata = read(path)
    tokenizer = json.loads(metadata["tokenizer"])
    index = {character: token for token, character in enumerate(tokenizer["vocabulary"])}
    replacements = tokenizer.get("replacements", {})
    with open(text_path, encoding="utf-8", newline="") as file:
        tokens = torch.tensor([index[replacements.get(c, c)] for c in file.read()])
    run, state, total = build(tensors), None, 0.0
    with torch.no_grad():
        for start in range(0, len(tokens) - 1, CHUNK):
            targets = tokens[start + 1 : start + CHUNK + 1]
            logits, state = run(tokens[start : start + len(targets)], state)
            total += torch.nn.functional.cross_entropy(logits, targets, reduction="sum").item()
    print(f"{total / (len(tokens) - 1):.4f} nats/char, {len(tokens) - 1} characters, PyTorch {torch.__version__}")


main(*sys.argv[1:])
