"""Makes the golden fixtures of every type of node with PyTorch in float64.

    python3 test/golden/contract.py         (Debian's python3-torch)

Writes fixtures/contract/cases.jsonl, a case a line, and fixtures/contract/cases.safetensors with their
tensors. A case is a graph as the model file holds it, one window of a batch of streams from the initial
states, and what PyTorch gives for it. Where PyTorch has a module or a function for a node it is used; else
the equations are written out here.

A case, in JSON:
    name, prefix            its tensors are those of the file that begin with the prefix
    graph, loss             of the graph's only output
    batchSize, timesteps    of the window
    lengths                 of each stream, where they differ
    memory                  timesteps of the encoder, where the graph has one
    lossValue               the mean over all rows within the lengths
Its tensors:
    the parameters          F32, under the names that the graph gives them
    inputs, targets         [timesteps, batch(, features)]: I32 tokens and classes, or F32
    memory                  the encoder's inputs, likewise
    outputs                 F64 [timesteps, batch, size], zeros beyond a length
    gradient/<parameter>    F64: the partial derivative of the loss; running statistics have none
    gradient/inputs         F64, where the inputs are features

Parameters and inputs are float32 numbers, used in float64.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from train import GATES, round32, save_safetensors

FIXTURES = pathlib.Path(__file__).parent / 'fixtures' / 'contract'
BATCH = 3
GATES = {**GATES, 'rnn': 1, 'gru': 3, 'mingru': 2, 'minlstm': 3}


class Case:
    """A graph while its parameters are drawn; `forward(parameters, x, memory)` is the same in PyTorch."""

    def __init__(self, name, seed, size, kind='features', timesteps=7, loss='mean-squared-error', lengths=None):
        self.name, self.loss, self.timesteps, self.lengths = name, loss, timesteps, lengths
        self.random = torch.Generator().manual_seed(seed)
        self.input = {'name': 'input', 'kind': kind, 'size': size}
        self.last = 'input'
        self.nodes, self.parameters, self.encoder = [], {}, None

    def draw(self, name, shape, bound=1.0, middle=0.0):
        values = torch.rand(shape, dtype=torch.float64, generator=self.random) * 2 - 1
        self.parameters[name] = round32(values * bound + middle)
        return name

    def node(self, kind, name, **fields):
        if 'inputs' not in fields:
            fields = {'input': self.last, **fields}
        self.nodes.append({'type': kind, 'name': name, **fields})
        self.last = name
        return self

    def cell(self, kind, name, inputs, hidden, roles=('bias_ih', 'bias_hh'), projected=None, blocks=None, **fields):
        """A recurrent node with its tensors; direction `both` has those of the backward half too."""
        blocks = blocks or GATES[kind]
        rows, size = blocks * hidden, projected or hidden
        shapes = {'weight_ih': (rows, inputs)}
        if kind not in ('mingru', 'minlstm'):
            shapes['weight_hh'] = (rows, size)
        for role in roles:
            shapes[role] = {
                'h0': (size,), 'c0': (hidden,), 'peephole': (3 * hidden,), 'weight_hr': (size, hidden),
                'norm_c_weight': (hidden,), 'norm_c_bias': (hidden,),
            }.get(role, (rows,))
        tensors = {}
        for half in ('', '_reverse') if fields.get('direction') == 'both' else ('',):
            for role, shape in shapes.items():
                bound = 2 / math.sqrt(shape[-1]) if role.startswith('weight') else 0.5
                middle = 1.0 if role.startswith('norm') and role.endswith('weight') else 0.0
                tensors[role + half] = self.draw(f'{name}.{role}{half}', shape, bound, middle)
        return self.node(kind, name, tensors=tensors, **fields)

    def weights(self, kind, name, shape, bias=True, **fields):
        bound = 1.5 / math.sqrt(math.prod(shape[1:]))
        tensors = {'weight': self.draw(f'{name}.weight', shape, bound)}
        if bias:
            tensors['bias'] = self.draw(f'{name}.bias', shape[:1], 0.5)
        return self.node(kind, name, tensors=tensors, **fields)

    def end_encoder(self, kind, size, timesteps):
        """What has been added so far is the encoder of what follows; its input is `memory`."""
        for node in self.nodes:
            node.update({'input': 'source'} if node.get('input') == 'input' else {})
        self.encoder = {'inputs': [{'name': 'source', 'kind': kind, 'size': size}], 'nodes': self.nodes}
        self.memory = timesteps
        self.nodes, self.last = [], 'input'
        return self

    def graph(self):
        encoder = {'encoder': self.encoder} if self.encoder else {}
        outputs = [{'name': 'output', 'from': self.last}]
        return {**encoder, 'inputs': [self.input], 'outputs': outputs, 'nodes': self.nodes}

    def by(self, forward):
        self.forward = forward
        return self


# What PyTorch has.


def module(kind, p, prefix, x, lengths=None, state=None):
    """PyTorch's nn.RNN, nn.LSTM or nn.GRU of one layer over x [timesteps, batch, features], and its last state."""
    own = {name[len(prefix) + 1 :]: value for name, value in p.items() if name.startswith(f'{prefix}.')}
    names = {}
    for role, value in own.items():
        base, half = (role[:-8], '_reverse') if role.endswith('_reverse') else (role, '')
        names[f'{base}_l0{half}'] = value
    hidden = own['weight_ih'].shape[0] // (1 if kind.startswith('rnn') else GATES[kind])
    options = {'bidirectional': 'weight_ih_reverse' in own, 'bias': 'bias_ih' in own}
    if 'weight_hr' in own:
        options['proj_size'] = own['weight_hr'].shape[0]
    if kind.startswith('rnn'):
        options['nonlinearity'] = kind.split('-')[1]
    made = {'lstm': torch.nn.LSTM, 'gru': torch.nn.GRU}.get(kind, torch.nn.RNN)
    network = made(x.shape[-1], hidden, **options).to(torch.float64)
    # What the module reads: setting its parameters would part them from the gradients that are wanted.
    network._flat_weights = [names[name] for name in network._flat_weights_names]
    if lengths is None:
        return network(x, state)
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    y, last = network(packed, state)
    return pad_packed_sequence(y, total_length=x.shape[0])[0], last


