"""Makes the golden fixtures of training with PyTorch in float64.

    python3 test/golden/train.py            (Debian's python3-torch)

Writes fixtures/train/cases.jsonl, a case a line, and fixtures/train/<file>.safetensors with their tensors.
A case is a graph as the model file holds it, one window of timesteps or two with the state carried over, and
what PyTorch gives for them: the loss of each window, the gradient of the last one, and ten updates.

A case, in JSON:
    name, file, prefix      its tensors are those of the file that begin with the prefix
    graph, loss, batchSize  as a Trainer takes them
    weighted                whether its rows weigh differently in the loss
    windows                 [{ timesteps, loss }]: consecutive, from the zero state; loss in float64
    updates                 { adam, adamw, sgd }: { …options, losses, norms }: ten windows, each followed by
                            an update; norms are those before clipping, which is active in the first.
                            The case's windows in turn, again and again, the state carried on throughout.
Its tensors:
    the parameters          F32, under the names that the graph gives them
    inputs, targets         of all windows, [timesteps, batch(, features)]: I32 tokens and classes, or F32
    weights                 F32 [timesteps, batch] of each row in the loss, where the case is weighted
    gradient/<parameter>    F64: the partial derivative of the last window's loss; the state that the window
                            starts from counts as a constant (truncated backpropagation)

The loss is the mean over rows, weighted where there are weights: sum(w l) / sum(w); a row's squared error is
the mean over its columns. Parameters and inputs are float32 numbers, used in float64.

Before updates the two biases of a layer become one: bias_ih is their sum, bias_hh is 0 and stays so. With
both trained, Adam would move their sum twice as far. Only the n block of a GRU with resetAfter keeps both.

The same machine writes the same bytes again; another one's BLAS may differ in the last bits of a float64.
"""

import json
import math
import pathlib
import struct

import torch

FIXTURES = pathlib.Path(__file__).parent / 'fixtures' / 'train'
CELLS = ('rnn-tanh', 'rnn-relu', 'lstm', 'gru-after', 'gru-before')
GATES = {'rnn-tanh': 1, 'rnn-relu': 1, 'lstm': 4, 'gru-after': 3, 'gru-before': 3}
# Weights are U(-gain/sqrt(inputs), gain/sqrt(inputs)): gates come near saturation, ReLU states to several.
GAIN = {'rnn-tanh': 1.5, 'rnn-relu': 1.5, 'lstm': 2, 'gru-after': 2, 'gru-before': 2}
UPDATES = 10
ADAM = {'learningRate': 1e-3, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-8}
# Ten updates move the loss by more than the tolerance only if the decay is strong.
ADAMW = {**ADAM, 'weightDecay': 1.0}
SGD = {'learningRate': 0.05, 'momentum': 0.9}
OPTIMIZERS = {'adam': ADAM, 'adamw': ADAMW, 'sgd': SGD}
# What PyTorch itself loses in float32 must stay this far below the tolerances that a float32 trainer is held
# to (1e-5 for gradients, 1e-4 for losses and norms), or the case is ill-conditioned and needs another seed.
GRADIENT_MARGIN = 2.5e-6
UPDATE_MARGIN = 2e-5
# A derivative of relu jumps at 0: no argument comes nearer than what float32 may err by.
KINK_MARGIN = 1e-5


# Graphs, as src/graph/definition.ts has them, while their parameters are drawn.


