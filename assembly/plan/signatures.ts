// What every op takes: a new op is a line here. A line is what it has besides n, then its operands a … e, each what it is
// and how large.

// Sizes that an op has, and whether n counts whole panels.
export const HAS_K: u8 = 1;
export const MAY_HAVE_K: u8 = 2;
export const MAY_HAVE_M: u8 = 4;
export const HAS_QMAX: u8 = 8;
export const WIDE: u8 = 16;

// What an operand is: a buffer, a state, either of them, a constant, a constant or nothing, a buffer of the encoder read by
// the main section, a buffer of tokens, a state of the main section written by the encoder, a constant or private weights.
export const BUFFER: u8 = 0x10;
export const STATE: u8 = 0x20;
export const VECTOR: u8 = 0x30;
export const CONSTANT: u8 = 0x40;
export const OPTIONAL: u8 = 0x50;
export const ENCODED: u8 = 0x60;
export const TOKENS: u8 = 0x70;
export const MAIN_STATE: u8 = 0x80;
export const WEIGHTS: u8 = 0x90;

// How many values it has: n; two, three, four blocks of n, each padded to panels; k; k + n; m + n; n + 1; k blocks of n; four
// parameters; a matrix [n][k], float32 or int8; a bias of n or m. Any: looked at by the op's own check.
export const ANY: u8 = 0;
export const N: u8 = 1;
export const N2: u8 = 2;
export const N3: u8 = 3;
export const N4: u8 = 4;
export const K: u8 = 5;
export const K_AND_N: u8 = 6;
export const M_AND_N: u8 = 7;
export const N_AND_1: u8 = 8;
export const K_BLOCKS: u8 = 9;
export const PARAMETERS: u8 = 10;
export const MATRIX: u8 = 11;
export const MATRIX_INT8: u8 = 12;
export const BIAS: u8 = 13;

/** Bytes of a line. */
export const LINE: usize = 6;

