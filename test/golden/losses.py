"""Makes the golden fixtures of every loss with PyTorch in float64.

    python3 test/golden/losses.py           (Debian's python3-torch)

Reads losses.json: of each loss the options to try. Each goes with every cell and with no cell at all, where the gradient
of the model's only parameters is the gradient at the logits. Writes fixtures/losses/cases.jsonl, a case a line, and
fixtures/losses/cases.safetensors with their tensors.

A case, in JSON:
    name, prefix            its tensors are those of the file that begin with the prefix
    loss                    an object as the options of a training have it
    model                   the cell, or `logits`
    graph                   as the model file holds it
    timesteps, lengths      of the window and of each of its streams
    targetLengths           labels of each stream, of CTC
    lossValue               PyTorch's mean
Its tensors:
    the parameters          F32, under the names that the graph gives them
    inputs                  F32 [timesteps, batch, features], or I32 tokens [timesteps, batch]
    targets                 I32 classes [timesteps, batch] or labels, or F32 [timesteps, batch, size]
    gradient/<parameter>    F64: the partial derivative of the loss

Parameters and inputs are float32 numbers, used in float64.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from contract import BATCH, Case, minimal, module
from train import round32, save_safetensors

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE / 'fixtures' / 'losses'
CLASSES = 6
LENGTHS = [9, 5, 8]
LABELS = [3, 0, 4]
# At the logits only: many more alignments than can be counted.
LONG_LENGTHS, LONG_LABELS = [60, 33, 47], [20, 16, 1]
IGNORED_INDEX = -100


def cell_model(name, seed, kind, timesteps):
    case = Case(name, seed, 5, timesteps=timesteps)
    fields = {'rnn': {'nonlinearity': 'tanh'}, 'gru': {'resetAfter': True}}.get(kind, {})
    roles = ('bias_ih',) if kind.startswith('min') else ('bias_ih', 'bias_hh')
    case.cell(kind, 'cell', 5, 7, roles=(*roles, 'h0') if kind.startswith('min') else roles, **fields)
    case.weights('dense', 'head', (CLASSES, 7))

    def forward(p, x, _):
        torch_kind = 'rnn-tanh' if kind == 'rnn' else kind
        h = minimal(p, x, kind) if kind.startswith('min') else module(torch_kind, p, 'cell', x)[0]
        return F.linear(h, p['head.weight'], p['head.bias'])

    return case.by(forward)


def logits_model(name, seed, timesteps):
    """A row of the embedding for each timestep of each stream."""
    case = Case(name, seed, timesteps * BATCH, 'tokens', timesteps)
    weight = case.draw('embedding.weight', (timesteps * BATCH, CLASSES), 3.0)
    case.node('embedding', 'embedding', tensors={'weight': weight})
    return case.by(lambda p, x, _: p['embedding.weight'][x])


def draw_inputs(case):
    if case.input['kind'] == 'tokens':
        return torch.arange(case.timesteps * BATCH).reshape(case.timesteps, BATCH)
    shape = (case.timesteps, BATCH, case.input['size'])
    return round32(torch.randn(shape, dtype=torch.float64, generator=case.random))


def draw_targets(case, loss, label_lengths):
    rows = (case.timesteps, BATCH)
    integers = lambda shape: torch.randint(CLASSES, shape, generator=case.random)
    if loss['type'] == 'cross-entropy':
        y = integers(rows)
        y[::3, 0] = loss.get('ignore', y[0, 0])
        return y
    if loss['type'] == 'ctc':
        blank = loss.get('blank', 0)
        labels = [[k for k in integers((8 * n,)).tolist() if k != blank][:n] for n in label_lengths]
        labels[0][1] = labels[0][0]
        return torch.tensor([k for stream in labels for k in stream])
    if loss['type'] == 'binary-cross-entropy':
        y = torch.rand((*rows, CLASSES), dtype=torch.float64, generator=case.random)
        return round32(torch.where(y < 0.3, 0.0, torch.where(y > 0.7, 1.0, y)))
    return round32(torch.randn((*rows, CLASSES), dtype=torch.float64, generator=case.random))


def mean_loss(loss, outputs, y, lengths, label_lengths):
    """PyTorch's own reduction, over the rows within the lengths."""
    inside = torch.arange(len(outputs))[:, None] < torch.tensor(lengths)
    tensor = lambda name: torch.tensor(loss[name], dtype=torch.float64) if name in loss else None
    if loss['type'] == 'ctc':
        log_probs = F.log_softmax(outputs, -1)
        return F.ctc_loss(log_probs, y, torch.tensor(lengths), torch.tensor(label_lengths), loss.get('blank', 0))
    x, y = outputs[inside], y[inside]
    if loss['type'] == 'cross-entropy':
        options = {'label_smoothing': loss.get('labelSmoothing', 0.0)}
        return F.cross_entropy(x, y, tensor('weights'), ignore_index=loss.get('ignore', IGNORED_INDEX), **options)
    if loss['type'] == 'binary-cross-entropy':
        return F.binary_cross_entropy_with_logits(x, y, pos_weight=tensor('positiveWeight'))
    if loss['type'] == 'huber':
        return F.huber_loss(x, y, delta=loss.get('delta', 1.0))
    return {'mean-squared-error': F.mse_loss, 'mean-absolute-error': F.l1_loss}[loss['type']](x, y)


def run(case, model, loss, lengths=LENGTHS, label_lengths=LABELS):
    parameters = {name: p.clone().requires_grad_() for name, p in case.parameters.items()}
    x, y = draw_inputs(case), draw_targets(case, loss, label_lengths)
    value = mean_loss(loss, case.forward(parameters, x, None), y, lengths, label_lengths)
    gradients = torch.autograd.grad(value, list(parameters.values()))
    single = lambda t: t.detach().to(torch.float32 if t.is_floating_point() else torch.int32)
    tensors = {name: single(p) for name, p in parameters.items()}
    tensors.update(inputs=single(x), targets=single(y))
    tensors.update({f'gradient/{name}': gradient for name, gradient in zip(parameters, gradients)})
    line = {'name': case.name, 'model': model, 'loss': loss, 'graph': case.graph(), 'timesteps': case.timesteps}
    line.update(lengths=lengths, lossValue=value.item())
    if loss['type'] == 'ctc':
        line['targetLengths'] = label_lengths
    return line, tensors


def all_cases():
    seed = 900
    for kind, variants in json.loads((HERE / 'losses.json').read_text()).items():
        for options in variants:
            loss = {'type': kind, **options}
            for model in ('logits', 'rnn', 'lstm', 'gru', 'mingru', 'minlstm'):
                seed += 1
                name = f'{kind} {json.dumps(options)}, {model}'
                make = logits_model if model == 'logits' else lambda *to: cell_model(*to[:2], model, to[2])
                yield run(make(name, seed, max(LENGTHS)), model, loss)
    long = logits_model('ctc of long sequences, logits', 800, max(LONG_LENGTHS))
    yield run(long, 'logits', {'type': 'ctc'}, LONG_LENGTHS, LONG_LABELS)


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    lines, tensors = [], {}
    for number, (line, own) in enumerate(all_cases()):
        line['prefix'] = f'{number}/'
        tensors.update({f'{number}/{name}': value for name, value in own.items()})
        lines.append(json.dumps(line, separators=(',', ':')))
        print(f'{line["name"]:60} {line["lossValue"]:.6f}')
    save_safetensors(FIXTURES / 'cases.safetensors', tensors)
    (FIXTURES / 'cases.jsonl').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
