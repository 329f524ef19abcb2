"""Small Keras files of every generation, and what their models give, computed in float64 by the equations below:
fixtures/*.h5, *.keras, *.zip (archives that are refused) and h5.json. Run with a python3 that has numpy and h5py (Debian's python3-h5py has both)."""
import io
import json
import os
import zipfile

import h5py
import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'fixtures')
random = np.random.default_rng(7)
T = 12
expected = {}


def weights(*shape):
    return (random.standard_normal(shape) * 0.6).astype('f4')


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid_2(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def hard_sigmoid_3(x):
    return np.clip(x / 6 + 0.5, 0, 1)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def dense(x, w, f=lambda v: v):
    return f(x @ w[0] + w[1])


def simple_rnn(x, w, f=np.tanh):
    h, y = np.zeros(w[1].shape[0]), []
    for v in x:
        h = f(v @ w[0] + h @ w[1] + w[2])
        y.append(h)
    return np.array(y)


def lstm(x, w, gate=sigmoid, f=np.tanh):
    """kernel, recurrent_kernel, bias; columns i f c o"""
    u = w[1].shape[0]
    h, c, y = np.zeros(u), np.zeros(u), []
    for v in x:
        i, fg, g, o = np.split(v @ w[0] + h @ w[1] + w[2], 4)
        c = gate(fg) * c + gate(i) * f(g)
        h = gate(o) * f(c)
        y.append(h)
    return np.array(y)


def gru(x, w, gate=sigmoid, f=np.tanh):
    """columns z r h; a bias of two rows is that of reset_after"""
    u = w[1].shape[0]
    h, y = np.zeros(u), []
    for v in x:
        if w[2].ndim == 2:
            a, b = v @ w[0] + w[2][0], h @ w[1] + w[2][1]
            z, r = gate(a[:u] + b[:u]), gate(a[u:2 * u] + b[u:2 * u])
            n = f(a[2 * u:] + r * b[2 * u:])
        else:
            a, U = v @ w[0] + w[2], w[1]
            z, r = gate(a[:u] + h @ U[:, :u]), gate(a[u:2 * u] + h @ U[:, u:2 * u])
            n = f(a[2 * u:] + (r * h) @ U[:, 2 * u:])
        h = z * h + (1 - z) * n
        y.append(h)
    return np.array(y)


def from_cudnn(w, gates):
    """What cuDNN computes with: for every gate the numbers of Keras' block are a matrix [units, inputs], row by row
    (Keras passes them on as they are), and each product has a bias of its own."""
    u = w[1].shape[0]
    blocks = lambda k: np.hstack([b.reshape(-1).reshape(u, -1).T for b in np.split(k, gates, axis=1)])
    bias = w[2].reshape(2, -1)
    return [blocks(w[0]), blocks(w[1]), bias if gates == 3 else bias.sum(0)]


def both(cell, x, forward, backward):
    return np.concatenate([cell(x, forward), cell(x[::-1], backward)[::-1]], -1)


def causal(x, w, dilation):
    k = w[0].shape[0]
    padded = np.vstack([np.zeros(((k - 1) * dilation, x.shape[1])), x])
    return np.array([sum(padded[t + j * dilation] @ w[0][j] for j in range(k)) + w[1] for t in range(len(x))])


def layer_norm(x, w, epsilon):
    m, v = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - m) / np.sqrt(v + epsilon) * w[0] + w[1]


def batch_norm(x, w, epsilon):
    return (x - w[2]) / np.sqrt(w[3] + epsilon) * w[0] + w[1]


def f64(ws):
    return [np.asarray(w, 'f8') for w in ws]


def cell_weights(kind, inputs, u, double=False):
    g = {'lstm': 4, 'gru': 3, 'rnn': 1}[kind]
    return [weights(inputs, g * u), weights(u, g * u), weights(2, g * u) if double else weights(g * u)]


def keep(name, x, y, of='each'):
    expected[name] = {'of': of, 'timesteps': T, 'input': np.ravel(x).tolist(), 'output': np.ravel(y).tolist()}


def features(n=3):
    return random.standard_normal((T, n)).astype('f4')


# --- Keras 1 and 2: layers by name, in attributes -------------------------------------------------------------------

