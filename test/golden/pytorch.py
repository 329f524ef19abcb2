"""Makes the golden fixtures with PyTorch in float64.

    python3 test/golden/pytorch.py            (Debian's python3-torch, and: pip install safetensors)

Writes fixtures/*.safetensors beside it: one file per cell, one for the language model, one for dense layers.
Weights, biases and inputs are float32 numbers (rounded first, then used in float64); what is expected is
float64. Recurrent layers start from zero states and run for 100 timesteps of N(0, 1) inputs.

A stack of three layers holds the stacks of one and two: its lower layers do not see the upper ones. So a file
has one stack of three for each size, and the script checks that PyTorch's stacks of one and two agree.

Tensors of a size, under the prefix `<input>x<hidden>/`:
    inputs          F32 [100, input]
    rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0 …   F32, as in a state_dict
    h_l0 …          F64 [100, hidden], and c_l0 … for the LSTM
    gates_l0 …      F64 [10, gates*hidden] after their activations (LSTM i,f,g,o; GRU r,z,n)
    gate_timesteps  I32 [10], to which the rows of the gates belong
"""

import math
import pathlib

import torch
from safetensors.numpy import save_file

TIMESTEPS = 100
GATE_TIMESTEPS = list(range(9, TIMESTEPS, 10))
SIZES = [(5, 33), (16, 16)]
DEPTH = 3
GATES = {'rnn-tanh': 1, 'rnn-relu': 1, 'lstm': 4, 'gru-after': 3, 'gru-before': 3}
# Weights are U(-gain/sqrt(hidden), gain/sqrt(hidden)). The gains drive gates to saturation, c beyond 1, and
# ReLU states to several. They stop where the equations in float32 (report_float32) would come closer than a
# factor of 3 to 2e-6, the bound that a float32 runtime is held to.
GAIN = {'rnn-tanh': 1.5, 'rnn-relu': 1.5, 'lstm': 2.5, 'gru-after': 2.5, 'gru-before': 2.5}
FIXTURES = pathlib.Path(__file__).parent / 'fixtures'
AGREEMENT = 1e-12


def round32(x):
    """The nearest float32 numbers, as float64."""
    return x.to(torch.float32).to(torch.float64)


def uniform(shape, bound, random):
    return round32((torch.rand(shape, dtype=torch.float64, generator=random) * 2 - 1) * bound)


def gaussian(shape, random):
    return round32(torch.randn(shape, dtype=torch.float64, generator=random))


def draw_layers(cell, inputs, hidden, depth, random):
    """The state_dict of an nn.RNN, nn.LSTM or nn.GRU, biases not zero."""
    bound = GAIN[cell] / math.sqrt(hidden)
    rows = GATES[cell] * hidden
    weights = {}
    for layer in range(depth):
        columns = inputs if layer == 0 else hidden
        weights[f'weight_ih_l{layer}'] = uniform((rows, columns), bound, random)
        weights[f'weight_hh_l{layer}'] = uniform((rows, hidden), bound, random)
        weights[f'bias_ih_l{layer}'] = uniform((rows,), bound, random)
        weights[f'bias_hh_l{layer}'] = uniform((rows,), bound, random)
    return weights


# The cells by their equations. x: [input], h, c: [hidden]; returns gates, h', c'.


def rnn_step(activation):
    def step(x, h, c, w_ih, w_hh, b_ih, b_hh):
        h = activation(w_ih @ x + b_ih + w_hh @ h + b_hh)
        return h, h, c

    return step


def lstm_step(x, h, c, w_ih, w_hh, b_ih, b_hh):
    i, f, g, o = (w_ih @ x + b_ih + w_hh @ h + b_hh).chunk(4)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * c + i * g
    return torch.cat([i, f, g, o]), o * torch.tanh(c), c


def gru_after_step(x, h, c, w_ih, w_hh, b_ih, b_hh):
    """n = tanh(W x + b_ih + r * (U h + b_hh)): nn.GRU"""
    x_r, x_z, x_n = (w_ih @ x + b_ih).chunk(3)
    h_r, h_z, h_n = (w_hh @ h + b_hh).chunk(3)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return torch.cat([r, z, n]), (1 - z) * n + z * h, c


