"""One layer and a dense head, trained by PyTorch on one thread: commands on standard input, a line of JSON each, and
answers on standard output. Arrays travel as base64 of little-endian float32 or int64.

    {"op": "about"}                                   -> {"version", "config", "threads", "blas"}
    {"op": "enter", cell, sizes, tensors, adam, data} -> {}
    {"op": "update"}                                  -> {"loss"}
    {"op": "time", "times", "untimed"}                -> {"milliseconds"}
"""

import base64
import json
import os
import re
import sys
import time

import torch

torch.set_num_threads(1)


def array(text, dtype, shape):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=dtype).reshape(shape)


def blas():
    """The libraries of linear algebra that this process has mapped, as libblas.so.3 may be any of several (those for
    CUDA and NumPy's own are none of PyTorch's on a CPU); where there are none, the one that is linked in."""
    with open('/proc/self/maps') as maps:
        names = {os.path.basename(line.split()[-1]) for line in maps if '/' in line}
    names = sorted(name for name in names if re.search(r'blas|mkl|dnnl', name) and not re.search(r'cublas|scipy', name))
    return names or re.findall(r'BLAS_INFO=(\w+)', torch.__config__.show())


class Model(torch.nn.Module):
    def __init__(self, cell, input, hidden, output):
        super().__init__()
        self.rnn = (torch.nn.LSTM if cell == 'lstm' else torch.nn.GRU)(input, hidden)
        self.head = torch.nn.Linear(hidden, output)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


class Training:
    def __init__(self, cell, input, hidden, output, timesteps, batch, tensors, inputs, targets, adam):
        self.model = Model(cell, input, hidden, output)
        self.model.load_state_dict(
            {name: array(tensors[name], torch.float32, p.shape) for name, p in self.model.named_parameters()}
        )
        freeze_second_bias(self.model.rnn, cell, hidden)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(
            self.parameters, lr=adam['learningRate'], betas=(adam['beta1'], adam['beta2']), eps=adam['epsilon']
        )
        self.clip_norm = adam['clipNorm']
        self.inputs = array(inputs, torch.float32, (timesteps, batch, input))
        self.targets = array(targets, torch.int64, (timesteps * batch,))
        self.loss = torch.nn.CrossEntropyLoss()

    def update(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.model(self.inputs).flatten(0, 1), self.targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)
        self.optimizer.step()
        return loss

    def milliseconds(self, times, untimed):
        for _ in range(untimed):
            self.update()
        start = time.perf_counter()
        for _ in range(times):
            self.update()
        return 1000 * (time.perf_counter() - start)


def freeze_second_bias(rnn, cell, hidden):
    """Two biases that are only ever added are one parameter: with both trained, Adam moves their sum twice as far."""
    if cell == 'lstm':
        rnn.bias_hh_l0.requires_grad_(False)
    else:
        mask = torch.ones(3 * hidden)
        mask[: 2 * hidden] = 0
        rnn.bias_hh_l0.register_hook(lambda gradient: gradient * mask)


training = None
for line in sys.stdin:
    command = json.loads(line)
    op = command.pop('op')
    answer = {}
    if op == 'about':
        answer = {
            'version': torch.__version__,
            'config': torch.__config__.show(),
            'threads': torch.get_num_threads(),
            'blas': blas(),
        }
    elif op == 'enter':
        training = Training(**command)
    elif op == 'update':
        answer = {'loss': training.update().item()}
    elif op == 'time':
        answer = {'milliseconds': training.milliseconds(**command)}
    print(json.dumps(answer), flush=True)