def stack(kind, depth, lengths=None):
    def forward(p, x, _):
        for layer in range(depth):
            x, _ = module(kind, p, f'l{layer}', x, lengths)
        return x

    return forward


# Equations, over x [timesteps, batch, features]; `steps` gives what they have for a timestep.


def scan(x, state, step, reverse=False):
    rows = []
    for x_t in reversed(list(x)) if reverse else x:
        state = step(x_t, state)
        rows.append(state[0])
    return torch.stack(rows[::-1] if reverse else rows)


def zeros(x, size):
    return torch.zeros(x.shape[1], size, dtype=x.dtype)


def lstm_variant(p, x, prefix='cell', half='', gate=torch.sigmoid, candidate=torch.tanh, output=torch.tanh,
                 coupled=False, cell_clip=math.inf, gate_clip=math.inf, epsilon=1e-5, reverse=False):
    get = lambda role: p.get(f'{prefix}.{role}{half}')
    w_ih, w_hh = get('weight_ih'), get('weight_hh')
    blocks = 3 if coupled else 4
    hidden = w_ih.shape[0] // blocks
    peephole = get('peephole')
    p_i, p_f, p_o = peephole.chunk(3) if peephole is not None else (0, 0, 0)
    bias = sum(b for b in (get('bias_ih'), get('bias_hh')) if b is not None)

    def norm(y, name):
        weight, shift = get(f'norm_{name}_weight'), get(f'norm_{name}_bias')
        return y if weight is None else F.layer_norm(y, y.shape[-1:], weight, shift, epsilon)

    def step(x_t, state):
        h, c = state
        a = norm(x_t @ w_ih.T, 'ih') + norm(h @ w_hh.T, 'hh') + bias
        parts = a.chunk(blocks, -1)
        a_i, (a_f, a_g, a_o) = (None, parts) if coupled else (parts[0], parts[1:])
        clip = lambda y: y.clamp(-gate_clip, gate_clip)
        f = gate(clip(a_f + p_f * c))
        i = 1 - f if coupled else gate(clip(a_i + p_i * c))
        c = (f * c + i * candidate(clip(a_g))).clamp(-cell_clip, cell_clip)
        h = gate(clip(a_o + p_o * c)) * output(norm(c, 'c'))
        return (h if get('weight_hr') is None else h @ get('weight_hr').T), c

    h0, c0 = get('h0'), get('c0')
    h = zeros(x, w_hh.shape[1]) if h0 is None else h0.expand(x.shape[1], -1)
    c = zeros(x, hidden) if c0 is None else c0.expand(x.shape[1], -1)
    return scan(x, (h, c), step, reverse)


