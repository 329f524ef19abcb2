/** The two builds of the module: the same bits, one with SIMD instructions, one for engines without. */
export type Build = 'simd' | 'scalar';

/** A function body of one SIMD instruction: valid exactly where the engine has SIMD. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  11,
]);

/** SIMD where the engine has it. */
export function supportedBuild(): Build {
  return WebAssembly.validate(SIMD_PROBE) ? 'simd' : 'scalar';
}
