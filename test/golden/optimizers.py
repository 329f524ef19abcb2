"""Makes the golden fixtures of optimizers and schedules with PyTorch.

    python3 test/golden/optimizers.py            (Debian's python3-torch)

Writes fixtures/train/optimizers.json:
    updates     [{ case, name, step, losses, norms, parameters }]: ten windows of the case of that name in cases.jsonl
                (train.py), in turn and with the state carried on, each followed by an update in float64.
                step: the options of the trainer's update, as TypeScript names them; losses and norms (before clipping)
                of each window; the parameters after the last update, where the case is small.
    schedules   [{ schedule, learningRate, validation, rates }]: the learning rate of each epoch, and the validation loss
                behind it (null where none is asked for).
"""

import json
import math

import torch
from train import CELLS, FIXTURES, Network, UPDATE_MARGIN, UPDATES, cell_cases, merged, three_digits

ADAM = {'learningRate': 1e-3, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-8}
RMSPROP = {'type': 'rmsprop', 'learningRate': 1e-3, 'alpha': 0.9, 'epsilon': 1e-4, 'momentum': 0.0, 'centered': False}
SGD = {'type': 'sgd', 'learningRate': 0.05, 'momentum': 0.9, 'nesterov': False, 'weightDecay': 0.0}
# Ten updates move the loss by more than the tolerance only if the decay is strong.
STEPS = {
    'sgd without momentum': {**SGD, 'momentum': 0.0},
    'sgd, decoupled decay': {**SGD, 'weightDecay': 1.0},
    'sgd, Nesterov': {**SGD, 'nesterov': True},
    'sgd, clipped by value': {**SGD, 'clipValue': 0.1},
    'rmsprop': {**RMSPROP, 'weightDecay': 0.0},
    'rmsprop, momentum': {**RMSPROP, 'momentum': 0.8, 'weightDecay': 0.0},
    'rmsprop, centered': {**RMSPROP, 'centered': True, 'weightDecay': 0.0},
    'rmsprop, centered, momentum, decay': {**RMSPROP, 'centered': True, 'momentum': 0.8, 'weightDecay': 0.1},
    'adam': {'type': 'adam', **ADAM, 'weightDecay': 0.0},
    'adam, classic decay': {'type': 'adam', **ADAM, 'weightDecay': 0.1},
    'adam, clipped by value': {'type': 'adam', **ADAM, 'weightDecay': 0.0, 'clipValue': 0.1},
    'adamw': {'type': 'adamw', **ADAM, 'weightDecay': 1.0},
}
SMALL = 'gru-after 5×3, weights, batch 16'
CASES = (SMALL, 'lstm 17×2 of tokens, batch 2, unroll 20')


def optimizer_of(step, parameters):
    kind, rate, decay = step['type'], step['learningRate'], step['weightDecay']
    if kind == 'sgd':  # its decay is decoupled: see update
        return torch.optim.SGD(parameters, rate, step['momentum'], nesterov=step['nesterov'])
    if kind == 'rmsprop':
        options = {'alpha': step['alpha'], 'eps': step['epsilon'], 'centered': step['centered']}
        return torch.optim.RMSprop(parameters, rate, **options, weight_decay=decay, momentum=step['momentum'])
    of = {'adam': torch.optim.Adam, 'adamw': torch.optim.AdamW}[kind]
    return of(parameters, rate, (step['beta1'], step['beta2']), step['epsilon'], decay)


def update(case, step, clip_norm, clip_value, dtype):
    parameters, masks = merged(case['graph'], case['parameters'])
    network = Network(case['graph'], parameters, dtype)
    for name, mask in masks.items():
        network.parameters[name].register_hook(lambda gradient, mask=mask.to(dtype): gradient * mask)
    trained = list(network.parameters.values())
    optimizer = optimizer_of(step, trained)
    losses, norms = [], []
    for number in range(UPDATES):
        losses.append(network.window(case['windows'][number % len(case['windows'])], case['loss']))
        norms.append(torch.nn.utils.clip_grad_norm_(trained, clip_norm).item())
        torch.nn.utils.clip_grad_value_(trained, clip_value)
        if step['type'] == 'sgd':
            with torch.no_grad():
                for parameter in trained:
                    parameter.mul_(1 - step['learningRate'] * step['weightDecay'])
        optimizer.step()
    # Of a bias_hh that is added to bias_ih nothing changes but by classic decay, of zeros.
    return losses, norms, {name: value.detach() for name, value in network.parameters.items()}


def updates_of(case):
    first = update(case, STEPS['adam'], math.inf, math.inf, torch.float64)[1][0]
    clip_norm = three_digits(first / 2)
    for name, step in STEPS.items():
        clip_value = three_digits(step['clipValue'] * clip_norm) if 'clipValue' in step else math.inf
        losses, norms, parameters = update(case, step, clip_norm, clip_value, torch.float64)
        losses32, norms32, parameters32 = update(case, step, clip_norm, clip_value, torch.float32)
        error = max(abs(a - b) for a, b in zip(losses, losses32))
        error = max(error, max(abs(a / b - 1) for a, b in zip(norms, norms32)))
        moved = max((parameters32[n] - p).abs().max().item() for n, p in parameters.items())
        print(f'{case["name"]:45} {name:36} {losses[0]:.3f} → {losses[-1]:.3f}, differs by {error:.1e}, {moved:.1e}')
        if error > UPDATE_MARGIN:
            raise SystemExit('ill-conditioned: choose other options')
        bounds = {'clipNorm': clip_norm, **({'clipValue': clip_value} if 'clipValue' in step else {})}
        result = {'case': case['name'], 'name': name, 'step': {**step, **bounds}, 'losses': losses, 'norms': norms}
        if case['name'] == SMALL:
            result['parameters'] = {n: [float(f'{x:.10g}') for x in p.flatten().tolist()] for n, p in parameters.items()}
        yield result


def rates_of(make, epochs, validation):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.5)
    scheduler, rates = make(optimizer), []
    for epoch in range(epochs):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step(*([] if validation is None else [validation[epoch]]))
    return rates


def schedules():
    """An epoch is an update here. PyTorch's plateau waits for one more than its patience, counted from 0."""
    random = torch.Generator().manual_seed(5)
    falling = [2 / (1 + n) + 0.2 * torch.rand(1, generator=random).item() for n in range(20)]
    validation = falling + [falling[-1] + 0.1 * torch.rand(1, generator=random).item() for _ in range(20)]
    step = {'type': 'step', 'every': 7, 'factor': 0.3}
    plateau = {'type': 'plateau', 'patience': 3, 'factor': 0.5, 'minDelta': 0.01, 'min': 0.01}
    step_lr = lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 7, 0.3)
    on_plateau = lambda optimizer: torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, threshold=0.01, threshold_mode='abs', min_lr=0.01, eps=0
    )
    return [
        {'schedule': step, 'learningRate': 0.5, 'validation': None, 'rates': rates_of(step_lr, 40, None)},
        {
            'schedule': plateau,
            'learningRate': 0.5,
            'validation': validation,
            'rates': rates_of(on_plateau, 40, validation),
        },
    ]


def main():
    cases = [case for n, cell in enumerate(CELLS) for case in cell_cases(cell, 2000 + 100 * n)]
    updates = [result for case in cases if case['name'] in CASES for result in updates_of(case)]
    parts = [f'"updates":[\n{",".join(json.dumps(each, ensure_ascii=False) + chr(10) for each in updates)}]']
    parts.append(f'"schedules":{json.dumps(schedules())}')
    (FIXTURES / 'optimizers.json').write_text('{' + ',\n'.join(parts) + '}\n')


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
