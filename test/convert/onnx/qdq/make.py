"""Writes perceptron.onnx and lstm.onnx: models in QDQ form, as onnxruntime's static quantizer writes them.

    /usr/bin/python3 test/convert/onnx/qdq/make.py      (python3-onnx 1.12)

Before and behind each product stand a QuantizeLinear and a DequantizeLinear, one scale and zero point a value (uint8);
weights are int8 with a scale for each output (per channel), biases int32.
"""
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent
random = np.random.default_rng(11)
f32 = np.float32


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{output}/{op}", **attributes))
        return output

    def rounded(self, name, scale, zero):
        parameters = [self.constant(f"{name}_scale", f32(scale)), self.constant(f"{name}_zero_point", np.uint8(zero))]
        integers = self.add("QuantizeLinear", [name, *parameters], f"{name}_quantized")
        return self.add("DequantizeLinear", [integers, *parameters], f"{name}_dequantized")

    def weight(self, name, shape, axis):
        """int8 with scales along the axis, as float32."""
        values = random.integers(-127, 128, size=shape).astype(np.int8)
        scales = (random.random(shape[axis]) / 100 / np.sqrt(max(shape)) + 1e-3).astype(f32)
        parts = [self.constant(f"{name}_quantized", values), self.constant(f"{name}_scale", scales),
                 self.constant(f"{name}_zero_point", np.zeros(shape[axis], np.int8))]
        return self.add("DequantizeLinear", parts, name, axis=axis)

    def bias(self, name, size, scale):
        parts = [self.constant(f"{name}_quantized", random.integers(-9000, 9000, size=size).astype(np.int32)),
                 self.constant(f"{name}_scale", f32(scale))]
        return self.add("DequantizeLinear", parts, name)

    def save(self, name, shape):
        info = lambda value, dims: helper.make_tensor_value_info(value, TensorProto.FLOAT, dims)
        graph = helper.make_graph(self.nodes, name, [info("x", shape)], [info("y", None)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 7
        (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString())


def perceptron():
    g = Graph()
    x = g.rounded("x", 0.02, 128)
    h = g.add("Gemm", [x, g.weight("w1", (5, 20), 1), g.bias("b1", 20, 1e-4)], "h")
    h = g.add("Relu", [g.rounded(h, 0.025, 120)], "r")
    h = g.add("MatMul", [g.rounded(h, 0.012, 0), g.weight("w2", (20, 4), 1)], "p")
    g.rounded(g.add("Add", [h, g.bias("b2", 4, 1e-4)], "s"), 0.03, 130)
    g.add("Identity", ["s_dequantized"], "y")
    g.save("perceptron", ["batch", 5])


def lstm():
    """An LSTM stays float32; its input, its weights and the layer behind it are rounded."""
    g = Graph()
    x = g.rounded("x", 0.02, 128)
    weights = [g.weight("w", (1, 32, 5), 1), g.weight("r", (1, 32, 8), 1)]
    g.nodes.append(helper.make_node("LSTM", [x, *weights], ["hidden"], name="lstm", hidden_size=8))
    h = g.add("Squeeze", ["hidden", g.constant("one", np.asarray([1], np.int64))], "h")
    h = g.add("MatMul", [g.rounded(h, 1 / 128, 128), g.weight("w2", (8, 3), 1)], "p")
    g.rounded(g.add("Add", [h, g.bias("b2", 3, 1e-4)], "s"), 0.01, 128)
    g.add("Identity", ["s_dequantized"], "y")
    g.save("lstm", ["time", 1, 5])


perceptron()
lstm()