class Graph:
    def __init__(self, seed, kind, size):
        self.random = torch.Generator().manual_seed(seed)
        self.input = {'name': 'input', 'kind': kind, 'size': size}
        self.size = size
        self.nodes = []
        self.parameters = {}
        self.layers = 0

    def draw(self, name, shape, bound):
        if name not in self.parameters:
            values = torch.rand(shape, dtype=torch.float64, generator=self.random) * 2 - 1
            self.parameters[name] = round32(values * bound)
        return name

    def add(self, kind, name, size, **fields):
        before = self.nodes[-1]['name'] if self.nodes else 'input'
        self.nodes.append({'type': kind, 'name': name, 'input': before, **fields})
        self.size = size
        return self

    def embedding(self, size):
        weight = self.draw('embedding.weight', (self.size, size), 1.5)
        return self.add('embedding', 'embedding', size, tensors={'weight': weight})

    def dense(self, name, units, activation=None, bias=True, weight=None, gain=1.5):
        bound = gain / math.sqrt(self.size)
        tensors = {'weight': self.draw(weight or f'{name}.weight', (units, self.size), bound)}
        if bias:
            tensors['bias'] = self.draw(f'{name}.bias', (units,), bound)
        more = {} if activation is None else {'activation': activation}
        return self.add('dense', name, units, tensors=tensors, **more)

    def activation(self, activation):
        return self.add('activation', f'{activation}.{len(self.nodes)}', self.size, activation=activation)

    def cell(self, cell, hidden, biases=('bias_ih', 'bias_hh')):
        layer, rows = self.layers, GATES[cell] * hidden
        shapes = {'weight_ih': (rows, self.size), 'weight_hh': (rows, hidden)}
        shapes.update({bias: (rows,) for bias in biases})
        tensors = {}
        for role, shape in shapes.items():
            bound = GAIN[cell] / math.sqrt(shape[-1] if role.startswith('weight') else hidden)
            tensors[role] = self.draw(f'rnn.{role}_l{layer}', shape, bound)
        kind, *variant = cell.split('-')
        fields = {}
        if kind == 'rnn':
            fields['nonlinearity'] = variant[0]
        if kind == 'gru':
            fields['resetAfter'] = variant[0] == 'after'
        self.layers += 1
        return self.add(kind, f'rnn.l{layer}', hidden, tensors=tensors, **fields)

    def stack(self, cell, hidden, depth):
        for _ in range(depth):
            self.cell(cell, hidden)
        return self

    def json(self):
        outputs = [{'name': 'output', 'from': self.nodes[-1]['name']}]
        return {'inputs': [self.input], 'outputs': outputs, 'nodes': self.nodes}


# The same graphs in PyTorch.


def gru_before(x, h, w_ih, w_hh, b_ih, b_hh):
    """n = tanh(W x + b_ih + U (r * h) + b_hh): the original GRU, which PyTorch does not have"""
    u_r, u_z, u_n = w_hh.chunk(3)
    b_r, b_z, b_n = b_hh.chunk(3)
    rows = []
    for x_r, x_z, x_n in (torch.nn.functional.linear(x_t, w_ih, b_ih).chunk(3, -1) for x_t in x):
        r, z = torch.sigmoid(x_r + h @ u_r.T + b_r), torch.sigmoid(x_z + h @ u_z.T + b_z)
        n = torch.tanh(x_n + (r * h) @ u_n.T + b_n)
        h = (1 - z) * n + z * h
        rows.append(h)
    return torch.stack(rows), h


ACTIVATIONS = {'sigmoid': torch.sigmoid, 'tanh': torch.tanh, 'relu': torch.relu}
ACTIVATIONS['softmax'] = lambda x: torch.softmax(x, -1)