def write_layers(group, layers, split=False, dtype='f4', storage=lambda shape: {}):
    """layers: [(name, [(weight name, array)])]; storage: how h5py stores an array of a shape"""
    group.attrs['layer_names'] = [name.encode() for name, _ in layers]
    for name, arrays in layers:
        g = group.create_group(name)
        names = [weight.encode() for weight, _ in arrays]
        if split:
            for i, one in enumerate(names):
                g.attrs[f'weight_names{i}'] = [one]
        else:
            g.attrs['weight_names'] = names
        for weight, array in arrays:
            g.create_dataset(weight, data=array.astype(dtype), **storage(array.shape))


def write_h5(name, model, layers, version, libver=None, **options):
    with h5py.File(os.path.join(FOLDER, name), 'w', libver=libver) as f:
        f.attrs['keras_version'] = version
        f.attrs['backend'] = 'tensorflow'
        f.attrs['model_config'] = json.dumps(model)
        write_layers(f.create_group('model_weights'), layers, **options)
        optimizer = f.create_group('optimizer_weights')
        optimizer.create_dataset('iterations', data=np.int64(3))


def named(layer, names, arrays, inner=''):
    return layer, [(f'{layer}/{inner}{n}:0', a) for n, a in zip(names, arrays)]


CELL = ['kernel', 'recurrent_kernel', 'bias']
DENSE = ['kernel', 'bias']


def layer(class_name, name, **config):
    return {'class_name': class_name, 'config': {'name': name, 'trainable': True, 'dtype': 'float32', **config}}


def sequential(*layers):
    return {'class_name': 'Sequential', 'config': {'name': 'sequential', 'layers': list(layers)}}


def recurrent(class_name, name, units, **config):
    return layer(class_name, name, **{'units': units, 'return_sequences': True, 'go_backwards': False,
                                      'stateful': False, 'use_bias': True, 'activation': 'tanh',
                                      'time_major': False, 'return_state': False, 'unroll': False,
                                      'kernel_initializer': {'class_name': 'GlorotUniform', 'config': {}},
                                      'kernel_regularizer': None, 'dropout': 0.1, **config})


def keras2():
    g, l, d = cell_weights('gru', 3, 4, True), cell_weights('lstm', 4, 5), [weights(5, 2), weights(2)]
    model = sequential(
        {'class_name': 'InputLayer', 'config': {'batch_input_shape': [None, None, 3], 'dtype': 'float32',
                                                'sparse': False, 'ragged': False, 'name': 'x'}},
        recurrent('GRU', 'gru', 4, recurrent_activation='sigmoid', reset_after=True),
        recurrent('LSTM', 'lstm', 5, recurrent_activation='hard_sigmoid', unit_forget_bias=True),
        {'class_name': 'TimeDistributed', 'config': {
            'name': 'head', 'trainable': True, 'dtype': 'float32',
            'layer': layer('Dense', 'dense', units=2, activation='softmax', use_bias=True)}})
    layers = [('x', []), named('gru', CELL, g, 'gru_cell/'), named('lstm', CELL, l, 'lstm_cell_3/'),
              named('head', DENSE, d)]
    x = features()
    y = dense(lstm(gru(x, f64(g)), f64(l), hard_sigmoid_2), f64(d), softmax)
    # Chunks of one value, more than a node of the tree holds; chunks that reach beyond the edges, as h5repack writes them.
    single = lambda shape: {'chunks': (1,) * len(shape)}
    packed = lambda shape: {'chunks': tuple(map(min, shape, (3, 7)[-len(shape):])), 'compression': 'gzip', 'shuffle': True, 'dtype': 'f8'}
    for name, options in {'keras2': {}, 'keras2-split-names': {'split': True}, 'keras2-latest': {'libver': 'latest'},
                          'keras2-chunks': {'storage': single}, 'keras2-gzip': {'storage': packed}}.items():
        write_h5(f'{name}.h5', model, layers, '2.11.0', **options)
        keep(f'{name}.h5', x, y)
    with h5py.File(os.path.join(FOLDER, 'weights-only.h5'), 'w') as f:
        f.attrs['keras_version'] = b'2.11.0'
        write_layers(f, layers, dtype='f8')
    keep('weights-only.h5', x, y)
    expected['weights-only.h5']['config'] = json.dumps(model)