def gru_before_step(x, h, c, w_ih, w_hh, b_ih, b_hh):
    """n = tanh(W x + b_ih + U (r * h) + b_hh): the original GRU, which PyTorch does not have"""
    x_r, x_z, x_n = (w_ih @ x + b_ih).chunk(3)
    u_r, u_z, u_n = w_hh.chunk(3)
    b_r, b_z, b_n = b_hh.chunk(3)
    r, z = torch.sigmoid(x_r + u_r @ h + b_r), torch.sigmoid(x_z + u_z @ h + b_z)
    n = torch.tanh(x_n + u_n @ (r * h) + b_n)
    return torch.cat([r, z, n]), (1 - z) * n + z * h, c


STEPS = {
    'rnn-tanh': rnn_step(torch.tanh),
    'rnn-relu': rnn_step(torch.relu),
    'lstm': lstm_step,
    'gru-after': gru_after_step,
    'gru-before': gru_before_step,
}


def run_equations(cell, weights, inputs, hidden, depth):
    """gates, h, c of every layer: three lists of [timesteps, …]."""
    gates, hs, cs = [], [], []
    below = inputs
    for layer in range(depth):
        names = ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')
        parameters = [weights[f'{name}_l{layer}'] for name in names]
        h = c = torch.zeros(hidden, dtype=inputs.dtype)
        rows = []
        for x in below:
            gate, h, c = STEPS[cell](x, h, c, *parameters)
            rows.append((gate, h, c))
        gates.append(torch.stack([row[0] for row in rows]))
        hs.append(torch.stack([row[1] for row in rows]))
        cs.append(torch.stack([row[2] for row in rows]))
        below = hs[-1]
    return gates, hs, cs


def module_of(cell, inputs, hidden, depth, weights):
    """PyTorch's own module holding the first `depth` layers of `weights`."""
    if cell == 'lstm':
        module = torch.nn.LSTM(inputs, hidden, depth)
    elif cell == 'gru-after':
        module = torch.nn.GRU(inputs, hidden, depth)
    else:
        module = torch.nn.RNN(inputs, hidden, depth, nonlinearity=cell.split('-')[1])
    module = module.to(torch.float64)
    module.load_state_dict({name: weights[name] for name in module.state_dict()})
    return module


def run_module(module, inputs):
    """h and c of every layer, step by step: two lists of [timesteps, hidden]; c is h where there is none."""
    state, hs, cs = None, [], []
    for x in inputs:
        _, state = module(x.reshape(1, 1, -1), state)
        h, c = state if isinstance(state, tuple) else (state, state)
        hs.append(h[:, 0])
        cs.append(c[:, 0])
    return list(torch.stack(hs, 1)), list(torch.stack(cs, 1))


def check(what, actual, expected):
    error = ((actual - expected).abs() / expected.abs().clamp(min=1)).max().item()
    if not error <= AGREEMENT:
        raise SystemExit(f'{what}: differs by {error}, at most {AGREEMENT} expected')


def run_layers(cell, weights, inputs, hidden, depth):
    """gates by the equations; h and c by PyTorch's module where there is one; the equations must agree."""
    gates, hs, cs = run_equations(cell, weights, inputs, hidden, depth)
    if cell == 'gru-before':
        return gates, hs, cs
    native_hs, native_cs = run_module(module_of(cell, inputs.shape[1], hidden, depth, weights), inputs)
    for layer in range(depth):
        check(f'{cell} h_l{layer}', hs[layer], native_hs[layer])
        if cell == 'lstm':
            check(f'{cell} c_l{layer}', cs[layer], native_cs[layer])
        shallow, _ = run_module(module_of(cell, inputs.shape[1], hidden, layer + 1, weights), inputs)
        check(f'{cell} of depth {layer + 1}', shallow[layer], native_hs[layer])
    return gates, native_hs, native_cs


def report_float32(name, cell, weights, inputs, hidden, depth, expected):
    """How far the same equations in float32 are from float64: what a float32 runtime can reach."""
    single = {key: value.to(torch.float32) for key, value in weights.items()}
    actual = run_equations(cell, single, inputs.to(torch.float32), hidden, depth)
    parts = []
    for what, ours, theirs in zip(('gates', 'h', 'c'), actual, expected):
        ours, theirs = torch.stack(ours).to(torch.float64), torch.stack(theirs)
        error = ((ours - theirs).abs() / theirs.abs().clamp(min=1)).max().item()
        parts.append(f'{what}: max {theirs.abs().max().item():.3f}, float32 differs by {error:.1e}')
    print(f'{name:18} {"   ".join(parts if cell == "lstm" else parts[:2])}')