class Network:
    """A graph with parameters of its own and the states that it carries from window to window."""

    def __init__(self, graph, parameters, dtype):
        self.graph = graph
        self.parameters = {n: p.to(dtype, copy=True).requires_grad_() for n, p in parameters.items()}
        self.states = {}

    def forward(self, x):
        values = {'input': x}
        for node in self.graph['nodes']:
            values[node['name']] = self.node(node, values[node['input']])
        return values[self.graph['outputs'][0]['from']]

    def node(self, node, x):
        tensors = {role: self.parameters[name] for role, name in node.get('tensors', {}).items()}
        if node['type'] == 'embedding':
            return torch.nn.functional.embedding(x, tensors['weight'])
        if node['type'] == 'dense':
            y = torch.nn.functional.linear(x, tensors['weight'], tensors.get('bias'))
            return ACTIVATIONS[node['activation']](y) if 'activation' in node else y
        if node['type'] == 'activation':
            return ACTIVATIONS[node['activation']](x)
        return self.recurrent(node, x, tensors)

    def recurrent(self, node, x, tensors):
        w_ih, w_hh = tensors['weight_ih'], tensors['weight_hh']
        zeros = torch.zeros(len(w_ih), dtype=w_ih.dtype)
        weights = [w_ih, w_hh, tensors.get('bias_ih', zeros), tensors.get('bias_hh', zeros)]
        none = torch.zeros(1, x.shape[1], w_hh.shape[1], dtype=w_ih.dtype)
        h, c = self.states.get(node['name'], (none, none))
        native = (weights, True, 1, 0.0, True, False, False)  # biases, layers, dropout, training, …
        if node['type'] == 'lstm':
            y, h, c = torch.lstm(x, (h, c), *native)
        elif node['type'] == 'gru' and node['resetAfter']:
            y, h = torch.gru(x, h, *native)
        elif node['type'] == 'gru':
            y, last = gru_before(x, h[0], *weights)
            h = last.unsqueeze(0)
        elif node['nonlinearity'] == 'tanh':
            y, h = torch.rnn_tanh(x, h, *native)
        else:
            y, h = torch.rnn_relu(x, h, *native)
        self.states[node['name']] = (h.detach(), c.detach())
        return y

    def window(self, window, loss):
        """The loss of a window; afterwards every parameter has its gradient."""
        for parameter in self.parameters.values():
            parameter.grad = None
        dtype = next(iter(self.parameters.values())).dtype
        x, y, w = (t.to(dtype) if t.is_floating_point() else t for t in window)
        output = self.forward(x)
        if loss == 'cross-entropy':
            rows = torch.nn.functional.cross_entropy(output.flatten(0, 1), y.flatten(), reduction='none')
        else:
            rows = ((output - y) ** 2).mean(-1).flatten()
        value = (rows * w.flatten()).sum() / w.sum()
        value.backward()
        return value.item()

    def gradients(self):
        return {n: p.grad.to(torch.float64) for n, p in self.parameters.items()}