def cudnn():
    l, g = cell_weights('lstm', 3, 4), cell_weights('gru', 4, 5)
    l[2], g[2] = weights(32), weights(30)
    model = sequential(
        layer('CuDNNLSTM', 'lstm', units=4, return_sequences=True, return_state=False, go_backwards=False,
              stateful=False, unit_forget_bias=True, batch_input_shape=[None, 12, 3]),
        layer('CuDNNGRU', 'gru', units=5, return_sequences=False, return_state=False, go_backwards=False,
              stateful=False))
    x = features()
    y = gru(lstm(x, from_cudnn(f64(l), 4)), from_cudnn(f64(g), 3))
    write_h5('cudnn.h5', model, [named('lstm', CELL, l), named('gru', CELL, g)], '2.2.4')
    keep('cudnn.h5', x, y[-1:], 'last')


def bidirectional():
    a, b = cell_weights('lstm', 3, 4), cell_weights('lstm', 3, 4)
    c, d = cell_weights('gru', 8, 3, True), cell_weights('gru', 8, 3, True)
    wrap = lambda name, inner: layer('Bidirectional', name, merge_mode='concat', layer=inner)
    model = sequential(
        {**wrap('one', recurrent('LSTM', 'lstm', 4, recurrent_activation='sigmoid')),
         'config': {**wrap('one', recurrent('LSTM', 'lstm', 4, recurrent_activation='sigmoid'))['config'],
                    'batch_input_shape': [None, None, 3]}},
        wrap('two', recurrent('GRU', 'gru', 3, recurrent_activation='sigmoid', reset_after=True)))
    halves = lambda name, cell, f, w: (name, [(f'{name}/{h}_{cell}/{cell}_cell/{n}:0', v)
                                              for h, ws in (('forward', f), ('backward', w)) for n, v in zip(CELL, ws)])
    x = features()
    y = both(gru, both(lstm, x, f64(a), f64(b)), f64(c), f64(d))
    write_h5('bidirectional.h5', model, [halves('one', 'lstm', a, b), halves('two', 'gru', c, d)], '2.4.0')
    keep('bidirectional.h5', x, y)


def stack():
    e = weights(9, 4)
    k, n = [weights(3, 4, 5), weights(5)], [weights(5), weights(5)]
    b = [weights(5), weights(5), weights(5), np.abs(weights(5)) + 0.5]
    r = cell_weights('rnn', 5, 4)
    model = sequential(
        layer('Embedding', 'embedding', input_dim=9, output_dim=4, mask_zero=False, input_length=None,
              batch_input_shape=[None, None]),
        layer('SpatialDropout1D', 'drop', rate=0.2, noise_shape=None, seed=None),
        layer('Conv1D', 'conv', filters=5, kernel_size=[3], strides=[1], padding='causal', dilation_rate=[2], groups=1,
              data_format='channels_last', activation='relu', use_bias=True),
        layer('LayerNormalization', 'norm', axis=[2], epsilon=1e-3, center=True, scale=True),
        layer('BatchNormalization', 'batch', axis=[2], momentum=0.99, epsilon=1e-3, center=True, scale=True),
        recurrent('SimpleRNN', 'rnn', 4))
    tokens = random.integers(0, 9, T)
    x = np.asarray(e, 'f8')[tokens]
    y = layer_norm(np.maximum(causal(x, f64(k), 2), 0), f64(n), 1e-3)
    y = simple_rnn(batch_norm(y, f64(b), 1e-3), f64(r))
    write_h5('stack.h5', model, [
        named('embedding', ['embeddings'], [e]), ('drop', []), named('conv', DENSE, k),
        named('norm', ['gamma', 'beta'], n),
        named('batch', ['gamma', 'beta', 'moving_mean', 'moving_variance'], b), named('rnn', CELL, r)], '2.9.0')
    keep('stack.h5', tokens, y)


