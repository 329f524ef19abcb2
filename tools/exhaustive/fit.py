"""Fits the coefficients of assembly/kernels/activation/tanh.ts and prints their error in float32.

With t = tanh(x / 2) ~ N / Q, N = x P(x^2), Q = Q(x^2), tanh(x) = 2 N Q / (Q^2 + N^2). P and Q come from a weighted
linear least-squares problem, linearised by Loeb's iteration and driven to the minimax solution by Lawson's weights;
the weight of a point is the slope of the double-angle formula there.

    python3 fit.py            (needs numpy)
"""
import numpy as np

f32 = np.float32


def fit(degree_p, degree_q, clamp, iterations=600):
    """Returns (largest error in float64, coefficients of P, of Q with constant term 1)."""
    chebyshev = clamp * 0.5 * (1 - np.cos(np.linspace(0, np.pi, 4001)))
    x = np.sort(np.concatenate([np.linspace(1e-4, clamp, 4001), chebyshev[1:]]))
    t, scale = np.tanh(x / 2), clamp * clamp
    slope = 2 * (1 - t * t) / (1 + t * t) ** 2 + 1e-9
    powers = (x * x / scale)[:, None] ** np.arange(0, max(degree_p, degree_q) + 1)
    lawson, q, best = np.ones_like(x), np.ones_like(x), (np.inf, None, None)
    for _ in range(iterations):
        columns = np.hstack([x[:, None] * powers[:, : degree_p + 1], -t[:, None] * powers[:, 1 : degree_q + 1]])
        weight = slope / q * np.sqrt(lawson)
        solution = np.linalg.lstsq(columns * weight[:, None], t * weight, rcond=1e-15)[0]
        p, monic = solution[: degree_p + 1], np.concatenate([[1], solution[degree_p + 1 :]])
        q = powers[:, : degree_q + 1] @ monic
        n = x * (powers[:, : degree_p + 1] @ p)
        error = np.abs(2 * n * q / (q * q + n * n) - np.tanh(x))
        if error.max() < best[0]:
            best = (error.max(), p / scale ** np.arange(degree_p + 1), monic / scale ** np.arange(degree_q + 1))
        lawson = lawson * (error / error.max() + 1e-6)
        lawson /= lawson.mean()
        q = np.abs(q) + 1e-30
    return best


def evaluate(p, q, clamp, x):
    """The kernel's operations in its order, every one rounded to float32."""
    x = np.clip(x, f32(-clamp), f32(clamp))
    z = x * x
    numerator = np.full_like(z, p[-1])
    for coefficient in p[-2::-1]:
        numerator = numerator * z + coefficient
    denominator = z + q[-2]
    for coefficient in q[-3::-1]:
        denominator = denominator * z + coefficient
    n = x * numerator
    return ((n + n) * denominator) / (denominator * denominator + n * n)


if __name__ == "__main__":
    x = np.linspace(0, 12, 1200001).astype(f32)
    for degrees in [(2, 2), (2, 3), (3, 2), (3, 3)]:
        for clamp in [8.4, 8.7, 9.0]:
            error, p, q = fit(*degrees, clamp)
            p, q = (p / q[-1]).astype(f32), (q / q[-1]).astype(f32)
            y = evaluate(p, q, clamp, x)
            difference = np.abs(y.astype(np.float64) - np.tanh(x.astype(np.float64)))
            print(
                f"P {degrees[0]} Q {degrees[1]} clamp {clamp}: minimax {error:.2e}, float32 max {difference.max():.2e} "
                f"mean {difference.mean():.2e}, largest value 1 + {float(y.max()) - 1:.1e}"
            )
            print("  P", [float(v) for v in p], "Q", [float(v) for v in q])
