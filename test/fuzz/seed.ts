/** RIVULET_SEED, or the seed of every run that names none: failures then come again. */
export function fuzzSeed(): number {
  const given = process.env.RIVULET_SEED;
  if (given === undefined || given === '') return 1;
  const seed = Number(given);
  if (!Number.isInteger(seed)) throw new Error(`RIVULET_SEED must be an integer, got ${given}`);
  return seed;
}