def keras1():
    l, g, d = cell_weights('lstm', 3, 4), cell_weights('gru', 4, 5), [weights(5, 2), weights(2)]
    gates = lambda ws, u, k: [np.split(w, k, axis=-1) for w in ws]
    order = {'lstm': [('i', 0), ('c', 2), ('f', 1), ('o', 3)], 'gru': [('z', 0), ('r', 1), ('h', 2)]}
    arrays = lambda name, cell, parts: (name, [(f'{name}_{role}_{gate}', parts[r][i]) for gate, i in order[cell]
                                               for r, role in enumerate('WUb')])
    model = {'class_name': 'Sequential', 'config': [
        layer('LSTM', 'lstm_1', output_dim=4, inner_activation='hard_sigmoid', activation='tanh',
              return_sequences=True, go_backwards=False, stateful=False, unroll=False, consume_less='cpu',
              W_regularizer=None, dropout_W=0.0, init='glorot_uniform', inner_init='orthogonal',
              forget_bias_init='one', input_dim=3, input_length=None, batch_input_shape=[None, None, 3]),
        layer('GRU', 'gru_1', output_dim=5, inner_activation='hard_sigmoid', activation='tanh',
              return_sequences=False, go_backwards=False, stateful=False, unroll=False, consume_less='cpu'),
        layer('Dense', 'dense_1', output_dim=2, activation='sigmoid', bias=True, init='glorot_uniform')]}
    x = features()
    y = dense(gru(lstm(x, f64(l), hard_sigmoid_2), f64(g), hard_sigmoid_2), f64(d), sigmoid)
    write_h5('keras1.h5', model, [
        arrays('lstm_1', 'lstm', gates(l, 4, 4)), arrays('gru_1', 'gru', gates(g, 5, 3)),
        ('dense_1', [('dense_1_W', d[0]), ('dense_1_b', d[1])])], '1.2.2')
    keep('keras1.h5', x, y[-1:], 'last')


# --- Keras 3: the JSON names modules; .keras numbers the arrays ------------------------------------------------------

def layer3(class_name, name, inbound=None, build=None, **config):
    policy = {'module': 'keras', 'class_name': 'DTypePolicy', 'config': {'name': 'float32'}, 'registered_name': None}
    one = {'module': 'keras.layers', 'class_name': class_name, 'registered_name': None,
           'config': {'name': name, 'trainable': True, 'dtype': policy, **config}}
    if build:
        one['build_config'] = {'input_shape': build}
    if inbound is not None:
        tensors = [{'class_name': '__keras_tensor__',
                    'config': {'shape': [None, None, 3], 'dtype': 'float32', 'keras_history': [n, 0, 0]}} for n in inbound]
        one['name'] = name
        one['inbound_nodes'] = [{'args': tensors if len(tensors) < 2 else [tensors], 'kwargs': {}}] if inbound else []
    return one


def recurrent3(class_name, name, units, inbound=None, **config):
    return layer3(class_name, name, inbound, **{
        'units': units, 'return_sequences': True, 'return_state': False, 'go_backwards': False, 'stateful': False,
        'unroll': False, 'zero_output_for_mask': False, 'activation': 'tanh', 'use_bias': True,
        'recurrent_activation': 'sigmoid', 'seed': None, 'dropout': 0.0, 'recurrent_dropout': 0.0,
        'kernel_initializer': {'module': 'keras.initializers', 'class_name': 'GlorotUniform', 'config': {'seed': None},
                               'registered_name': None}, **config})


