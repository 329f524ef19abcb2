"""Writes refusals.json: ONNX models that are refused, and the words with which. Run with /usr/bin/python3."""
import base64
import json
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

CASES = []
f32 = np.float32


def refuse(name, code, words, nodes, inputs, outputs=("y",), constants=(), opset=13, change=None):
    g = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in dict(constants).items()])
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", opset)])
    if change:
        change(m)
    CASES.append({"name": name, "code": code, "words": words, "model": base64.b64encode(m.SerializeToString()).decode()})


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, inputs, list(outputs), name="the node", **attributes)


X = {"x": [1, 4]}
w = np.ones((4, 4), f32)
op = "unsupported-operator"
refuse("an operator", op, ['"the node"', "Einsum", "supported are MatMul"], [node("Einsum", ["x"], equation="ij->ji")], X)
refuse("an operator of another domain", op, ["com.example.Add"], [node("Add", ["x", "x"], domain="com.example")], X)
refuse("an attribute", op, ['"the node" (Relu)', '"bogus"', "supported is none"], [node("Relu", ["x"], bogus=1)], X)
refuse("an operator set", op, ["version 23", "7 to 22"], [node("Relu", ["x"])], X, opset=23)
refuse("two values multiplied as matrices", op, ["MatMul", "one constant matrix"], [node("MatMul", ["x", "x"])], {"x": [1, 1, 1]})
refuse("Gemm with transA", op, ["transA is 1", "supported is 0"], [node("Gemm", ["x", "w"], transA=1)], {"x": [4, 1]}, constants={"w": w})
refuse("a power", op, ["exponent is [1.5]", ".5, 1, 2 and 3"], [node("Pow", ["x", "p"])], X, constants={"p": f32(1.5)})
round_x = helper.make_node("QuantizeLinear", ["x", "s"], ["q"], name="round")
scales = {"s": f32(0.1), "t": f32(0.2)}
refuse("arithmetic of integers", op, ['"the node"', "integers", '"q"', "DequantizeLinear"], [round_x, node("Relu", ["q"])], X, constants=scales)
refuse("integers as an output", op, ['output "y"', "integers", "DequantizeLinear"], [node("QuantizeLinear", ["x", "s"])], X, constants=scales)
refuse("another scale than that of the rounding", op, ["0.2", "0.1", "supported are the same"],
       [round_x, node("DequantizeLinear", ["q", "t"])], X, constants=scales)
refuse("a scale for each value", op, ["4 scales", "supported is one"], [node("QuantizeLinear", ["x", "s"])], X,
       constants={"s": np.full(4, 0.1, f32)})
refuse("integers that nothing made", op, ["DequantizeLinear", "no QuantizeLinear"], [node("DequantizeLinear", ["x", "s"])], X, constants=scales)
refuse("a mean of timesteps and values", op, ["reduces time and axis 1"], [node("ReduceMean", ["x"], axes=[0, 1])], {"x": ["time", 4]})
refuse("a convolution that looks ahead", op, ["causal", "padded by 1"], [node("Conv", ["x", "w"], pads=[1, 1])],
       {"x": [1, 2, "time"]}, constants={"w": np.ones((3, 2, 3), f32)})
refuse("a convolution over time with a stride", op, ["stride over time is 2"], [node("Conv", ["x", "w"], pads=[2, 0], strides=[2])],
       {"x": [1, 2, "time"]}, constants={"w": np.ones((3, 2, 3), f32)})
refuse("a reshape across timesteps", op, ["is time", "keep time an axis of its own"], [node("Reshape", ["x", "s"])],
       {"x": [1, "time", 4]}, constants={"s": np.asarray([1, -1, 8], np.int64)})
refuse("the first timestep", op, ["which is time", "the last, -1"], [node("Gather", ["x", "i"], axis=1)],
       {"x": [1, "time", 4]}, constants={"i": np.asarray(0, np.int64)})
refuse("a subgraph", op, ["If"], [node("If", ["c"], then_branch=helper.make_graph([], "t", [], []), else_branch=helper.make_graph([], "e", [], []))],
       X, constants={"c": np.asarray(True)})
refuse("a value of each timestep joined with the last one", op, ["the same axis of time"],
       [helper.make_node("Gather", ["x", "i"], ["l"], axis=1), node("Add", ["l", "x"])], {"x": [1, "time", 4]},
       constants={"i": np.asarray([-1], np.int64)})
refuse("an output that is a constant", op, ["it is a constant"], [node("Identity", ["w"])], X, constants={"w": w})
refuse("a name that nobody gives", "invalid-file", ['"z"', "no node before it gives"], [node("Relu", ["z"])], X)
refuse("a cycle", "invalid-file", ["no node before it gives"], [helper.make_node("Add", ["x", "y"], ["a"]), node("Relu", ["a"])], X)
refuse("two values of one name", "invalid-file", ["the name of another value"],
       [helper.make_node("Relu", ["x"], ["y"]), node("Relu", ["x"])], X)
refuse("data that is not all there", "invalid-file", ["16 elements", "64 bytes", "has 3"], [node("MatMul", ["x", "w"])], X,
       constants={"w": w}, change=lambda m: setattr(m.graph.initializer[0], "raw_data", b"abc"))


def outside(m):
    tensor = m.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"


def huge(m):
    tensor = m.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.dims[:] = [1 << 20, 1 << 9]


refuse("data in another file", "invalid-file", ["no path is followed"], [node("MatMul", ["x", "w"])], X, constants={"w": w}, change=outside)
refuse("2 GB in 200 bytes", "invalid-file", ["536870912 elements", "0 bytes"], [node("MatMul", ["x", "w"])], X, constants={"w": w}, change=huge)
refuse("a constant of many elements", "invalid-file", ["at most 1048576 elements"],
       [helper.make_node("ConstantOfShape", ["s"], ["c"], name="c"), node("Add", ["x", "c"])], X, constants={"s": np.asarray([1 << 30], np.int64)})
half = {"w": w.astype(np.float16)}
refuse("a product in float16", op, ['"the node"', "float16", '"w"', "Cast"], [node("MatMul", ["x", "w"])], X, constants=half)
refuse("a sum of constants in float16", op, ["float16", '"w"'],
       [node("Add", ["w", "w"], ["d"]), helper.make_node("Cast", ["d"], ["c"], to=1), helper.make_node("MatMul", ["x", "c"], ["y"])],
       X, constants=half)
refuse("a value made float16", op, ['"the node" (Cast)', "float16 of float32"], [node("Cast", ["x"], to=10)], X)


def in_float16(m):
    m.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16


refuse("an input in float16", op, ['input "x"', "its type is float16", "supported are float"], [node("Relu", ["x"])], X, change=in_float16)
refuse("bfloat16", op, ['initializer "w"', "bfloat16"], [node("MatMul", ["x", "w"])], X, constants={"w": w},
       change=lambda m: setattr(m.graph.initializer[0], "data_type", TensorProto.BFLOAT16))

pathlib.Path(__file__).with_name("refusals.json").write_text(json.dumps(CASES, separators=(",", ":")) + "\n")
print(len(CASES), "cases")
