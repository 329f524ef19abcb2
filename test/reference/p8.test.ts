/** The model of the int8 product against numbers worked out by hand, and against NumPy's float32. */
import { describe, expect, it } from 'vitest';
import { matvecInt8, qmaxOf, quantizeActivations, roundToEven } from './p8.ts';
import { Random } from './random.ts';

const SEED = 2008;

describe('qmaxOf', () => {
  it('is the greatest int16 where sums are short', () => {
    expect(qmaxOf(Int8Array.of(1, -1, 0, 0), 2, 2)).toBe(32767);
    expect(qmaxOf(new Int8Array(6), 2, 3)).toBe(32767);
    // 516 * 127 = 65532 and 65532 * 32767 < 2^31 - 1 < 65659 * 32767
    expect(qmaxOf(new Int8Array(516).fill(127), 1, 516)).toBe(32767);
  });

  it('keeps the sum of the worst row within i32', () => {
    expect(qmaxOf(new Int8Array(517).fill(-127), 1, 517)).toBe(32706);
    const weights = new Int8Array(2 * 1024).fill(127, 1024);
    expect(qmaxOf(weights, 2, 1024)).toBe(16513);
    expect(16513 * 127 * 1024).toBeLessThan(2 ** 31);
    expect(16514 * 127 * 1024).toBeGreaterThanOrEqual(2 ** 31);
  });
});

describe('quantizeActivations', () => {
  it('rounds halves to even', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, -2.6].map(roundToEven).map((value) => value + 0)).toEqual([
      0, 2, 2, 0, -2, -2, 2, -3,
    ]);
    const { q, scale } = quantizeActivations(Float32Array.of(8, 0.5, 1.5, -2.5, -8), 8);
    expect(Array.from(q)).toEqual([8, 0, 2, -2, -8]);
    expect(scale).toBe(1);
  });

  it('gives zeros and scale 0 where nothing reaches 1e-20', () => {
    expect(quantizeActivations(Float32Array.of(9e-21, -9e-21, 0), 32767)).toEqual({
      q: new Int16Array(3),
      scale: 0,
    });
    expect(quantizeActivations(Float32Array.of(2e-20, 0), 32767).q).toEqual(Int16Array.of(32767, 0));
  });

  it(`stays within qmax and half a scale of x (seed ${SEED})`, () => {
    const random = new Random(SEED);
    for (let round = 0; round < 200; round++) {
      const qmax = random.integer(1, 32768);
      const x = random.gaussians(17, 0, 10 ** random.uniform(-15, 15));
      const { q, scale } = quantizeActivations(x, qmax);
      expect(Math.max(...q.map(Math.abs))).toBe(qmax);
      // Half a scale, and what float32 loses on the way: three roundings of 2^-24 of a quotient up to qmax.
      const bound = scale * (0.5 + 4 * qmax * 2 ** -24);
      for (const [k, value] of x.entries())
        expect(Math.abs(q[k]! * scale - value)).toBeLessThanOrEqual(bound);
    }
  });
});

describe('matvecInt8', () => {
  it('adds the scaled integer sum to init', () => {
    const matrix = {
      weights: Int8Array.of(1, 2, -3, 127, 0, -127),
      scales: Float32Array.of(0.5, 0.25),
      rows: 2,
      columns: 3,
    };
    // qmax 4 and absmax 2: q_x = [2, -4, 1], s_x = 0.5
    const x = Float32Array.of(1, -2, 0.5);
    expect(matvecInt8(matrix, x, Float32Array.of(10, 20), 4)).toEqual(
      Float32Array.of(10 + (2 - 8 - 3) * 0.25, 20 + (254 - 127) * 0.125),
    );
    expect(matvecInt8(matrix, new Float32Array(3), Float32Array.of(10, 20))).toEqual(Float32Array.of(10, 20));
  });

  it('rounds to float32 where it says: the product', () => {
    // NumPy with float32 arrays and qmax 30000, absmax = np.abs(x).max():
    //   q = np.rint(x * (qmax / absmax)).astype(np.int32)
    //   y = init + (weights @ q).astype(np.float32) * (scales * (absmax / qmax))
    // Chosen among seeded draws such that leaving out any one of these roundings changes y: 1/absmax, s_x,
    // x/absmax, the scale, the product.
    const matrix = {
      weights: Int8Array.of(
        ...[85, 114, 9, -125, -127, -88, -38],
        ...[-57, -17, -115, 6, -117, 54, -122],
        ...[-122, -53, 104, -126, 113, 99, 70],
      ),
      scales: Float32Array.of(0.00932, 0.00524, 0.00232),
      rows: 3,
      columns: 7,
    };
    const x = Float32Array.of(0.82, 1.6, -1.4, 0.52, -0.65, 0.08, -0.8);
    expect(quantizeActivations(x, 30000).q).toEqual(
      Int16Array.of(15375, 30000, -26250, 9750, -12188, 1500, -15000),
    );
    expect(matvecInt8(matrix, x, Float32Array.of(-1.22, -0.34, 0.97), 30000)).toEqual(
      Float32Array.of(1.3934526443481445, 1.0651222467422485, -0.23058366775512695),
    );
  });

  it('rounds to float32 where it says: the sum', () => {
    // 127 * 32767 * 5 = 20807045 is odd and above 2^24: float32 20807044. Unrounded, NumPy gives
    // 208070.453125.
    const matrix = {
      weights: new Int8Array(5).fill(127),
      scales: Float32Array.of(0.01),
      rows: 1,
      columns: 5,
    };
    expect(matvecInt8(matrix, new Float32Array(5).fill(32767))[0]).toBe(208070.4375);
  });

  it(`approaches the product of the dequantised weights (seed ${SEED})`, () => {
    const random = new Random(SEED);
    for (const columns of [1, 3, 33, 700]) {
      const rows = 7;
      const weights = Int8Array.from({ length: rows * columns }, () => random.integer(-127, 128));
      const matrix = { weights, scales: random.uniforms(rows, 0.001, 0.01), rows, columns };
      const x = random.gaussians(columns);
      const y = matvecInt8(matrix, x);
      const absmax = Math.max(...x.map(Math.abs));
      for (let n = 0; n < rows; n++) {
        let exact = 0;
        let magnitude = 0;
        for (let k = 0; k < columns; k++) {
          exact += weights[n * columns + k]! * matrix.scales[n]! * x[k]!;
          magnitude += Math.abs(weights[n * columns + k]! * matrix.scales[n]!);
        }
        const step = absmax / qmaxOf(weights, rows, columns);
        expect(Math.abs(y[n]! - exact)).toBeLessThanOrEqual(0.51 * step * magnitude + 1e-6 * Math.abs(exact));
      }
    }
  });
});