def keras3():
    l, b, d = cell_weights('lstm', 3, 4), [weights(4), weights(4), weights(4), np.abs(weights(4)) + 0.5], None
    f, w = cell_weights('gru', 4, 3, True), cell_weights('gru', 4, 3, True)
    d, e = [weights(6, 2), weights(2)], [weights(2, 2), weights(2)]
    inner = recurrent3('GRU', 'gru', 3, reset_after=True)
    back = recurrent3('GRU', 'backward_gru', 3, reset_after=True, go_backwards=True)
    layers = [
        layer3('InputLayer', 'x', [], batch_shape=[None, None, 3], sparse=False, ragged=False),
        recurrent3('LSTM', 'first', 4, ['x'], recurrent_activation='hard_sigmoid', unit_forget_bias=True),
        layer3('Dropout', 'drop', ['first'], rate=0.3, seed=None, noise_shape=None),
        layer3('BatchNormalization', 'norm', ['drop'], axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True,
               synchronized=False, moving_mean_initializer=None),
        layer3('Bidirectional', 'wrap', ['norm'], merge_mode='concat', layer=inner, backward_layer=back),
        layer3('Dense', 'head_a', ['wrap'], units=2, activation='tanh', use_bias=True, quantization_config=None),
        layer3('Dense', 'head_b', ['head_a'], units=2, activation='sigmoid', use_bias=True),
        layer3('Add', 'sum', ['head_a', 'head_b']),
        layer3('Subtract', 'difference', ['head_a', 'sum'])]
    model = {'module': 'keras', 'class_name': 'Functional', 'registered_name': 'Functional',
             'config': {'name': 'functional', 'trainable': True, 'layers': layers, 'input_layers': [['x', 0, 0]],
                        'output_layers': ['difference', 0, 0]}, 'compile_config': None}
    x = features()
    y = batch_norm(lstm(x, f64(l), hard_sigmoid_3), f64(b), 1e-3)
    a = dense(both(gru, y, f64(f), f64(w)), f64(d), np.tanh)
    y = a - (a + dense(a, f64(e), sigmoid))
    for name, container, options in (('keras3.keras', 'layers', {}),
                                     ('keras3-latest.keras', 'layers', {'libver': 'latest'}),
                                     ('keras2.12.keras', '_layer_checkpoint_dependencies', {})):
        data = io.BytesIO()
        with h5py.File(data, 'w', **options) as file:
            put = lambda path, arrays: [file.create_dataset(f'{container}/{path}/vars/{i}', data=v) for i, v in enumerate(arrays)]
            put('lstm/cell', l)
            file.create_dataset(f'{container}/dropout/seed_generator/vars/0', data=np.array([1, 2], 'u4'))
            put('batch_normalization', b)
            put('bidirectional/forward_layer/cell', f)
            put('bidirectional/backward_layer/cell', w)
            put('dense', d)
            put('dense_1', e)
            file.create_group(f'{container}/input_layer/vars')
            file[container].create_group('add/vars')
            file[container].create_group('subtract/vars')
            if options:  # More than eight links: kept in a heap.
                for i in range(12):
                    file[container].create_group(f'empty_{i}')
        with zipfile.ZipFile(os.path.join(FOLDER, name), 'w', zipfile.ZIP_DEFLATED if 'latest' in name else zipfile.ZIP_STORED) as z:
            entry = lambda n, text: z.writestr(zipfile.ZipInfo(n, (1980, 1, 1, 0, 0, 0)), text)
            entry('metadata.json', json.dumps({'keras_version': '3.3.3', 'date_saved': '2024-05-01@00:00:00'}))
            entry('config.json', json.dumps(model))
            entry('model.weights.h5', data.getvalue())
        keep(name, x, y)
    arrays = [named('first', CELL, l, 'lstm_cell/'), ('drop', []),
              named('norm', ['gamma', 'beta', 'moving_mean', 'moving_variance'], b),
              ('wrap', [(f'wrap/{h}_gru/gru_cell/{n}', v) for h, ws in (('forward', f), ('backward', w)) for n, v in zip(CELL, ws)]),
              ('head_a', list(zip(DENSE, d))), ('head_b', list(zip(DENSE, e)))]
    write_h5('keras3.h5', model, arrays, '3.3.3')
    keep('keras3.h5', x, y)


# --- Models within models -------------------------------------------------------------------------------------------