def gru_variant(p, x, prefix='cell', gate=torch.sigmoid, candidate=torch.tanh, after=True, gate_clip=math.inf):
    get = lambda role: p.get(f'{prefix}.{role}')
    w_ih, w_hh, b_ih, b_hh = (get(role) for role in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'))
    u_r, u_z, u_n = w_hh.chunk(3)
    b_r, b_z, b_n = b_hh.chunk(3)
    clip = lambda y: y.clamp(-gate_clip, gate_clip)

    def step(x_t, state):
        h = state[0]
        x_r, x_z, x_n = (x_t @ w_ih.T + b_ih).chunk(3, -1)
        r, z = gate(clip(x_r + h @ u_r.T + b_r)), gate(clip(x_z + h @ u_z.T + b_z))
        recurrent = r * (h @ u_n.T + b_n) if after else (r * h) @ u_n.T + b_n
        n = candidate(clip(x_n + recurrent))
        return ((1 - z) * n + z * h,)

    h0 = get('h0')
    h = zeros(x, w_hh.shape[1]) if h0 is None else h0.expand(x.shape[1], -1)
    return scan(x, (h,), step)


def rnn_variant(p, x, activation):
    def step(x_t, state):
        (h,) = state
        a = x_t @ p['cell.weight_ih'].T + p['cell.bias_ih'] + h @ p['cell.weight_hh'].T + p['cell.bias_hh']
        return (activation(a),)

    return scan(x, (p['cell.h0'].expand(x.shape[1], -1),), step)


def minimal(p, x, kind, candidate=lambda y: y, half='', reverse=False):
    a = x @ p[f'cell.weight_ih{half}'].T + p[f'cell.bias_ih{half}']
    parts = a.chunk(2 if kind == 'mingru' else 3, -1)
    n = candidate(parts[-1])
    if kind == 'mingru':
        z = torch.sigmoid(parts[0])
        keep, take = 1 - z, z
    else:
        f, i = torch.sigmoid(parts[0]), torch.sigmoid(parts[1])
        keep, take = f / (f + i), i / (f + i)
    rows, h = [], p[f'cell.h0{half}']
    order = range(len(x) - 1, -1, -1) if reverse else range(len(x))
    for t in order:
        h = keep[t] * h + take[t] * n[t]
        rows.append(h)
    return torch.stack(rows[::-1] if reverse else rows)


def causal(x, weight, bias, stride=1, dilation=1):
    """[timesteps, batch, frames * channels] → [timesteps, batch, frames / stride * units]"""
    timesteps, batch, _ = x.shape
    channels, kernel = weight.shape[1:]
    line = x.reshape(timesteps, batch, -1, channels).permute(1, 3, 0, 2).flatten(2)
    padded = F.pad(line, ((kernel - 1) * dilation - (stride - 1), 0))
    y = F.conv1d(padded, weight, bias, stride, 0, dilation)
    return y.unflatten(2, (timesteps, -1)).permute(2, 0, 3, 1).flatten(2)


def framed(x, channels, layout, function):
    """A function of [rows, channels, width] on values in a layout."""
    timesteps, batch, _ = x.shape
    rows = x.flatten(0, 1)
    if layout == 'channels-first':
        y = function(rows.unflatten(1, (channels, -1)))
    else:
        y = function(rows.unflatten(1, (-1, channels)).transpose(1, 2)).transpose(1, 2)
    return y.flatten(1).unflatten(0, (timesteps, batch))


# Cases.


def recurrent_cases():
    for n, kind in enumerate(('rnn-tanh', 'rnn-relu', 'lstm', 'gru')):
        fields = {'nonlinearity': kind.split('-')[1]} if kind.startswith('rnn') else {}
        fields.update({'resetAfter': True} if kind == 'gru' else {})
        both = {'direction': 'both', **fields}
        for lengths in (None, [7, 1, 4]):
            name = f'{kind}, both directions, depth 2' + (', lengths' if lengths else '')
            case = Case(name, 100 + n, 3, lengths=lengths)
            case.cell(kind.split('-')[0], 'l0', 3, 7, **both).cell(kind.split('-')[0], 'l1', 14, 5, **both)
            yield case.by(stack(kind, 2, lengths))
        case = Case(f'{kind}, backward', 110 + n, 3)
        case.cell(kind.split('-')[0], 'l0', 3, 7, direction='backward', **fields)
        yield case.by(lambda p, x, _, kind=kind: module(kind, p, 'l0', x.flip(0))[0].flip(0))
    for n, merge in enumerate(('sum', 'mul', 'average')):
        def forward(p, x, _, merge=merge):
            a, b = module('gru', p, 'l0', x)[0].chunk(2, -1)
            return a * b if merge == 'mul' else (a + b) / (1 if merge == 'sum' else 2)

        case = Case(f'gru, merge {merge}', 120 + n, 5)
        yield case.cell('gru', 'l0', 5, 7, direction='both', merge=merge, resetAfter=True).by(forward)
    projected = {'roles': ('bias_ih', 'bias_hh', 'weight_hr'), 'projected': 3, 'direction': 'both'}
    case = Case('lstm, projected, both directions, depth 2', 130, 5)
    case.cell('lstm', 'l0', 5, 7, **projected).cell('lstm', 'l1', 6, 9, **projected)
    yield case.by(stack('lstm', 2))


HARD = {'type': 'hard-sigmoid', 'alpha': 1 / 6, 'beta': 0.5}
NORMS = tuple(f'norm_{name}_{role}' for name in ('ih', 'hh', 'c') for role in ('weight', 'bias'))
BIASES = ('bias_ih', 'bias_hh')


def lstm_cases():
    leaky = lambda y: F.leaky_relu(y, 0.2)
    # F.hardsigmoid, whose backward has 1/6 in float32 only.
    hard = lambda y: F.hardtanh(y / 6 + 0.5, 0, 1)
    variants = {
        'peepholes': ((*BIASES, 'peephole'), {}, {}),
        'coupled gates': (BIASES, {'coupled': True}, {'coupled': True}),
        'coupled gates and peepholes': ((*BIASES, 'peephole'), {'coupled': True}, {'coupled': True}),
        'cell clip': (BIASES, {'cellClip': 0.25}, {'cell_clip': 0.25}),
        'gate clip': (BIASES, {'gateClip': 0.5}, {'gate_clip': 0.5}),
        'layer norms': ((*BIASES, *NORMS), {'epsilon': 1e-3}, {'epsilon': 1e-3}),
        'hard sigmoid': (BIASES, {'gateActivation': HARD}, {'gate': hard}),
        'softsign and leaky relu': (
            BIASES,
            {'candidateActivation': 'softsign', 'outputActivation': {'type': 'leaky-relu', 'alpha': 0.2}},
            {'candidate': F.softsign, 'output': leaky},
        ),
        'initial states': ((*BIASES, 'h0', 'c0'), {}, {}),
        'everything': (
            (*BIASES, *NORMS, 'h0', 'c0', 'peephole', 'weight_hr'),
            {'cellClip': 0.5, 'gateClip': 1.5, 'gateActivation': HARD, 'outputActivation': 'elu'},
            {'cell_clip': 0.5, 'gate_clip': 1.5, 'gate': hard, 'output': F.elu},
        ),
    }
    for n, (name, (roles, fields, options)) in enumerate(variants.items()):
        blocks = 3 if fields.get('coupled') else 4
        projected = 3 if 'weight_hr' in roles else None
        case = Case(f'lstm, {name}', 200 + n, 5)
        case.cell('lstm', 'cell', 5, 7, roles, projected, blocks, **fields)
        yield case.by(lambda p, x, _, options=options: lstm_variant(p, x, **options))

    def both(p, x, _):
        return torch.cat([lstm_variant(p, x), lstm_variant(p, x, half='_reverse', reverse=True)], -1)

    roles = (*BIASES, 'h0', 'c0', 'peephole')
    case = Case('lstm, peepholes, both directions', 220, 3)
    yield case.cell('lstm', 'cell', 3, 5, roles, direction='both').by(both)


def gru_cases():
    roles = (*BIASES, 'h0')
    hard = lambda y: F.hardtanh(0.2 * y + 0.5, 0, 1)
    for n, after in enumerate((True, False)):
        fields = {'gateActivation': 'hard-sigmoid', 'candidateActivation': 'relu', 'resetAfter': after}
        case = Case(f'gru, hard sigmoid and relu, {"after" if after else "before"}', 300 + n, 5)
        case.cell('gru', 'cell', 5, 7, roles, **fields)
        yield case.by(lambda p, x, _, after=after: gru_variant(p, x, gate=hard, candidate=torch.relu, after=after))
        case = Case(f'gru, gate clip, {"after" if after else "before"}', 310 + n, 5)
        case.cell('gru', 'cell', 5, 7, roles, gateClip=0.75, resetAfter=after)
        yield case.by(lambda p, x, _, after=after: gru_variant(p, x, after=after, gate_clip=0.75))
    named = {'identity': lambda y: y, 'elu': F.elu, 'clip': F.hardtanh, 'softsign': F.softsign}
    for n, (name, function) in enumerate(named.items()):
        case = Case(f'rnn, {name}', 320 + n, 5).cell('rnn', 'cell', 5, 7, roles, nonlinearity=name)
        yield case.by(lambda p, x, _, function=function: rnn_variant(p, x, function))
    for n, kind in enumerate(('mingru', 'minlstm')):
        case = Case(kind, 340 + n, 5).cell(kind, 'cell', 5, 7, ('bias_ih', 'h0'))
        yield case.by(lambda p, x, _, kind=kind: minimal(p, x, kind))

        def both(p, x, _, kind=kind):
            forward = minimal(p, x, kind, torch.tanh)
            return forward + minimal(p, x, kind, torch.tanh, '_reverse', True)

        fields = {'candidateActivation': 'tanh', 'direction': 'both', 'merge': 'sum'}
        yield Case(f'{kind}, both', 350 + n, 5).cell(kind, 'cell', 5, 7, ('bias_ih', 'h0'), **fields).by(both)


def frame_cases():
    for n, (frames, kernel, stride, dilation) in enumerate(
        ((1, 3, 1, 1), (1, 2, 1, 4), (4, 3, 2, 1), (6, 5, 3, 2), (4, 1, 4, 1))
    ):
        name = f'convolution of {frames} frames, kernel {kernel}, stride {stride}, dilation {dilation}'
        case = Case(name, 400 + n, frames * 3)
        case.weights('convolution', 'conv', (5, 3, kernel), stride=stride, dilation=dilation, activation='tanh')

        def forward(p, x, _, stride=stride, dilation=dilation):
            return torch.tanh(causal(x, p['conv.weight'], p['conv.bias'], stride, dilation))

        yield case.by(forward)
    seed = 420
    for layout in ('channels-last', 'channels-first'):
        for stride, dilation, padding in ((1, 1, 0), (2, 1, 1), (1, 2, 3)):
            def forward(p, x, _, layout=layout, options=(stride, padding, dilation)):
                convolve = lambda frame: F.conv1d(frame, p['conv.weight'], p['conv.bias'], *options)
                return torch.relu(framed(x, 3, layout, convolve))

            name = f'frame convolution {layout}, stride {stride}, dilation {dilation}, padding {padding}'
            case = Case(name, seed, 27)
            fields = {'stride': stride, 'dilation': dilation, 'padding': padding, 'layout': layout}
            yield case.weights('frame-convolution', 'conv', (5, 3, 3), activation='relu', **fields).by(forward)
            seed += 1
        for kernel, stride, padding in ((2, 2, 0), (3, 2, 1), (4, 1, 2)):
            for operation, pool in (('max', F.max_pool1d), ('average', F.avg_pool1d)):
                def forward(p, x, _, layout=layout, pool=pool, options=(kernel, stride, padding)):
                    return framed(x @ p['dense.weight'].T, 3, layout, lambda frame: pool(frame, *options))

                name = f'{operation} pooling {layout}, kernel {kernel}, stride {stride}, padding {padding}'
                fields = {'operation': operation, 'channels': 3, 'kernel': kernel, 'stride': stride}
                case = Case(name, seed, 5).weights('dense', 'dense', (21, 5), bias=False)
                yield case.node('frame-pooling', 'pool', padding=padding, layout=layout, **fields).by(forward)
                seed += 1


def norm_cases():
    case = Case('layernorm', 500, 5).weights('dense', 'dense', (7, 5))
    tensors = {'weight': case.draw('norm.weight', (7,), 0.5, 1), 'bias': case.draw('norm.bias', (7,))}

    def layer_norm(p, x, _):
        y = F.linear(x, p['dense.weight'], p['dense.bias'])
        return F.layer_norm(y, (7,), p['norm.weight'], p['norm.bias'], 1e-3)

    yield case.node('layernorm', 'norm', tensors=tensors, epsilon=1e-3).by(layer_norm)
    for n, layout in enumerate(('channels-last', 'channels-first')):
        case = Case(f'batchnorm {layout}', 510 + n, 5).weights('dense', 'dense', (21, 5))
        roles = ('weight', 'bias', 'running_mean', 'running_var')
        tensors = {role: case.draw(f'norm.{role}', (3,), 0.5, 1) for role in roles}

        def batch_norm(p, x, _, layout=layout):
            y = F.linear(x, p['dense.weight'], p['dense.bias'])
            own = [p[f'norm.{role}'] for role in ('running_mean', 'running_var', 'weight', 'bias')]
            return framed(y, 3, layout, lambda frame: F.batch_norm(frame, *own))

        yield case.node('batchnorm', 'norm', tensors=tensors, layout=layout).by(batch_norm)


def pointwise_cases():
    functions = {
        'hard-sigmoid': lambda y: F.hardtanh(0.2 * y + 0.5, 0, 1),
        'leaky-relu': F.leaky_relu,
        'elu': F.elu,
        'softsign': F.softsign,
        'clip': F.hardtanh,
        'softmax': lambda y: torch.softmax(y, -1),
    }
    for n, (name, function) in enumerate(functions.items()):
        case = Case(f'activation {name}', 600 + n, 5).weights('dense', 'dense', (17, 5))

        def forward(p, x, _, function=function):
            return function(2 * F.linear(x, p['dense.weight'], p['dense.bias']))

        case.node('add', 'twice', inputs=['dense', 'dense']).node('activation', 'y', activation=name)
        yield case.by(forward)
    case = Case('a residual block of tokens', 610, 11, 'tokens', loss='cross-entropy')
    case.node('embedding', 'embedding', tensors={'weight': case.draw('embedding.weight', (11, 7))})
    case.cell('gru', 'l0', 7, 7, resetAfter=True).node('dropout', 'dropout', rate=0.5)
    case.node('add', 'residual', inputs=['dropout', 'embedding']).node('slice', 'left', start=1, size=3)
    case.node('slice', 'right', input='residual', start=4, size=3).node('mul', 'gated', inputs=['left', 'right'])
    case.node('concat', 'joined', inputs=['gated', 'residual', 'left']).weights('dense', 'head', (11, 13))

    def residual(p, x, _):
        x = F.embedding(x, p['embedding.weight'])
        y = module('gru', p, 'l0', x)[0] + x
        left, right = y[..., 1:4], y[..., 4:7]
        return F.linear(torch.cat([left * right, y, left], -1), p['head.weight'], p['head.bias'])

    yield case.by(residual)
    pools = {
        'max': lambda y: y.cummax(0).values,
        'sum': lambda y: y.cumsum(0),
        'mean': lambda y: y.cumsum(0) / torch.arange(1, len(y) + 1, dtype=y.dtype)[:, None, None],
    }
    for n, (operation, pool) in enumerate(pools.items()):
        case = Case(f'time pooling {operation}', 620 + n, 5).weights('dense', 'dense', (7, 5), bias=False)
        forward = lambda p, x, _, pool=pool: pool(x @ p['dense.weight'].T)
        yield case.node('time-pooling', 'pool', operation=operation).by(forward)


def encoder_cases():
    """An LSTM that goes on where another ends; then one that begins with what is made of both directions."""
    for n, size in enumerate((7, None)):
        case = Case('encoder and decoder' + (', both directions' if size is None else ''), 700 + n, 9, 'tokens',
                    timesteps=5, loss='cross-entropy')
        scale = 1 / math.sqrt(7)
        case.node('embedding', 'reading', tensors={'weight': case.draw('reading.weight', (9, 5))})
        if size:
            case.cell('lstm', 'encoder', 5, 7).end_encoder('tokens', 9, 6)
            initial = {'h': 'encoder.h', 'c': 'encoder.c'}
        else:
            case.cell('lstm', 'encoder', 5, 7, direction='both', merge='sum')
            case.weights('dense', 'bridge', (7, 7), activation='tanh').end_encoder('tokens', 9, 6)
            initial = {'h': 'bridge', 'c': 'encoder.reverse.c'}
        case.node('embedding', 'embedding', tensors={'weight': case.draw('embedding.weight', (9, 5))})
        case.cell('lstm', 'decoder', 5, 7, initial=initial)
        case.node('attention', 'attention', memory='encoder', scale=scale)
        case.node('concat', 'joined', inputs=['decoder', 'attention']).weights('dense', 'head', (9, 14))

        def forward(p, x, source, size=size, scale=scale):
            memory, (h, c) = module('lstm', p, 'encoder', F.embedding(source, p['reading.weight']))
            if size is None:
                memory = memory[..., :7] + memory[..., 7:]
                h = torch.tanh(F.linear(memory[-1:], p['bridge.weight'], p['bridge.bias']))
                c = c[1:]
            y, _ = module('lstm', p, 'decoder', F.embedding(x, p['embedding.weight']), state=(h, c))
            a = torch.softmax(scale * torch.einsum('tbk,mbk->tbm', y, memory), -1)
            attended = torch.einsum('tbm,mbk->tbk', a, memory)
            return F.linear(torch.cat([y, attended], -1), p['head.weight'], p['head.bias'])

        yield case.by(forward)


# Files.


def draw_rows(case, kind, size, timesteps):
    if kind == 'tokens':
        return torch.randint(size, (timesteps, BATCH), generator=case.random)
    return round32(torch.randn(timesteps, BATCH, size, dtype=torch.float64, generator=case.random))


def run(case):
    """The line and the tensors of a case."""
    fixed = lambda name: '.running_' in name
    parameters = {n: p.clone().requires_grad_(not fixed(n)) for n, p in case.parameters.items()}
    x = draw_rows(case, case.input['kind'], case.input['size'], case.timesteps)
    source = None
    if case.encoder:
        read = case.encoder['inputs'][0]
        source = draw_rows(case, read['kind'], read['size'], case.memory)
    wanted = {name: value for name, value in parameters.items() if value.requires_grad}
    if x.is_floating_point():
        wanted['inputs'] = x.requires_grad_()
    outputs = case.forward(parameters, x, source)
    lengths = torch.tensor(case.lengths or [case.timesteps] * BATCH)
    inside = torch.arange(case.timesteps)[:, None] < lengths
    if case.loss == 'cross-entropy':
        y = torch.randint(outputs.shape[-1], x.shape[:2], generator=case.random)
        rows = F.cross_entropy(outputs.flatten(0, 1), y.flatten(), reduction='none').unflatten(0, x.shape[:2])
    else:
        y = round32(torch.randn(outputs.shape, dtype=torch.float64, generator=case.random))
        rows = ((outputs - y) ** 2).mean(-1)
    loss = rows[inside].mean()
    gradients = torch.autograd.grad(loss, list(wanted.values()))
    single = lambda t: t.detach().to(torch.float32 if t.is_floating_point() else torch.int32)
    tensors = {name: single(value) for name, value in parameters.items()}
    tensors.update(inputs=single(x), targets=single(y), outputs=outputs.detach() * inside[..., None])
    tensors.update({f'gradient/{name}': gradient for name, gradient in zip(wanted, gradients)})
    line = {'name': case.name, 'graph': case.graph(), 'loss': case.loss, 'batchSize': BATCH}
    line.update(timesteps=case.timesteps, lossValue=loss.item())
    if case.lengths:
        line['lengths'] = case.lengths
    if case.encoder:
        line['memory'], tensors['memory'] = case.memory, single(source)
    return line, tensors


def plain_cases():
    """The arithmetic of plain nodes; a cell spelt out in them."""
    case = Case('sub, div, affine, prelu', 800, 5).weights('dense', 'a', (7, 5))
    case.weights('dense', 'b', (7, 5), input='input', activation='sigmoid')
    tensors = {'weight': case.draw('divisor.weight', (7,), 0.3, 1.0), 'bias': case.draw('divisor.bias', (7,), 0.2, 1.0)}
    case.node('affine', 'divisor', input='b', tensors=tensors).node('sub', 'difference', inputs=['a', 'b'])
    case.node('div', 'ratio', inputs=['difference', 'divisor'])
    case.node('prelu', 'y', tensors={'weight': case.draw('y.weight', (7,), 0.5)})

    def arithmetic(p, x, _):
        a, b = (F.linear(x, p[f'{name}.weight'], p[f'{name}.bias']) for name in 'ab')
        b = torch.sigmoid(b)
        y = (a - b) / (p['divisor.weight'] * b + p['divisor.bias'])
        return torch.where(y > 0, y, p['y.weight'] * y)

    yield case.by(arithmetic)
    for n, (name, function) in enumerate({'sqrt': torch.sqrt, 'log-softmax': lambda y: F.log_softmax(y, -1)}.items()):
        case = Case(f'activation {name}', 801 + n, 5).weights('dense', 'dense', (7, 5), activation='sigmoid')

        def forward(p, x, _, function=function):
            return function(torch.sigmoid(F.linear(x, p['dense.weight'], p['dense.bias'])))

        yield case.node('activation', 'y', activation=name).by(forward)
    case = Case('a cell of plain nodes', 810, 5)
    case.node('state', 'before', input='h', size=7, tensors={'initial': case.draw('before.initial', (7,), 0.5)})
    case.weights('dense', 'recurrent', (7, 7), input='before').weights('dense', 'lead', (7, 5), input='input')
    case.node('add', 'sum', inputs=['recurrent', 'lead']).node('activation', 'h', activation='tanh')

    def spelt_out(p, x, _):
        h, outputs = p['before.initial'].expand(x.shape[1], -1), []
        for row in x:
            recurrent = F.linear(h, p['recurrent.weight'], p['recurrent.bias'])
            h = torch.tanh(recurrent + F.linear(row, p['lead.weight'], p['lead.bias']))
            outputs.append(h)
        return torch.stack(outputs)

    yield case.by(spelt_out)
    case = Case('quantize', 820, 5).weights('dense', 'dense', (17, 5))
    # A power of two: PyTorch takes the reciprocal of the scale, and multiplies by the scale, in float32.
    limits = {'scale': 1 / 16, 'zeroPoint': 3, 'low': -8, 'high': 20}
    case.node('quantize', 'quantized', **limits).weights('dense', 'head', (3, 17))

    def quantized(p, x, _):
        y = F.linear(x, p['dense.weight'], p['dense.bias'])
        y = torch.fake_quantize_per_tensor_affine(y, *limits.values())
        return F.linear(y, p['head.weight'], p['head.bias'])

    yield case.by(quantized)


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    lines, tensors = [], {}
    makers = (recurrent_cases, lstm_cases, gru_cases, frame_cases, norm_cases, pointwise_cases, encoder_cases, plain_cases)
    for number, case in enumerate(case for maker in makers for case in maker()):
        line, own = run(case)
        line['prefix'] = f'{number}/'
        tensors.update({f'{number}/{name}': value for name, value in own.items()})
        lines.append(json.dumps(line, separators=(',', ':')))
    save_safetensors(FIXTURES / 'cases.safetensors', tensors)
    (FIXTURES / 'cases.jsonl').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