/** The lines, in the order of OpCode. */
// prettier-ignore
export const SIGNATURES: usize = memory.data<u8>([
  /* none            */ 0, 0, 0, 0, 0, 0,
  /* Embedding       */ HAS_K | WIDE, TOKENS | K, CONSTANT | MATRIX, BUFFER | N, 0, 0,
  /* MatvecF32       */ HAS_K | MAY_HAVE_M | WIDE, VECTOR | K, WEIGHTS | MATRIX, OPTIONAL | BIAS, BUFFER | BIAS, 0,
  /* MatvecInt8      */ HAS_K | MAY_HAVE_M | HAS_QMAX | WIDE, VECTOR | K, CONSTANT | MATRIX_INT8, OPTIONAL | BIAS, BUFFER | BIAS, CONSTANT | N,
  /* Sigmoid         */ 0, BUFFER | N, BUFFER | N, 0, 0, 0,
  /* Tanh            */ 0, BUFFER | N, BUFFER | N, 0, 0, 0,
  /* Relu            */ 0, BUFFER | N, BUFFER | N, 0, 0, 0,
  /* Softmax         */ 0, BUFFER | N, BUFFER | N, 0, 0, 0,
  /* RnnTanh         */ 0, BUFFER | N, STATE | N, BUFFER | N, 0, 0,
  /* RnnRelu         */ 0, BUFFER | N, STATE | N, BUFFER | N, 0, 0,
  /* Lstm            */ 0, BUFFER | N4, STATE | N, STATE | N, BUFFER | N, 0,
  /* GruAfter        */ 0, BUFFER | N4, STATE | N, BUFFER | N, 0, 0,
  /* GruReset        */ 0, BUFFER | N3, STATE | N, BUFFER | N, 0, 0,
  /* GruBefore       */ 0, BUFFER | N3, STATE | N, BUFFER | N, 0, 0,
  /* HardSigmoid     */ 0, BUFFER | N, BUFFER | N, CONSTANT | PARAMETERS, 0, 0,
  /* LeakyRelu       */ 0, BUFFER | N, BUFFER | N, CONSTANT | PARAMETERS, 0, 0,
  /* Elu             */ 0, BUFFER | N, BUFFER | N, CONSTANT | PARAMETERS, 0, 0,
  /* Softsign        */ 0, BUFFER | N, BUFFER | N, 0, 0, 0,
  /* Clip            */ 0, BUFFER | N, BUFFER | N, CONSTANT | PARAMETERS, 0, 0,
  /* Add             */ 0, BUFFER | N, BUFFER | N, BUFFER | N, 0, 0,
  /* Mul             */ 0, BUFFER | N, VECTOR | N, BUFFER | N, 0, 0,
  /* Average         */ 0, BUFFER | N, BUFFER | N, BUFFER | N, 0, 0,
  /* Affine          */ 0, BUFFER | N, CONSTANT | N, CONSTANT | N, BUFFER | N, 0,
  /* AddScaled       */ 0, VECTOR | N, CONSTANT | N, BUFFER | N, 0, 0,
  /* CopyColumns     */ MAY_HAVE_K | MAY_HAVE_M, BUFFER | K_AND_N, BUFFER | M_AND_N, 0, 0, 0,
  /* LayerNorm       */ HAS_K, BUFFER | K_BLOCKS, CONSTANT | K_BLOCKS, CONSTANT | K_BLOCKS, BUFFER | K_BLOCKS, CONSTANT | PARAMETERS,
  /* Dropout         */ 0, BUFFER | N, BUFFER | N, 0, 0, CONSTANT | PARAMETERS,
  /* LstmCell        */ 0, BUFFER | N4, STATE | N, BUFFER | N, OPTIONAL | PARAMETERS, 0,
  /* Remember        */ 0, BUFFER | N, STATE | N, BUFFER | N, 0, 0,
  /* GruState        */ 0, BUFFER | N, STATE | N, BUFFER | N, BUFFER | N, 0,
  /* MinGruState     */ 0, BUFFER | N, STATE | N, BUFFER | N, BUFFER | N, 0,
  /* MinLstmState    */ 0, BUFFER | N2, STATE | N, BUFFER | N, BUFFER | N, 0,
  /* Window          */ HAS_K, BUFFER | N, STATE | K, BUFFER | K_AND_N, 0, 0,
  /* ConvolutionF32  */ HAS_K | MAY_HAVE_M | WIDE, BUFFER | ANY, CONSTANT | MATRIX, CONSTANT | N, BUFFER | ANY, CONSTANT | ANY,
  /* ConvolutionInt8 */ HAS_K | MAY_HAVE_M | HAS_QMAX | WIDE, BUFFER | ANY, CONSTANT | MATRIX_INT8, CONSTANT | N, BUFFER | ANY, CONSTANT | ANY,
  /* MaxPool         */ 0, BUFFER | ANY, BUFFER | N, 0, 0, CONSTANT | ANY,
  /* AveragePool     */ 0, BUFFER | ANY, BUFFER | N, 0, 0, CONSTANT | ANY,
  /* TimeMax         */ 0, BUFFER | N, STATE | N_AND_1, BUFFER | N, 0, 0,
  /* TimeSum         */ 0, BUFFER | N, STATE | N, BUFFER | N, 0, 0,
  /* TimeMean        */ 0, BUFFER | N, STATE | N_AND_1, BUFFER | N, 0, 0,
  /* Attention       */ 0, BUFFER | N, ENCODED | N, BUFFER | N, 0, CONSTANT | PARAMETERS,
  /* CopyState       */ 0, STATE | N, MAIN_STATE | N, 0, 0, 0,
  /* Sub             */ 0, BUFFER | N, BUFFER | N, BUFFER | N, 0, 0,
  /* Div             */ 0, BUFFER | N, BUFFER | N, BUFFER | N, 0, 0,
  /* Sqrt            */ 0, BUFFER | N, BUFFER | N, 0, 0, 0,
  /* LogSoftmax      */ 0, BUFFER | N, BUFFER | N, 0, 0, 0,
  /* PRelu           */ 0, BUFFER | N, CONSTANT | N, BUFFER | N, 0, 0,
  /* Quantize        */ 0, BUFFER | N, BUFFER | N, CONSTANT | PARAMETERS, 0, 0,
]);

/** As many lines: codes beyond them are none. */
export const CODES: u32 = 47;
