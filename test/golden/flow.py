"""Makes the golden fixture of the gradient's flow through time, with PyTorch's cells in float64.

    python3 test/golden/flow.py            (Debian's python3-torch)

Writes fixtures/flow.json: a list of cases, each two layers of a cell and a dense head.
    cell        'rnn', 'lstm' or 'gru' (torch.nn.RNNCell, LSTMCell, GRUCell)
    scale       what the recurrent weights are multiplied by
    at          'last' or 'all': which timesteps count in the loss, a mean squared error
    tensors     { name: { shape, data } }, PyTorch's names and order of gates
    inputs, targets     [timesteps, 3], [timesteps, 2]
    norms       { 'l0.h': [...], ... }: by state the norm of dL/dh_t (retain_grad on it), of every timestep
"""

import json
import pathlib

import torch

TIMESTEPS, INPUT, HIDDEN, OUTPUT, LAYERS = 70, 3, 7, 2, 2
CELLS = {'rnn': torch.nn.RNNCell, 'lstm': torch.nn.LSTMCell, 'gru': torch.nn.GRUCell}


def case(kind, scale, at, seed):
    torch.manual_seed(seed)
    cells = [CELLS[kind](INPUT if i == 0 else HIDDEN, HIDDEN).double() for i in range(LAYERS)]
    head = torch.nn.Linear(HIDDEN, OUTPUT).double()
    inputs = torch.randn(TIMESTEPS, INPUT).double()
    targets = torch.randn(TIMESTEPS, OUTPUT).double()
    tensors = {'head.weight': head.weight, 'head.bias': head.bias}
    with torch.no_grad():
        for i, cell in enumerate(cells):
            cell.weight_hh.mul_(scale)
            tensors.update({f'l{i}.{name}': value for name, value in cell.named_parameters()})
        for value in tensors.values():
            value.copy_(value.float().double())
    states = {}
    outputs = run(kind, cells, head, inputs, states)
    loss = torch.nn.functional.mse_loss(*((outputs, targets) if at == 'all' else (outputs[-1], targets[-1])))
    loss.backward()
    return {
        'cell': kind,
        'scale': scale,
        'at': at,
        'tensors': {n: {'shape': list(t.shape), 'data': t.flatten().tolist()} for n, t in tensors.items()},
        'inputs': inputs.flatten().tolist(),
        'targets': targets.flatten().tolist(),
        'norms': {name: [value.grad.norm().item() for value in values] for name, values in states.items()},
    }


def run(kind, cells, head, inputs, states):
    """The outputs [timesteps, OUTPUT]; leaves the states of every timestep, which keep their gradients."""
    before = [None] * LAYERS
    outputs = []
    for x in inputs:
        x = x.unsqueeze(0)
        for i, cell in enumerate(cells):
            before[i] = cell(x, before[i])
            values = before[i] if kind == 'lstm' else (before[i],)
            for name, value in zip('hc', values):
                value.retain_grad()
                states.setdefault(f'l{i}.{name}', []).append(value)
            x = values[0]
        outputs.append(head(x).squeeze(0))
    return torch.stack(outputs)


CASES = [(kind, scale, at) for kind in CELLS for scale, at in ((1, 'last'), (3, 'all'))]
path = pathlib.Path(__file__).parent / 'fixtures' / 'flow.json'
cases = [case(*each, seed) for seed, each in enumerate(CASES)]
path.write_text('[\n' + ',\n'.join(json.dumps(each) for each in cases) + '\n]\n')
