"""The models of this folder: what ONNX's recurrent operators can be, by onnx.helper, and what PyTorch's exporter makes of
its modules. Expected outputs by ONNX Runtime: expected.mjs.

    /usr/bin/python3 make.py && node expected.mjs

onnx 1.12, PyTorch 1.13 (Debian's python3-onnx and python3-torch).
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent
INPUTS, HIDDEN = 3, 5
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
random = np.random.default_rng(5)


def uniform(*shape):
    return random.uniform(-0.8, 0.8, shape).astype(np.float32)


def operator(name, kind, bias=True, peepholes=False, initial=False, lengths=False, **attributes):
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    rows = GATES[kind] * HIDDEN
    weights = {"W": uniform(directions, rows, INPUTS), "R": uniform(directions, rows, HIDDEN)}
    if bias:
        weights["B"] = uniform(directions, 2 * rows)
    if lengths:
        weights["lengths"] = np.array([9], np.int32)
    shape = (1, directions, HIDDEN) if attributes.get("layout") else (directions, 1, HIDDEN)
    if initial:
        weights["h0"] = uniform(*shape)
        if kind == "LSTM":
            weights["c0"] = uniform(*shape)
    if peepholes:
        weights["P"] = uniform(directions, 3 * HIDDEN)
    order = ["W", "R", "B", "lengths", "h0", "c0", "P"] if kind == "LSTM" else ["W", "R", "B", "lengths", "h0"]
    names = ["X"] + [each if each in weights else "" for each in order]
    forward = attributes.get("direction", "forward") == "forward"
    node = helper.make_node(kind, names, ["Y", "Y_h"] if forward else ["Y"], "cell", hidden_size=HIDDEN, **attributes)
    time = 9 if lengths else "time"
    x = [1, time, INPUTS] if attributes.get("layout") else [time, 1, INPUTS]
    y = [1, time, directions, HIDDEN] if attributes.get("layout") else [time, directions, 1, HIDDEN]
    outputs = [helper.make_tensor_value_info("Y", TensorProto.FLOAT, y)]
    if forward:
        outputs.append(helper.make_tensor_value_info("Y_h", TensorProto.FLOAT, list(shape)))
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, x)],
        outputs,
        [numpy_helper.from_array(value, key) for key, value in weights.items()],
    )
    save(name, graph)
    return graph


def save(name, graph, opset=14):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, FOLDER / f"{name}.onnx")


def operators():
    for kind in GATES:
        low = kind.lower()
        for direction in ["forward", "reverse", "bidirectional"]:
            operator(f"{low}-{direction}", kind, direction=direction)
            operator(f"{low}-{direction}-initial", kind, direction=direction, initial=True)
        operator(f"{low}-no-bias", kind, bias=False)
        operator(f"{low}-lengths", kind, lengths=True)
    operator("lstm-peepholes", "LSTM", peepholes=True)
    operator("lstm-peepholes-both", "LSTM", peepholes=True, direction="bidirectional")
    operator("lstm-clip", "LSTM", clip=0.4)
    operator("lstm-clip-peepholes", "LSTM", clip=0.4, peepholes=True)
    operator("lstm-coupled", "LSTM", input_forget=1)
    operator("lstm-coupled-peepholes", "LSTM", input_forget=1, peepholes=True, direction="bidirectional")
    operator("lstm-activations", "LSTM", activations=["HardSigmoid", "Softsign", "Elu"], activation_alpha=[0.3, 0.7],
             activation_beta=[0.4])
    operator("lstm-activations-both", "LSTM", direction="bidirectional", activations=["Sigmoid", "Relu", "Affine"] * 2,
             activation_alpha=[1.0, 1.0], activation_beta=[0.0, 0.0])
    operator("gru-after", "GRU", linear_before_reset=1)
    operator("gru-after-both", "GRU", linear_before_reset=1, direction="bidirectional", initial=True)
    operator("gru-after-no-bias", "GRU", linear_before_reset=1, bias=False)
    operator("gru-clip", "GRU", clip=0.4)
    operator("gru-clip-after", "GRU", clip=0.4, linear_before_reset=1)
    operator("gru-activations", "GRU", activations=["HardSigmoid", "LeakyRelu"], activation_alpha=[0.25, 0.1],
             activation_beta=[0.5])
    for activation in ["Relu", "Sigmoid", "Softsign", "Elu", "LeakyRelu", "HardSigmoid"]:
        operator(f"rnn-{activation.lower()}", "RNN", activations=[activation])


def layouts():
    """ONNX Runtime has no layout 1 on the CPU: the same weights as layout 0, moved by hand."""
    for kind in GATES:
        moved = operator(f"{kind.lower()}-layout", kind, direction="bidirectional", initial=True)
        moved.node[0].attribute.append(helper.make_attribute("layout", 1))
        for initializer in moved.initializer:
            if initializer.name in ("h0", "c0"):
                value = numpy_helper.to_array(initializer).transpose(1, 0, 2)
                initializer.CopyFrom(numpy_helper.from_array(value, initializer.name))
        for info, shape in [(moved.input[0], [1, "time", INPUTS]), (moved.output[0], [1, "time", 2, HIDDEN])]:
            info.CopyFrom(helper.make_tensor_value_info(info.name, TensorProto.FLOAT, shape))
        save(f"{kind.lower()}-layout1", moved)


class Headed(torch.nn.Module):
    """A recurrent module and a head, perhaps with its states as inputs and outputs."""

    def __init__(self, kind, **options):
        super().__init__()
        self.cell = getattr(torch.nn, kind)(INPUTS, HIDDEN, **options)
        self.head = torch.nn.Linear(HIDDEN * (2 if options.get("bidirectional") else 1), 2)

    def forward(self, x, *states):
        if not states:
            return self.head(self.cell(x)[0])
        y, after = self.cell(x, states if len(states) == 2 else states[0])
        return (self.head(y), *(after if isinstance(after, tuple) else (after,)))


def export(name, kind, stateful=False, timesteps=7, **options):
    torch.manual_seed(3)
    module = Headed(kind, **options).eval()
    first = options.get("batch_first", False)
    x = torch.zeros((1, timesteps, INPUTS) if first else (timesteps, 1, INPUTS))
    layers = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    names = (["h0", "c0"] if kind == "LSTM" else ["h0"]) if stateful else []
    states = tuple(torch.zeros(layers, 1, HIDDEN) for _ in names)
    axes = {"x": {1 if first else 0: "time"}, "y": {1 if first else 0: "time"}} if timesteps > 1 else {}
    torch.onnx.export(
        module, (x, *states), str(FOLDER / f"{name}.onnx"), opset_version=13,
        input_names=["x", *names], output_names=["y", *[each.replace("0", "n") for each in names]], dynamic_axes=axes,
    )


def exports():
    for kind in GATES:
        low = kind.lower()
        for bidirectional in [False, True]:
            for bias in [True, False]:
                for layers in [1, 2]:
                    name = f"pytorch-{low}{'-both' if bidirectional else ''}{'' if bias else '-no-bias'}-{layers}"
                    export(name, kind, bidirectional=bidirectional, bias=bias, num_layers=layers)
        export(f"pytorch-{low}-batch-first", kind, batch_first=True, num_layers=2)
        export(f"pytorch-{low}-states", kind, stateful=True, num_layers=2)
        export(f"pytorch-{low}-step", kind, stateful=True, timesteps=1)


if __name__ == "__main__":
    operators()
    layouts()
    exports()
