/**
 * The two stages of DTLN (Westhausen and Meyer 2020) as Keras models over the names of its weights. The file has no model:
 * the trained one holds the spectra in Lambda layers, which are the host's part here, as in the ONNX files.
 */

function layer(className: string, name: string, reads: readonly string[], config: object): object {
  return {
    class_name: className,
    name,
    config: { name, ...config },
    inbound_nodes: reads.length > 0 ? [reads.map((from) => [from, 0, 0, {}])] : [],
  };
}

function input(size: number): object {
  return layer('InputLayer', 'input', [], { batch_input_shape: [1, null, size], dtype: 'float32' });
}

function lstm(name: string, from: string): object {
  return layer('LSTM', name, [from], {
    units: 128,
    activation: 'tanh',
    recurrent_activation: 'sigmoid',
    return_sequences: true,
  });
}

/** Two LSTMs and the mask that they give. */
function core(names: readonly string[], from: string, units: number): readonly object[] {
  const [first, dropout, second, dense, activation] = names as [string, string, string, string, string];
  return [
    lstm(first, from),
    layer('Dropout', dropout, [first], { rate: 0.25 }),
    lstm(second, dropout),
    layer('Dense', dense, [second], { units }),
    layer('Activation', activation, [dense], { activation: 'sigmoid' }),
  ];
}

function model(layers: readonly object[], output: string): object {
  return {
    class_name: 'Functional',
    config: { layers, input_layers: [['input', 0, 0]], output_layers: [[output, 0, 0]] },
  };
}

function convolution(name: string, from: string, filters: number, padding: string): object {
  const config = { filters, kernel_size: [1], strides: [1], padding, use_bias: false };
  return layer('Conv1D', name, [from], config);
}

export const DTLN_STAGES = [
  {
    onnx: 'model_1.onnx',
    /** The magnitudes of a spectrum in, a mask out. */
    size: 257,
    lstms: ['lstm', 'lstm_1'],
    ports: { input: 'input_2', state: 'input_3', output: 'activation_2', nextState: 'tf_op_layer_stack_2' },
    config: model(
      [input(257), ...core(['lstm', 'dropout', 'lstm_1', 'dense', 'activation'], 'input', 257)],
      'activation',
    ),
  },
  {
    onnx: 'model_2.onnx',
    /** A frame of samples in and out. */
    size: 512,
    lstms: ['lstm_2', 'lstm_3'],
    ports: { input: 'input_4', state: 'input_5', output: 'conv1d_3', nextState: 'tf_op_layer_stack_5' },
    config: model(
      [
        input(512),
        convolution('conv1d', 'input', 256, 'valid'),
        layer('LayerNormalization', 'layer_normalization', ['conv1d'], { axis: [2], epsilon: 1e-7 }),
        ...core(['lstm_2', 'dropout_1', 'lstm_3', 'dense_1', 'activation_1'], 'layer_normalization', 256),
        layer('Multiply', 'multiply', ['conv1d', 'activation_1'], {}),
        convolution('conv1d_1', 'multiply', 512, 'causal'),
      ],
      'conv1d_1',
    ),
  },
] as const;
