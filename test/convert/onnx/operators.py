"""Writes operators/*.json: small ONNX models, inputs and what the source framework gives for them.

Models of the helpers of python3-onnx 1.12 (outputs: NumPy, in float64) and of PyTorch 1.13's exporter (outputs: PyTorch).
Run with /usr/bin/python3. Every input and output stands as [timesteps][values].
"""
import base64
import io
import json
import pathlib
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
CASES = []
T = 5


def rng(seed=7):
    return np.random.default_rng(seed)


def rows(a):
    """[timesteps, ...] to lists of float32."""
    return [[float(str(np.float32(v))) for v in np.asarray(step).reshape(-1)] for step in a]


def case(name, model, inputs, outputs, last=False, tolerance=None):
    CASES.append({
        "name": name,
        "model": base64.b64encode(model).decode(),
        "inputs": {k: rows(v) for k, v in inputs.items()},
        "outputs": {k: rows(v) for k, v in outputs.items()},
        **({"last": True} if last else {}),
        **({"tolerance": tolerance} if tolerance else {}),
    })


def graph(nodes, inputs, outputs, constants=(), opset=13):
    """inputs: { name: shape }, outputs: names; constants: { name: array }."""
    info = lambda name, shape, kind=TensorProto.FLOAT: helper.make_tensor_value_info(name, kind, shape)
    g = helper.make_graph(
        nodes, "g", [info(n, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in dict(constants).items()])
    m = helper.make_model(g, opset_imports=[helper.make_opsetid("", opset)])
    m.ir_version = 7
    return m.SerializeToString()


def operator(name, op, x, y, constants=(), opset=13, extra=(), **attributes):
    """One operator on x: [timesteps, features…], batch 1 in front; y is what NumPy gives for each timestep."""
    consts = dict(constants)
    node = helper.make_node(op, ["x", *extra, *consts], ["y"], name="node", **attributes)
    model = graph([node], {"x": [1, *x.shape[1:]]}, ["y"], consts, opset)
    case(name, model, {"x": x}, {"y": y})


f32 = np.float32


def elementwise():
    r = rng()
    x = r.normal(size=(T, 6)).astype(f32)
    c = r.normal(size=(6,)).astype(f32) + 2
    s = np.asarray(3, f32)
    for op, f in (("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply), ("Div", np.divide)):
        operator(f"{op} of a constant", op, x, f(x, c), {"c": c})
        operator(f"{op} of a number", op, x, f(x, s), {"s": s})
        node = helper.make_node(op, ["c", "x"], ["y"])
        safe = np.abs(x) + f32(0.5)
        case(f"{op} from a constant", graph([node], {"x": [1, 6]}, ["y"], {"c": c}), {"x": safe}, {"y": f(c, safe)})
        nodes = [helper.make_node("Sigmoid", ["x"], ["s"]), helper.make_node(op, ["x", "s"], ["y"])]
        sig = 1 / (1 + np.exp(-x.astype(np.float64)))
        case(f"{op} of two values", graph(nodes, {"x": ["batch", 6]}, ["y"]), {"x": x}, {"y": f(x, sig)})
    nodes = [helper.make_node("Split", ["x"], ["a", "b"], axis=2), helper.make_node("Mul", ["a", "b"], ["y"])]
    wide = r.normal(size=(T, 3, 2)).astype(f32)
    case("Mul with broadcasting", graph(nodes, {"x": [1, 3, 2]}, ["y"]), {"x": wide}, {"y": wide[..., :1] * wide[..., 1:]})
    nodes = [helper.make_node("ReduceMean", ["x"], ["m"], axes=[-1], keepdims=1), helper.make_node("Sub", ["x", "m"], ["y"])]
    long = r.normal(size=(T, 40)).astype(f32)
    case("Sub of its mean", graph(nodes, {"x": [1, 40]}, ["y"]), {"x": long}, {"y": long - long.mean(-1, keepdims=True)})
    operator("Pow 2", "Pow", x, x ** 2, {"p": np.asarray(2, f32)})
    operator("Pow 3", "Pow", x, x ** 3, {"p": np.asarray(3, f32)})
    operator("Pow .5", "Pow", np.abs(x), np.abs(x) ** 0.5, {"p": np.asarray([0.5], f32)})
    operator("Sqrt", "Sqrt", np.abs(x), np.sqrt(np.abs(x)))
    operator("Neg", "Neg", x, -x)
    operator("Reciprocal", "Reciprocal", np.abs(x) + 1, 1 / (np.abs(x) + 1))


def activations():
    r = rng(1)
    x = (2 * r.normal(size=(T, 7))).astype(f32)
    d = x.astype(np.float64)
    soft = np.exp(d) / np.exp(d).sum(-1, keepdims=True)
    operator("Sigmoid", "Sigmoid", x, 1 / (1 + np.exp(-d)))
    operator("Tanh", "Tanh", x, np.tanh(d))
    operator("Relu", "Relu", x, np.maximum(d, 0))
    operator("Softsign", "Softsign", x, d / (1 + np.abs(d)))
    operator("LeakyRelu", "LeakyRelu", x, np.where(d > 0, d, 0.2 * d), alpha=0.2)
    operator("LeakyRelu by default", "LeakyRelu", x, np.where(d > 0, d, 0.01 * d))
    operator("Elu", "Elu", x, np.where(d > 0, d, 0.7 * np.expm1(d)), alpha=0.7)
    operator("HardSigmoid", "HardSigmoid", x, np.clip(0.2 * d + 0.5, 0, 1))
    operator("HardSigmoid with its own", "HardSigmoid", x, np.clip(d / 6 + 0.5, 0, 1), alpha=1 / 6, beta=0.5)
    operator("HardSwish", "HardSwish", x, d * np.clip(d / 6 + 0.5, 0, 1), opset=14)
    operator("Clip", "Clip", x, np.clip(d, -1, 0.5), {"lo": f32(-1), "hi": f32(0.5)})
    operator("Clip of operator set 6", "Clip", x, np.clip(d, 0, 6), opset=10, min=0.0, max=6.0)
    operator("Clip from 0", "Clip", x, np.maximum(d, 0), {"lo": f32(0)})
    slope = r.normal(size=(7,)).astype(f32)
    operator("PRelu", "PRelu", x, np.where(d > 0, d, slope * d), {"slope": slope})
    operator("PRelu of one slope", "PRelu", x, np.where(d > 0, d, 0.25 * d), {"slope": np.asarray([0.25], f32)})
    operator("Softmax", "Softmax", x, soft)
    operator("LogSoftmax", "LogSoftmax", x, np.log(soft))
    z = r.normal(size=(T, 2, 3)).astype(f32)
    e = np.exp(z.astype(np.float64))
    operator("Softmax of operator set 11: all axes from one on", "Softmax", z, e / e.sum((1, 2), keepdims=True), opset=11)
    operator("Softmax along an axis between others", "Softmax", z, e / e.sum(1, keepdims=True), axis=1)


def products():
    r = rng(2)
    x = r.normal(size=(T, 6)).astype(f32)
    w = r.normal(size=(6, 4)).astype(f32)
    b = r.normal(size=(4,)).astype(f32)
    operator("MatMul", "MatMul", x, x @ w, {"w": w})
    operator("Gemm", "Gemm", x, x @ w + b, {"w": w, "b": b})
    operator("Gemm with everything", "Gemm", x, 0.5 * x @ w + 2 * b, {"w": w.T.copy(), "b": b}, alpha=0.5, beta=2.0, transB=1)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["b", "p"], ["y"])]
    case("MatMul and Add", graph(nodes, {"x": [1, 6]}, ["y"], {"w": w, "b": b}), {"x": x}, {"y": x @ w + b})
    z = r.normal(size=(T, 3, 6)).astype(f32)
    operator("MatMul of a frame", "MatMul", z, z @ w, {"w": w})
    v = r.normal(size=(5, 3)).astype(f32)
    node = helper.make_node("MatMul", ["v", "x"], ["y"])
    case("MatMul from a matrix", graph([node], {"x": [1, 3, 6]}, ["y"], {"v": v}), {"x": z}, {"y": v @ z})
    q = r.integers(-127, 128, size=(6, 4)).astype(np.int8)
    scale = (r.random(4) / 50).astype(f32)
    nodes = [helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=1), helper.make_node("MatMul", ["x", "w"], ["y"])]
    model = graph(nodes, {"x": [1, 6]}, ["y"], {"q": q, "scale": scale, "zero": np.zeros(4, np.int8)})
    case("DequantizeLinear of a matrix", model, {"x": x}, {"y": x @ (q * scale)}, tolerance=1e-4)
    nodes = [helper.make_node("DequantizeLinear", ["q", "scale"], ["w"], axis=0), helper.make_node("Transpose", ["w"], ["t"]),
             helper.make_node("MatMul", ["x", "t"], ["y"])]
    model = graph(nodes, {"x": [1, 6]}, ["y"], {"q": q.T.copy(), "scale": scale})
    case("DequantizeLinear of a matrix that is turned around", model, {"x": x}, {"y": x @ (q * scale)}, tolerance=1e-4)
    u = r.integers(0, 256, size=(6, 4)).astype(np.uint8)
    nodes = [helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["w"]), helper.make_node("MatMul", ["x", "w"], ["y"])]
    model = graph(nodes, {"x": [1, 6]}, ["y"], {"q": u, "scale": f32(0.01), "zero": np.uint8(100)})
    case("DequantizeLinear of bytes", model, {"x": x}, {"y": x @ ((u.astype(f32) - 100) * f32(0.01))})


