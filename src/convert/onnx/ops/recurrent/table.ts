import type { Operator } from '../../operator.ts';
import { gru, lstm, rnn } from './cells.ts';
import { dynamicQuantizeLstm } from './quantized.ts';

export const recurrent: Readonly<Record<string, Operator>> = {
  LSTM: lstm,
  GRU: gru,
  RNN: rnn,
  'com.microsoft.DynamicQuantizeLSTM': dynamicQuantizeLstm,
};