def nested2():
    """Keras 2: arrays of a layer in a model in a model stand in the group of the outermost, under names without it."""
    g, a, b = cell_weights('gru', 3, 4, True), [weights(4, 3), weights(3)], [weights(3, 2), weights(2)]
    l, n = cell_weights('lstm', 3, 3), [weights(3), weights(3), weights(3), np.abs(weights(3)) + 0.5]
    start = lambda name, size: {'class_name': 'InputLayer', 'config': {
        'batch_input_shape': [None, None, size], 'dtype': 'float32', 'sparse': False, 'ragged': False, 'name': name}}
    called = lambda one, *reads: {**one, 'name': one['config']['name'],
                                  'inbound_nodes': [[[n, i, 0, {}] for n, i in reads]] if reads else []}
    within = lambda name, *layers: {'class_name': 'Sequential', 'config': {'name': name, 'layers': list(layers)}}
    inner = within('inner', start('dense_input', 4), layer('Dense', 'dense', units=3, activation='tanh', use_bias=True))
    encoder = within('encoder', start('gru_input', 3),
                     recurrent('GRU', 'gru', 4, recurrent_activation='sigmoid', reset_after=True), inner)
    middle = {'class_name': 'Functional', 'config': {
        'name': 'middle', 'trainable': True, 'input_layers': [['m', 0, 0]], 'output_layers': [['sum', 0, 0]], 'layers': [
            called(start('m', 3)),
            called(recurrent('LSTM', 'lstm', 3, recurrent_activation='sigmoid'), ('m', 0)),
            called(layer('BatchNormalization', 'norm', axis=[2], momentum=0.99, epsilon=1e-3, center=True, scale=True), ('lstm', 0)),
            called(layer('Add', 'sum'), ('m', 0), ('norm', 0))]}}
    # Call 0 of a model with inputs of its own is that of these.
    model = {'class_name': 'Functional', 'config': {
        'name': 'model', 'trainable': True, 'input_layers': [['x', 0, 0]], 'output_layers': [['head', 1, 0]], 'layers': [
            called(start('x', 3)), called(encoder, ('x', 0)), called(middle, ('encoder', 1)),
            called(within('head', start('dense_input', 3), layer('Dense', 'dense', units=2, activation='sigmoid', use_bias=True)),
                   ('middle', 1))]}}
    x = features()
    h = dense(gru(x, f64(g)), f64(a), np.tanh)
    y = dense(h + batch_norm(lstm(h, f64(l)), f64(n), 1e-3), f64(b), sigmoid)
    weight = lambda name, names, arrays: [(f'{name}/{n}:0', w) for n, w in zip(names, arrays)]
    norm = weight('norm', ['gamma', 'beta', 'moving_mean', 'moving_variance'], n)
    layers = [('x', []), ('encoder', weight('gru/gru_cell', CELL, g) + weight('dense', DENSE, a)),
              # Keras lists what is trained before what is not.
              ('middle', norm[:2] + weight('lstm/lstm_cell', CELL, l) + norm[2:]), ('head', weight('dense', DENSE, b))]
    write_h5('nested.h5', model, layers, '2.11.0')
    keep('nested.h5', x, y)


def nested3():
    """Keras 3: a model within a model has a group of layers of its own, numbered by itself."""
    e, g, l = weights(9, 4), cell_weights('gru', 4, 4, True), cell_weights('lstm', 4, 3)
    a, b, c = [weights(4, 4), weights(4)], [weights(3, 3), weights(3)], [weights(3, 2), weights(2)]
    start = lambda *shape: layer3('InputLayer', 'input_layer', batch_shape=[None, *shape], sparse=False, ragged=False)
    within = lambda name, *layers: layer3('Sequential', name, layers=list(layers))
    inner = lambda name, size, units, f: within(name, start(None, size), layer3('Dense', 'dense', units=units, activation=f, use_bias=True))
    model = within('whole', start(None),
                   within('first', start(None), layer3('Embedding', 'embedding', input_dim=9, output_dim=4, mask_zero=False),
                          recurrent3('GRU', 'gru', 4, reset_after=True), inner('deep', 4, 4, 'tanh')),
                   within('second', start(None, 4), recurrent3('LSTM', 'lstm', 3), inner('deep', 3, 3, 'relu')),
                   layer3('Dense', 'dense', units=2, activation='sigmoid', use_bias=True))
    tokens = random.integers(0, 9, T)
    y = dense(gru(np.asarray(e, 'f8')[tokens], f64(g)), f64(a), np.tanh)
    y = dense(dense(lstm(y, f64(l)), f64(b), lambda v: np.maximum(v, 0)), f64(c), sigmoid)
    data = io.BytesIO()
    with h5py.File(data, 'w') as file:
        put = lambda path, arrays: [file.create_dataset(f'layers/{path}/vars/{i}', data=v) for i, v in enumerate(arrays)]
        put('sequential/layers/embedding', [e])
        put('sequential/layers/gru/cell', g)
        put('sequential/layers/sequential/layers/dense', a)
        put('sequential_1/layers/lstm/cell', l)
        put('sequential_1/layers/sequential/layers/dense', b)
        put('dense', c)
    with zipfile.ZipFile(os.path.join(FOLDER, 'nested.keras'), 'w') as z:
        entry = lambda n, text: z.writestr(zipfile.ZipInfo(n, (1980, 1, 1, 0, 0, 0)), text)
        entry('metadata.json', json.dumps({'keras_version': '3.3.3', 'date_saved': '2024-05-01@00:00:00'}))
        entry('config.json', json.dumps(model))
        entry('model.weights.h5', data.getvalue())
    keep('nested.keras', tokens, y)