def quantized():
    """Integers between QuantizeLinear and DequantizeLinear: to the bit, in float32."""
    r = rng(8)
    x = np.concatenate([r.normal(size=(T - 1, 6)), [[-0.75, -0.25, 0.25, 0.75, 9, -9]]]).astype(f32)
    pair = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]), helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"])]

    def rounded(v, s, z, low, high):
        return (np.clip(np.rint(v / f32(s)) + z, low, high) - z).astype(f32) * f32(s)

    types = (("int8", np.int8, 5), ("uint8", np.uint8, 128))
    for title, dtype, zero in types:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        for s in (0.5, 0.013):
            model = graph(pair, {"x": [1, 6]}, ["y"], {"s": f32(s), "z": dtype(zero)})
            case(f"QuantizeLinear and DequantizeLinear of {title}, {s} apart", model, {"x": x}, {"y": rounded(x, s, zero, low, high)})
    nodes = [helper.make_node("QuantizeLinear", ["x", "s"], ["q"]), helper.make_node("DequantizeLinear", ["q", "s"], ["a"]),
             helper.make_node("DequantizeLinear", ["q", "s"], ["b"]), helper.make_node("Tanh", ["b"], ["t"]),
             helper.make_node("Sub", ["a", "t"], ["y"])]
    y = rounded(x, 0.1, 0, 0, 255)
    case("QuantizeLinear without a zero point, read by two", graph(nodes, {"x": [1, 6]}, ["y"], {"s": f32(0.1)}), {"x": x},
         {"y": y - np.tanh(y.astype(np.float64))})