def expectations(cell, gates, hs, cs):
    tensors = {}
    for layer in range(len(hs)):
        tensors[f'h_l{layer}'] = hs[layer]
        if cell == 'lstm':
            tensors[f'c_l{layer}'] = cs[layer]
        if GATES[cell] > 1:
            tensors[f'gates_l{layer}'] = gates[layer][GATE_TIMESTEPS]
    if GATES[cell] > 1:
        tensors['gate_timesteps'] = torch.tensor(GATE_TIMESTEPS, dtype=torch.int32)
    return tensors


def recurrent_tensors(cell, inputs, hidden, seed):
    random = torch.Generator().manual_seed(seed)
    weights = draw_layers(cell, inputs, hidden, DEPTH, random)
    x = gaussian((TIMESTEPS, inputs), random)
    gates, hs, cs = run_layers(cell, weights, x, hidden, DEPTH)
    report_float32(f'{cell} {inputs}x{hidden}', cell, weights, x, hidden, DEPTH, (gates, hs, cs))
    tensors = {'inputs': x.to(torch.float32)}
    tensors.update({f'rnn.{name}': value.to(torch.float32) for name, value in weights.items()})
    tensors.update(expectations(cell, gates, hs, cs))
    return {f'{inputs}x{hidden}/{name}': value for name, value in tensors.items()}


def language_model_tensors(seed, vocabulary=29, embedding=7, hidden=21, depth=2):
    """Tokens → embedding → lstm → linear: logits. Names as in a state_dict."""
    random = torch.Generator().manual_seed(seed)
    table = gaussian((vocabulary, embedding), random)
    weights = draw_layers('lstm', embedding, hidden, depth, random)
    head = uniform((vocabulary, hidden), 3 / math.sqrt(hidden), random)
    bias = uniform((vocabulary,), 3 / math.sqrt(hidden), random)
    tokens = torch.randint(vocabulary, (TIMESTEPS,), generator=random)
    gates, hs, cs = run_layers('lstm', weights, torch.nn.functional.embedding(tokens, table), hidden, depth)
    tensors = {
        'tokens': tokens.to(torch.int32),
        'embedding.weight': table.to(torch.float32),
        'head.weight': head.to(torch.float32),
        'head.bias': bias.to(torch.float32),
        'logits': torch.nn.functional.linear(hs[-1], head, bias),
    }
    tensors.update({f'rnn.{name}': value.to(torch.float32) for name, value in weights.items()})
    tensors.update(expectations('lstm', gates, hs, cs))
    return tensors


def dense_tensors(seed, timesteps=25, inputs=13, units=11):
    """A linear layer without bias, with bias, and with bias and each activation."""
    random = torch.Generator().manual_seed(seed)
    weight = uniform((units, inputs), 1.0, random)
    bias = uniform((units,), 1.0, random)
    x = gaussian((timesteps, inputs), random)
    linear = torch.nn.functional.linear(x, weight, bias)
    return {
        'inputs': x.to(torch.float32),
        'head.weight': weight.to(torch.float32),
        'head.bias': bias.to(torch.float32),
        'without_bias': torch.nn.functional.linear(x, weight),
        'linear': linear,
        'sigmoid': torch.sigmoid(linear),
        'tanh': torch.tanh(linear),
        'relu': torch.relu(linear),
        'softmax': torch.softmax(linear, -1),
    }


def save(name, tensors):
    arrays = {key: value.detach().contiguous().numpy() for key, value in tensors.items()}
    # One key only: safetensors writes several in no fixed order, and the files should be the same each time.
    metadata = {'made_by': f'pytorch.py, torch {torch.__version__}'}
    save_file(arrays, FIXTURES / f'{name}.safetensors', metadata=metadata)


def main():
    FIXTURES.mkdir(exist_ok=True)
    for index, cell in enumerate(GATES):
        tensors = {}
        for number, (inputs, hidden) in enumerate(SIZES):
            tensors.update(recurrent_tensors(cell, inputs, hidden, seed=100 * index + number))
        save(cell, tensors)
    save('language-model', language_model_tensors(seed=1000))
    save('dense', dense_tensors(seed=1001))


if __name__ == '__main__':
    torch.set_num_threads(1)
    with torch.no_grad():
        main()
