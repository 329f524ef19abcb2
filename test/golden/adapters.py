"""Makes the golden fixtures of low-rank adapters with PyTorch in float64.

    python3 test/golden/adapters.py         (Debian's python3-torch)

Writes fixtures/adapters/cases.jsonl and fixtures/adapters/cases.safetensors: cases as contract.py makes them,
with a recurrent layer and a dense head each, computed with W + (alpha / rank) B A (LoRA; Hu et al. 2021) in
the place of every matrix W. A case has besides: rank, alpha; and for every matrix the tensors <W>.lora_A
[rank, columns] and <W>.lora_B [rows, rank], whose gradients are the only ones that it has.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

from contract import BIASES, Case, gru_variant, module, run
from train import save_safetensors

FIXTURES = pathlib.Path(__file__).parent / 'fixtures' / 'adapters'
RANK, ALPHA = 3, 5


def adapt(case):
    """Every matrix of the case gets an adapter, neither of whose factors is zero."""
    matrices = [name for name, value in case.parameters.items() if value.dim() == 2]
    for name in matrices:
        rows, columns = case.parameters[name].shape
        case.draw(f'{name}.lora_A', (RANK, columns), 1 / math.sqrt(columns))
        case.draw(f'{name}.lora_B', (rows, RANK), 0.5)
    plain = case.forward

    def forward(p, x, memory):
        changes = {name: ALPHA / RANK * p[f'{name}.lora_B'] @ p[f'{name}.lora_A'] for name in matrices}
        return plain({**p, **{name: p[name] + change for name, change in changes.items()}}, x, memory)

    return case.by(forward)


def cases():
    def head(cell):
        return lambda p, x, memory: F.linear(cell(p, x), p['dense.weight'], p['dense.bias'])

    for n, kind in enumerate(('rnn-tanh', 'rnn-relu', 'lstm', 'gru')):
        fields = {'nonlinearity': kind.split('-')[1]} if kind.startswith('rnn') else {}
        fields.update({'resetAfter': True} if kind == 'gru' else {})
        for direction, size in (('forward', 7), ('both', 14)):
            case = Case(f'{kind}, {direction}', 900 + 10 * n + size, 5)
            case.cell(kind.split('-')[0], 'cell', 5, 7, direction=direction, **fields)
            case.weights('dense', 'dense', (4, size))
            yield case.by(head(lambda p, x, kind=kind: module(kind, p, 'cell', x)[0]))
    case = Case('gru, reset before', 950, 5)
    case.cell('gru', 'cell', 5, 7, (*BIASES, 'h0'), resetAfter=False).weights('dense', 'dense', (4, 7))
    yield case.by(head(lambda p, x: gru_variant(p, x, after=False)))
    case = Case('lstm, projected', 960, 5)
    case.cell('lstm', 'cell', 5, 7, (*BIASES, 'weight_hr'), 3).weights('dense', 'dense', (4, 3))
    yield case.by(head(lambda p, x: module('lstm', p, 'cell', x)[0]))


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    lines, tensors = [], {}
    for number, case in enumerate(cases()):
        line, own = run(adapt(case))
        own = {name: value for name, value in own.items() if not name.startswith('gradient/') or 'lora' in name}
        tensors.update({f'{number}/{name}': value for name, value in own.items()})
        lines.append(json.dumps({**line, 'prefix': f'{number}/', 'rank': RANK, 'alpha': ALPHA}, separators=(',', ':')))
    save_safetensors(FIXTURES / 'cases.safetensors', tensors)
    (FIXTURES / 'cases.jsonl').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