def float16():
    """Weights stored in half the bytes: what a Cast makes of them."""
    r = rng(9)
    f16 = np.float16
    x = r.normal(size=(T, 6)).astype(f32)
    w, b = r.normal(size=(4, 6)).astype(f16), r.normal(size=(4,)).astype(f16)
    w[0, :4] = [6e-8, -5.96e-8, 6.1e-5, 65504]
    back = [helper.make_node("Cast", [name], [f"{name}32"], to=TensorProto.FLOAT) for name in ("t", "b")]
    layer = [helper.make_node("Transpose", ["w"], ["t"]), *back, helper.make_node("Gemm", ["x", "t32", "b32"], ["y"])]
    y = x.astype(np.float64) @ w.T.astype(np.float64) + b
    case("float16 weights", graph(layer, {"x": [1, 6]}, ["y"], {"w": w, "b": b}), {"x": x}, {"y": y})
    model = onnx.load_from_string(graph(layer, {"x": [1, 6]}, ["y"], {"w": w, "b": b}))
    for tensor in model.graph.initializer:
        tensor.int32_data.extend(np.frombuffer(tensor.raw_data, np.uint16).tolist())
        tensor.ClearField("raw_data")
    case("float16 weights as integers", model.SerializeToString(), {"x": x}, {"y": y})
    value = numpy_helper.from_array(b, "value")
    nodes = [helper.make_node("Constant", [], ["b"], value=value), back[1], helper.make_node("Add", ["x", "b32"], ["y"])]
    case("a Constant of float16", graph(nodes, {"x": [1, 4]}, ["y"]), {"x": x[:, :4]}, {"y": x[:, :4] + b.astype(f32)})
    exact = np.asarray([1 + 2**-11, 1 + 3 * 2**-11, 65519, 65520, 2**-25, 3 * 2**-25], f32)
    exact[3] = -2048.5
    nodes = [helper.make_node("Cast", ["c"], ["h"], to=TensorProto.FLOAT16), helper.make_node("Cast", ["h"], ["s"], to=TensorProto.FLOAT),
             helper.make_node("Mul", ["x", "s"], ["y"])]
    case("a constant rounded to float16", graph(nodes, {"x": [1, 6]}, ["y"], {"c": exact}), {"x": x},
         {"y": x * exact.astype(f16).astype(f32)})


