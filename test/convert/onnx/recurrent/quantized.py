"""quantized.json: a DynamicQuantizeLSTM of com.microsoft beside the float32 LSTM of the same rounded weights, and recurrent
operators that are refused, each with words of its refusal.

    /usr/bin/python3 quantized.py
"""

import base64
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

INPUTS, HIDDEN = 3, 5
random = np.random.default_rng(11)


def uniform(*shape):
    return random.uniform(-0.8, 0.8, shape).astype(np.float32)


def bytes_of(nodes, constants, x=("time", 1, INPUTS), y=("time", 1, 1, HIDDEN), outputs=("Y",), extra=()):
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [info("X", TensorProto.FLOAT, list(x)), *[info(name, TensorProto.FLOAT, list(s)) for name, s in extra]],
        [info(name, TensorProto.FLOAT, list(y)) for name in outputs],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)])
    model.ir_version = 8
    return base64.b64encode(model.SerializeToString()).decode()


def quantized(per_row, unsigned):
    """W [1, inputs, 4*hidden] as int8 or uint8 around 128, with a scale for all or one a row."""
    constants, floats = {"B": uniform(1, 8 * HIDDEN)}, {}
    for name, rows in [("W", INPUTS), ("R", HIDDEN)]:
        value = uniform(1, rows, 4 * HIDDEN)
        largest = np.abs(value).max(axis=1) if per_row else np.abs(value).max(axis=(1, 2))
        scale = (largest / 127).astype(np.float32)
        steps = np.round(value / (scale[:, None, :] if per_row else scale[:, None, None])).astype(np.int8)
        floats[name] = (steps * (scale[:, None, :] if per_row else scale[:, None, None])).transpose(0, 2, 1).astype(np.float32)
        constants[name] = (steps.astype(np.int16) + 128).astype(np.uint8) if unsigned else steps
        constants[f"{name}_s"] = scale
        constants[f"{name}_z"] = np.full(scale.shape, 128 if unsigned else 0, np.uint8 if unsigned else np.int8)
    names = ["X", "W", "R", "B", "", "", "", "", "W_s", "W_z", "R_s", "R_z"]
    node = helper.make_node("DynamicQuantizeLSTM", names, ["Y"], "cell", domain="com.microsoft", hidden_size=HIDDEN)
    plain = helper.make_node("LSTM", ["X", "W", "R", "B"], ["Y"], "cell", hidden_size=HIDDEN)
    return {
        "name": f"{'a row' if per_row else 'a matrix'}, {'uint8' if unsigned else 'int8'}",
        "quantized": bytes_of([node], constants),
        "plain": bytes_of([plain], {**floats, "B": constants["B"]}),
    }


refusals = []


def refuse(name, words, kind="LSTM", x=("time", 1, INPUTS), extra=(), outputs=("Y",), given=(), more=None, **attributes):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    constants = {"W": uniform(directions, gates * HIDDEN, INPUTS), "R": uniform(directions, gates * HIDDEN, HIDDEN), **(more or {})}
    node = helper.make_node(kind, ["X", "W", "R", *given], list(outputs), "cell", hidden_size=HIDDEN, **attributes)
    shown = [each for each in outputs if each]
    model = bytes_of([node], constants, x=x, outputs=shown, extra=extra)
    refusals.append({"name": name, "words": ["cell", *words], "model": model})


refuse("an activation that ours has not", ["activations", "Softplus", "supported are Sigmoid"], activations=["Sigmoid", "Softplus", "Tanh"])
refuse("an activation with parameters that ours has not", ["ScaledTanh", "alpha 2"], kind="RNN", activations=["ScaledTanh"],
       activation_alpha=[2.0], activation_beta=[1.0])
refuse("other activations for each direction", ["activations", "the same for both"], kind="GRU", direction="bidirectional",
       activations=["Sigmoid", "Tanh", "Sigmoid", "Relu"])
refuse("a clip of an RNN", ["clip"], kind="RNN", clip=1.0)
refuse("coupled gates that are no sigmoid", ["input_forget", "hard-sigmoid"], input_forget=1, activations=["HardSigmoid", "Tanh", "Tanh"])
refuse("sequences of other lengths", ["sequence_lens is 4", "whole sequences"], given=["", "L"], more={"L": np.array([4], np.int32)}, x=(9, 1, INPUTS))
refuse("a batch of two", ["batch of 2"], x=("time", 2, INPUTS))
refuse("a state without its output", ["initial_h", "--state"], given=["", "", "h"], extra=[("h", (1, 1, HIDDEN))])
refuse("the cell state as a value", ["cell.c"], outputs=["", "", "Y_c"])
refuse("an attribute that is none", ["memory"], memory=3)

cases = [quantized(per_row, unsigned) for per_row in [False, True] for unsigned in [False, True]]
Path(__file__).with_name("quantized.json").write_text(json.dumps({"quantized": cases, "refused": refusals}) + "\n")