# --- What is refused ------------------------------------------------------------------------------------------------

def refused():
    model = sequential(layer('Dense', 'dense', units=2, activation='tanh', use_bias=True, batch_input_shape=[None, None, 3]))
    d = [weights(3, 2), weights(2)]
    for name, libver, how in (('chunked-lzf', None, {'compression': 'lzf'}), ('chunked-sum', None, {'fletcher32': True}),
                              ('chunked-latest', 'latest', {}), ('chunked-damaged', None, {'compression': 'gzip'}),
                              ('chunked-missing', None, {})):
        write_h5(f'{name}.h5', model, [named('dense', DENSE, d)], '2.11.0')
        with h5py.File(os.path.join(FOLDER, f'{name}.h5'), 'a', libver=libver) as f:
            del f['model_weights/dense/dense/kernel:0']
            values = {'shape': (3, 2), 'dtype': 'f4'} if name == 'chunked-missing' else {'data': d[0]}
            kernel = f['model_weights/dense/dense'].create_dataset('kernel:0', chunks=(1, 2), **values, **how)
            if name == 'chunked-missing':
                kernel[:2] = d[0][:2]
            at = kernel.id.get_chunk_info(1).byte_offset
        if name == 'chunked-damaged':
            with open(os.path.join(FOLDER, f'{name}.h5'), 'r+b') as f:
                f.seek(at + 8)
                f.write(b'\xff')
    write_h5('soft-link.h5', model, [named('dense', DENSE, d)], '2.11.0')
    with h5py.File(os.path.join(FOLDER, 'soft-link.h5'), 'a') as f:
        del f['model_weights/dense/dense/kernel:0']
        f['model_weights/dense/dense/kernel:0'] = h5py.SoftLink('/model_weights/dense/dense/bias:0')
    write_h5('integers.h5', model, [named('dense', DENSE, d)], '2.11.0', dtype='i4')


def hostile():
    """Groups that hold themselves, and groups that all hold the next one: 4^30 ways."""
    config = json.dumps({'class_name': 'Sequential', 'config': {'name': 's', 'layers': [
        layer3('LSTM', 'lstm', batch_shape=[None, None, 3], units=4)]}})
    for name, libver in (('loop', None), ('loop-latest', 'latest'), ('ways', None), ('ways-latest', 'latest')):
        data = io.BytesIO()
        with h5py.File(data, 'w', libver=libver) as file:
            group = file.create_group('layers/lstm')
            for depth in range(1 if 'loop' in name else 30):
                following = group if 'loop' in name else file.create_group(f'x{depth}')
                for i in range(12 if libver else 4):
                    group[f'a{i}'] = following
                group = following
        with zipfile.ZipFile(os.path.join(FOLDER, f'{name}.zip'), 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr(zipfile.ZipInfo('config.json', (1980, 1, 1, 0, 0, 0)), config)
            z.writestr(zipfile.ZipInfo('model.weights.h5', (1980, 1, 1, 0, 0, 0)), data.getvalue(), zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(os.path.join(FOLDER, 'bomb.zip'), 'w') as z:
        z.writestr(zipfile.ZipInfo('config.json', (1980, 1, 1, 0, 0, 0)), config)
        z.writestr(zipfile.ZipInfo('model.weights.h5', (1980, 1, 1, 0, 0, 0)), bytes(20_000_000), zipfile.ZIP_DEFLATED)


os.makedirs(FOLDER, exist_ok=True)
for make in (keras2, cudnn, bidirectional, stack, keras1, keras3, refused, hostile, nested2, nested3):
    make()
with open(os.path.join(FOLDER, 'h5.json'), 'w') as f:
    json.dump(expected, f)
    f.write('\n')