def movements():
    r = rng(3)
    z = r.normal(size=(T, 3, 4)).astype(f32)
    i64 = lambda *v: np.asarray(v, np.int64)
    operator("Transpose within a timestep", "Transpose", z, z.transpose(0, 2, 1), perm=[0, 2, 1])
    operator("Reshape", "Reshape", z, z, {"shape": i64(0, -1)})
    operator("Slice", "Slice", z, z[:, 1:, ::2], {"s": i64(1, 0), "e": i64(9, 4), "a": i64(1, 2), "t": i64(1, 2)})
    operator("Slice backward", "Slice", z, z[:, :, ::-1], {"s": i64(-1), "e": i64(-9), "a": i64(2), "t": i64(-1)})
    operator("Slice of operator set 9", "Slice", z, z[:, 1:3], opset=9, starts=[1], ends=[3], axes=[1])
    operator("Gather", "Gather", z, z[:, [2, 0]], {"i": i64(2, 0)}, axis=1)
    operator("Gather of one", "Gather", z, z[:, 1], {"i": np.asarray(1, np.int64)}, axis=1)
    operator("Expand", "Expand", z[:, :1], np.broadcast_to(z[:, :1], (T, 3, 4)), {"shape": i64(1, 3, 4)})
    operator("Pad", "Pad", z, np.pad(z, ((0, 0), (0, 0), (2, 1))), {"pads": i64(0, 0, 2, 0, 0, 1)})
    operator("Pad by a number", "Pad", z, np.pad(z, ((0, 0), (1, 0), (0, 0)), constant_values=3), {"pads": i64(0, 1, 0, 0, 0, 0), "v": f32(3)})
    operator("Pad that reflects", "Pad", z, np.pad(z, ((0, 0), (0, 0), (1, 3)), mode="reflect"), {"pads": i64(0, 0, 1, 0, 0, 3)}, mode="reflect")
    operator("Pad of edges", "Pad", z, np.pad(z, ((0, 0), (2, 0), (0, 0)), mode="edge"), {"pads": i64(0, 2, 0, 0, 0, 0)}, mode="edge")
    long = r.normal(size=(T, 70)).astype(f32)
    operator("Pad that reflects many", "Pad", long, np.pad(long, ((0, 0), (0, 64)), mode="reflect"), {"pads": i64(0, 0, 0, 64)}, mode="reflect")
    nodes = [helper.make_node("Split", ["x", "n"], ["a", "b"], axis=2), helper.make_node("Tanh", ["b"], ["c"]),
             helper.make_node("Concat", ["c", "k", "a"], ["y"], axis=2)]
    k = r.normal(size=(1, 3, 2)).astype(f32)
    model = graph(nodes, {"x": [1, 3, 4]}, ["y"], {"n": i64(1, 3), "k": k})
    case("Split and Concat with a constant", model, {"x": z},
         {"y": np.concatenate([np.tanh(z[..., 1:]), np.broadcast_to(k, (T, 3, 2)), z[..., :1]], -1)})
    nodes = [helper.make_node("Transpose", ["x"], ["t"], perm=[1, 2, 0]), helper.make_node("Sigmoid", ["t"], ["s"]),
             helper.make_node("Concat", ["s", "t"], ["y"], axis=-1)]
    frame = r.normal(size=(T, 20)).astype(f32)
    case("Concat of two by turns", graph(nodes, {"x": [1, 1, 20]}, ["y"]), {"x": frame},
         {"y": np.stack([1 / (1 + np.exp(-frame.astype(np.float64))), frame], -1)})
    nodes = [helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Slice", ["s", "zero", "one"], ["first"]),
             helper.make_node("Mul", ["three", "four"], ["twelve"]),
             helper.make_node("Concat", ["first", "twelve"], ["target"], axis=0),
             helper.make_node("Reshape", ["x", "target"], ["flat"]), helper.make_node("Relu", ["flat"], ["y"])]
    model = graph(nodes, {"x": ["batch", 3, 4]}, ["y"], {"zero": i64(0), "one": i64(1), "three": i64(3), "four": i64(4)})
    case("Shape arithmetic", model, {"x": z}, {"y": np.maximum(z, 0)})
    nodes = [helper.make_node("Unsqueeze", ["x", "one"], ["u"]), helper.make_node("Identity", ["u"], ["i"]),
             helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), helper.make_node("Squeeze", ["f", "one"], ["y"])]
    case("what changes nothing", graph(nodes, {"x": [1, 3, 4]}, ["y"], {"one": i64(1)}), {"x": z}, {"y": z})


