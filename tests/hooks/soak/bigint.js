// BigInt: factorials, Fibonacci numbers, modular powers, bitwise operators, conversions.
let factorial = 1n;
for (let i = 2n; i <= 300n; i++) factorial *= i;
let [a, b] = [0n, 1n];
for (let i = 0; i < 1500; i++) [a, b] = [b, a + b];
function power(base, exponent, modulus) {
  let result = 1n;
  for (base %= modulus; exponent; exponent >>= 1n, base = (base * base) % modulus) {
    if (exponent & 1n) result = (result * base) % modulus;
  }
  return result;
}
let mixed = '';
try { 1n + 1; } catch (error) { mixed = error.message; }
complete(null, {
  factorial: factorial.toString(36).slice(0, 60), digits: String(a).length, tail: String(a).slice(-20),
  power: String(power(3n, 2n ** 200n + 7n, 2n ** 127n - 1n)), mixed, negative: String(-7n / 2n) + String(-7n % 2n),
  bits: String(~(1n << 100n) ^ 0xffffn), wrapped: String(BigInt.asIntN(64, 2n ** 63n)), parsed: String(BigInt('0xfedcba9876543210')),
});
