// log(x) = k ln 2 + log(1 + f), 1 + f in [√½, √2); with s = f / (2 + f),
// log(1 + f) = f - ½ f² + s (½ f² + R(s²)) (FreeBSD's e_logf: odd series in s, minimax R).
//
// For normal positive x the error is below 1 ulp. Zero and denormals count as the smallest normal number (-87.34),
// infinity gives 88.73, negative numbers and NaN are outside the contract.

const LN2_HIGH: f32 = 6.9313812256e-1;
const LN2_LOW: f32 = 9.0580006145e-6;
const SMALLEST_NORMAL: f32 = 1.17549435e-38;

export function log(x: f32): f32 {
  if (!(x >= SMALLEST_NORMAL)) x = SMALLEST_NORMAL;
  let bits = reinterpret<i32>(x) - 0x3f3504f3; // √½
  const k = bits >> 23;
  bits = (bits & 0x7fffff) + 0x3f3504f3;
  const f = reinterpret<f32>(bits) - <f32>1;
  const s = f / (<f32>2 + f), z = s * s, w = z * z;
  const even = w * (<f32>4.0000972152e-1 + w * <f32>2.4279078841e-1);
  const odd = z * (<f32>6.6666662693e-1 + w * <f32>2.8498786688e-1);
  const half = <f32>0.5 * f * f, e = <f32>k;
  return s * (half + (even + odd)) + e * LN2_LOW - half + f + e * LN2_HIGH;
}