def norms():
    r = rng(4)
    x = r.normal(size=(T, 6)).astype(f32)
    w, b, m = (r.normal(size=(6,)).astype(f32) for _ in range(3))
    v = r.random(6).astype(f32) + f32(0.5)
    operator("BatchNormalization", "BatchNormalization", x, (x - m) / np.sqrt(v + 1e-3) * w + b,
             {"w": w, "b": b, "m": m, "v": v}, epsilon=1e-3)
    z = r.normal(size=(T, 2, 3)).astype(f32)
    c = [a[:2] for a in (w, b, m, v)]
    y = (z - c[2][:, None]) / np.sqrt(c[3][:, None] + 1e-5) * c[0][:, None] + c[1][:, None]
    operator("BatchNormalization of a frame", "BatchNormalization", z, y, dict(zip("wbmv", c)))
    d = x.astype(np.float64)
    norm = (d - d.mean(-1, keepdims=True)) / np.sqrt(d.var(-1, keepdims=True) + 1e-4)
    operator("LayerNormalization", "LayerNormalization", x, norm * w + b, {"w": w, "b": b}, opset=17, axis=-1, epsilon=1e-4)
    d = z.astype(np.float64)
    norm = (d - d.mean(-1, keepdims=True)) / np.sqrt(d.var(-1, keepdims=True) + 1e-5)
    operator("LayerNormalization of rows", "LayerNormalization", z, norm * w[:3] + b[:3], {"w": w[:3], "b": b[:3]}, opset=17)
    operator("ReduceMean", "ReduceMean", z, z.mean(2), axes=[2], keepdims=0)
    operator("ReduceSum", "ReduceSum", z, z.sum(1, keepdims=True), {"axes": np.asarray([1], np.int64)})
    operator("ReduceMax", "ReduceMax", z, z.max(1), axes=[1], keepdims=0)


def convolutions():
    r = rng(5)
    z = r.normal(size=(T, 3, 10)).astype(f32)
    for name, args, opset_pads in (
        ("Conv", dict(), 0), ("Conv with stride and padding", dict(stride=2, padding=2), 0),
        ("Conv with dilation", dict(dilation=3), 0), ("Conv in groups", dict(groups=3, padding=1), 0),
    ):
        conv = nn.Conv1d(3, 6, 3, **args)
        w, b = conv.weight.detach().numpy(), conv.bias.detach().numpy()
        y = conv(torch.tensor(z)).detach().numpy()
        operator(name, "Conv", z, y, {"w": w, "b": b}, kernel_shape=[3], strides=[args.get("stride", 1)],
                 dilations=[args.get("dilation", 1)], pads=[args.get("padding", 0)] * 2, group=args.get("groups", 1))
    conv = nn.Conv1d(3, 6, 4)
    w = conv.weight.detach().numpy()
    same = torch.nn.functional.conv1d(nn.functional.pad(torch.tensor(z), (1, 2)), conv.weight).detach().numpy()
    operator("Conv with automatic padding", "Conv", z, same, {"w": w}, auto_pad="SAME_UPPER")
    whole = nn.Conv1d(3, 6, 10, bias=False)
    operator("Conv over the whole frame", "Conv", z, whole(torch.tensor(z)).detach().numpy(), {"w": whole.weight.detach().numpy()})
    nodes = [helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), helper.make_node("Conv", ["t", "w"], ["c"]),
             helper.make_node("Relu", ["c"], ["r"]), helper.make_node("Transpose", ["r"], ["y"], perm=[0, 2, 1])]
    model = graph(nodes, {"x": [1, 10, 3]}, ["y"], {"w": w})
    y = torch.relu(torch.nn.functional.conv1d(torch.tensor(z), conv.weight)).detach().numpy()
    case("Conv of a frame with its channels last", model, {"x": z.transpose(0, 2, 1)}, {"y": y.transpose(0, 2, 1)})
    operator("MaxPool", "MaxPool", z, nn.MaxPool1d(3, 2, 1)(torch.tensor(z)).numpy(), kernel_shape=[3], strides=[2], pads=[1, 1])
    operator("AveragePool", "AveragePool", z, nn.AvgPool1d(2)(torch.tensor(z)).numpy(), kernel_shape=[2], strides=[2])