def merged(graph, parameters):
    """The parameters with each layer's two biases as one, and masks of what is trained of each bias_hh."""
    parameters, masks = dict(parameters), {}
    for node in graph['nodes']:
        b_ih, b_hh = (node.get('tensors', {}).get(bias) for bias in ('bias_ih', 'bias_hh'))
        if b_ih is None or b_hh is None:
            continue
        keep = torch.zeros_like(parameters[b_hh])
        if node.get('resetAfter'):
            keep[-len(keep) // 3 :] = 1
        parameters[b_ih] = round32(parameters[b_ih] + parameters[b_hh] * (1 - keep))
        parameters[b_hh] = parameters[b_hh] * keep
        masks[b_hh] = keep
    return parameters, masks


def optimizer_of(kind, parameters):
    if kind == 'sgd':
        return torch.optim.SGD(parameters, SGD['learningRate'], SGD['momentum'])
    adam = (ADAM['learningRate'], (ADAM['beta1'], ADAM['beta2']), ADAM['epsilon'])
    if kind == 'adam':
        return torch.optim.Adam(parameters, *adam)
    return torch.optim.AdamW(parameters, *adam, ADAMW['weightDecay'])


def update(case, kind, clip_norm, dtype):
    """Losses and norms before clipping of ten windows, each followed by an update."""
    parameters, masks = merged(case['graph'], case['parameters'])
    network = Network(case['graph'], parameters, dtype)
    for name, mask in masks.items():
        network.parameters[name].register_hook(lambda gradient, mask=mask.to(dtype): gradient * mask)
    trained = list(network.parameters.values())
    optimizer = optimizer_of(kind, trained)
    losses, norms = [], []
    for step in range(UPDATES):
        losses.append(network.window(case['windows'][step % len(case['windows'])], case['loss']))
        norms.append(torch.nn.utils.clip_grad_norm_(trained, clip_norm).item())
        optimizer.step()
    return losses, norms


# Cases.


def round32(x):
    """The nearest float32 numbers, as float64."""
    return x.to(torch.float32).to(torch.float64)


def draw_windows(graph, loss, batch, timesteps, weighted):
    """[(inputs, targets, weights)]"""
    random, windows = graph.random, []
    for length in timesteps:
        rows = (length, batch)
        if graph.input['kind'] == 'tokens':
            x = torch.randint(graph.input['size'], rows, generator=random)
        else:
            x = round32(torch.randn(*rows, graph.input['size'], dtype=torch.float64, generator=random))
        if loss == 'cross-entropy':
            y = torch.randint(graph.size, rows, generator=random)
        else:
            y = round32(torch.randn(*rows, graph.size, dtype=torch.float64, generator=random))
        w = torch.ones(rows, dtype=torch.float64)
        if weighted:  # a third of the rows does not count
            w = round32(torch.rand(rows, dtype=torch.float64, generator=random) * 1.5 - 0.5).clamp(min=0)
        windows.append((x, y, w))
    return windows


def case_of(name, graph, loss, batch, timesteps, weighted=False):
    windows = draw_windows(graph, loss, batch, timesteps, weighted)
    return {
        'name': name,
        'graph': graph.json(),
        'parameters': graph.parameters,
        'loss': loss,
        'batch': batch,
        'windows': windows,
        'weighted': weighted,
    }


def nearest_kink(case):
    """The least |argument| of a relu in all windows, and infinity where there is none."""
    least = [math.inf]
    plain, native = torch.relu, torch.rnn_relu

    def relu(x):
        least.append(x.abs().min().item())
        return plain(x)

    def rnn_relu(x, h, weights, *_):
        w_ih, w_hh, b_ih, b_hh = weights
        rows, state = [], h[0]
        for x_t in x:
            state = relu(x_t @ w_ih.T + b_ih + state @ w_hh.T + b_hh)
            rows.append(state)
        return torch.stack(rows), state.unsqueeze(0)

    torch.rnn_relu, ACTIVATIONS['relu'] = rnn_relu, relu
    try:
        network = Network(case['graph'], case['parameters'], torch.float64)
        for x, _, _ in case['windows']:
            network.forward(x)
    finally:
        torch.rnn_relu, ACTIVATIONS['relu'] = native, plain
    return min(least)


def run_windows(case, dtype):
    network = Network(case['graph'], case['parameters'], dtype)
    losses = [network.window(window, case['loss']) for window in case['windows']]
    return losses, network.gradients()


def difference(actual, expected):
    """Relative to the largest entry."""
    return ((actual - expected).abs().max() / expected.abs().max().clamp(min=1e-30)).item()


def run_updates(case, kind, options, clip_norm):
    losses, norms = update(case, kind, clip_norm, torch.float64)
    losses32, norms32 = update(case, kind, clip_norm, torch.float32)
    error = max(abs(a - b) for a, b in zip(losses, losses32))
    error = max(error, max(abs(a / b - 1) for a, b in zip(norms, norms32)))
    return {**options, 'clipNorm': clip_norm, 'losses': losses, 'norms': norms}, error


def three_digits(x):
    return float(f'{x:.3g}')


def run(case):
    """Adds what PyTorch gives; refuses a case in which float32 would not come near it."""
    case['losses'], case['gradients'] = run_windows(case, torch.float64)
    _, gradients32 = run_windows(case, torch.float32)
    errors = {n: difference(gradients32[n], g) for n, g in case['gradients'].items()}
    _, first = update(case, 'sgd', math.inf, torch.float64)
    clip_norm = three_digits(first[0] / 2)
    updates = {kind: run_updates(case, kind, OPTIMIZERS[kind], clip_norm) for kind in OPTIMIZERS}
    case['updates'] = {kind: result for kind, (result, _) in updates.items()}
    kink = nearest_kink(case)
    report(case, errors, updates, kink)
    if max(errors.values()) > GRADIENT_MARGIN or max(error for _, error in updates.values()) > UPDATE_MARGIN:
        raise SystemExit(f'{case["name"]}: ill-conditioned, choose another seed: {errors}')
    if kink < KINK_MARGIN:
        raise SystemExit(f'{case["name"]}: relu of {kink}, choose another seed')


def report(case, errors, updates, kink):
    parts = [f'loss {case["losses"][-1]:.3f}, in float32 gradients differ by {max(errors.values()):.1e}']
    for kind, (result, error) in updates.items():
        first, last = result['losses'][0], result['losses'][-1]
        parts.append(f'{kind} {first:.3f} → {last:.3f}, differs by {error:.1e}')
    if kink < math.inf:
        parts.append(f'nearest kink {kink:.0e}')
    print(f'{case["name"]:42} {"   ".join(parts)}')


def cell_cases(cell, seed):
    """Odd sizes, below, at and above a panel of 16; every depth, batch and length of window."""
    tokens = lambda number, vocabulary, size: Graph(seed + number, 'tokens', vocabulary).embedding(size)
    features = lambda number, size: Graph(seed + number, 'features', size)
    one = tokens(0, 11, 7).stack(cell, 5, 1).dense('head', 11)
    deep = tokens(1, 13, 1).stack(cell, 16, 3).dense('head', 13)
    language = tokens(2, 29, 19).stack(cell, 17, 2).dense('head', 29)
    classes = features(3, 7).stack(cell, 33, 1).dense('head', 10)
    series = features(4, 1).stack(cell, 5, 3).dense('head', 3)
    bare = features(5, 19).stack(cell, 16, 1)
    wide = features(6, 7).stack(cell, 33, 2).dense('head', 1)
    between = features(7, 7).dense('below', 17, 'tanh').cell(cell, 17).activation('sigmoid')
    between = between.dense('middle', 19, 'relu').cell(cell, 5).dense('head', 7, 'sigmoid').dense('top', 5)
    return [
        case_of(f'{cell} 5 of tokens, batch 1, unroll 1', one, 'cross-entropy', 1, [1, 1]),
        case_of(f'{cell} 16×3 of tokens, batch 3, unroll 7', deep, 'cross-entropy', 3, [7, 7]),
        case_of(f'{cell} 17×2 of tokens, batch 2, unroll 20', language, 'cross-entropy', 2, [20, 20]),
        case_of(f'{cell} 33, batch 16, unroll 7, then 5', classes, 'cross-entropy', 16, [7, 5]),
        case_of(f'{cell} 5×3, weights, batch 16', series, 'mean-squared-error', 16, [20, 20], True),
        case_of(f'{cell} 16 without head, batch 1, unroll 20', bare, 'mean-squared-error', 1, [20]),
        case_of(f'{cell} 33×2, batch 1, unroll 7', wide, 'mean-squared-error', 1, [7, 7]),
        case_of(f'{cell} between dense, weights, batch 3', between, 'cross-entropy', 3, [7, 7], True),
    ]


def graph_cases(seed):
    """What is not of one cell: stacks of several, graphs without any, biases missing, a tied weight."""
    features = lambda number, size: Graph(seed + number, 'features', size)
    tokens = lambda number, size: Graph(seed + number, 'tokens', size)
    mixed = lambda graph, *biases: [graph.cell(cell, 13 - 2 * n, *biases) for n, cell in enumerate(CELLS)][-1]
    dense = features(0, 7).dense('a', 17, 'sigmoid').activation('tanh').dense('b', 33, 'relu')
    dense = dense.dense('head', 11)
    softmax = features(1, 7).dense('a', 17, 'softmax').dense('b', 19, bias=False, gain=6)
    softmax = softmax.activation('softmax')
    lookup = tokens(2, 13).embedding(19).activation('relu').dense('head', 13)
    table = tokens(3, 11).embedding(5)
    biased = mixed(tokens(4, 13).embedding(7)).dense('head', 13)
    unbiased = mixed(tokens(5, 13).embedding(7), ()).dense('head', 13, bias=False)
    b_ih = mixed(features(6, 5), ('bias_ih',)).dense('head', 5)
    b_hh = mixed(features(7, 5), ('bias_hh',)).dense('head', 5)
    tied = tokens(8, 13).embedding(17).cell('lstm', 17).dense('head', 13, weight='embedding.weight')
    steep = tokens(9, 29).embedding(7).cell('lstm', 16).dense('head', 29, gain=60)
    return [
        case_of('dense layers only', dense, 'cross-entropy', 3, [7]),
        case_of('softmax within and as output', softmax, 'mean-squared-error', 2, [7]),
        case_of('embedding and head only', lookup, 'cross-entropy', 2, [7, 7]),
        case_of('embedding only', table, 'mean-squared-error', 2, [7], True),
        case_of('all cells in one stack', biased, 'cross-entropy', 3, [7, 7]),
        case_of('all cells without biases', unbiased, 'cross-entropy', 3, [7, 7]),
        case_of('all cells with bias_ih only', b_ih, 'mean-squared-error', 2, [7, 7]),
        case_of('all cells with bias_hh only', b_hh, 'mean-squared-error', 2, [7, 7]),
        case_of('one tensor as embedding and head', tied, 'cross-entropy', 2, [7, 7]),
        case_of('logits of great magnitude', steep, 'cross-entropy', 2, [7, 7]),
    ]


# Files.


def tensors_of(case):
    """Of one case, float32 where they are inputs to the trainer."""
    joined = [torch.cat(parts) for parts in zip(*case['windows'])]
    single = lambda t: t.to(torch.float32 if t.is_floating_point() else torch.int32)
    tensors = {name: single(value) for name, value in case['parameters'].items()}
    tensors['inputs'], tensors['targets'] = single(joined[0]), single(joined[1])
    if case['weighted']:
        tensors['weights'] = single(joined[2])
    tensors.update({f'gradient/{name}': value for name, value in case['gradients'].items()})
    return tensors


def line_of(case, file, prefix):
    lengths = [len(x) for x, _, _ in case['windows']]
    windows = [{'timesteps': t, 'loss': loss} for t, loss in zip(lengths, case['losses'])]
    fields = {'name': case['name'], 'file': file, 'prefix': prefix, 'graph': case['graph']}
    fields.update(loss=case['loss'], batchSize=case['batch'], weighted=case['weighted'])
    fields.update(windows=windows, updates=case['updates'])
    return json.dumps(fields, ensure_ascii=False, separators=(',', ':'))


DTYPES = {torch.float32: 'F32', torch.float64: 'F64', torch.int32: 'I32'}


def save_safetensors(path, tensors):
    """A header of names, dtypes, shapes and offsets in JSON, then the tensors, little-endian."""
    header, data = {}, b''
    for name, tensor in sorted(tensors.items(), key=lambda item: -item[1].element_size()):
        start, data = len(data), data + tensor.contiguous().numpy().tobytes()
        offsets = [start, len(data)]
        header[name] = {'dtype': DTYPES[tensor.dtype], 'shape': list(tensor.shape), 'data_offsets': offsets}
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + data)


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    lines = []
    files = {cell: cell_cases(cell, 2000 + 100 * n) for n, cell in enumerate(CELLS)}
    files['graphs'] = graph_cases(3000)
    for file, cases in files.items():
        tensors = {}
        for number, case in enumerate(cases):
            run(case)
            tensors.update({f'{number}/{name}': value for name, value in tensors_of(case).items()})
            lines.append(line_of(case, file, f'{number}/'))
        save_safetensors(FIXTURES / f'{file}.safetensors', tensors)
    (FIXTURES / 'cases.jsonl').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