def exported(name, module, x, axes, time=None, batch_axis=None, last=False, opset=13):
    """PyTorch's export of a module; `time` is the axis of time in x and in y."""
    module.eval()
    file = io.BytesIO()
    torch.onnx.export(module, (x,), file, input_names=["x"], output_names=["y"], opset_version=opset,
                      dynamic_axes={"x": axes} if axes else None, do_constant_folding=False)
    with torch.no_grad():
        y = module(x)
    steps = lambda v: np.moveaxis(v.numpy(), time, 0) if time is not None else v.numpy()
    case(name, file.getvalue(), {"x": steps(x)}, {"y": y.numpy()[None] if last else steps(y)}, last)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 9), nn.LayerNorm(9), nn.PReLU(), nn.Dropout(0.5), nn.Linear(9, 4), nn.LogSoftmax(-1))

    def forward(self, x):
        return self.layers(x)


class Causal(nn.Module):
    """A temporal convolution network: padded on both sides, cut off behind."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(3, 5, 3, padding=2)
        self.second = nn.Conv1d(5, 4, 2)
        self.third = nn.Conv1d(4, 2, 1)

    def forward(self, x):
        x = torch.relu(self.first(x)[:, :, :-2])
        x = torch.tanh(self.second(nn.functional.pad(x, (1, 0))))
        return self.third(x)


class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.lead = nn.Linear(3, 5)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(torch.tanh(self.lead(x))[:, -1])


class Mean(Last):
    def forward(self, x):
        return self.head(torch.tanh(self.lead(x)).mean(1))


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 5)
        self.head = nn.Linear(5, 11)

    def forward(self, x):
        e = self.embedding(x)
        flat = self.head(e.reshape(x.size(0) * x.size(1), 5))
        return flat.reshape(x.size(0), x.size(1), 11)


def from_torch():
    torch.manual_seed(3)
    dynamic = {0: "batch", 1: "time"}
    exported("PyTorch: layers on [batch, time, features]", Mlp(), torch.randn(1, T, 6), dynamic, 1)
    exported("PyTorch: layers on [batch, features]", Mlp(), torch.randn(T, 6), {0: "batch"}, 0)
    exported("PyTorch: causal convolutions over time", Causal(), torch.randn(1, 3, T), {0: "batch", 2: "time"}, 2)
    exported("PyTorch: causal convolutions within a fixed frame", Causal(), torch.randn(1, 3, T), None)
    exported("PyTorch: the last timestep", Last(), torch.randn(1, T, 3), dynamic, 1, last=True)
    exported("PyTorch: the mean of all timesteps", Mean(), torch.randn(1, T, 3), dynamic, 1, last=True)
    exported("PyTorch: tokens", Tokens(), torch.randint(0, 11, (1, T)), dynamic, 1)


# Where several timesteps are one call of the model, the outputs are those of a batch of them: no operator mixes them.
for make in (elementwise, activations, products, quantized, float16, movements, norms, convolutions, from_torch):
    CASES.clear()
    make()
    path = pathlib.Path(__file__).parent / "operators" / f"{make.__name__.replace('_', '-')}.json"
    path.write_text(json.dumps(CASES, separators=(",", ":")) + "\n")
    print(path.name, len(CASES), "cases")
