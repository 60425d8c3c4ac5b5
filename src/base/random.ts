/** Randomness as a value: seeded where a result must be repeatable, from the system where it must not be guessed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, for simulations and jitter, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let t = state
      t = Math.imul(t ^ (t >>> 15), t | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    }
  }
}

export function integerBelow(random: Random, limit: number): number {
  return Math.floor(random.next() * limit)
}

/** A copy in an order of chance, every one as likely (Fisher–Yates). */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  const copy = [...values]
  for (let last = copy.length - 1; last > 0; last--) {
    const chosen = integerBelow(random, last + 1)
    // Within the array, so both are there.
    ;[copy[last], copy[chosen]] = [copy[chosen] as T, copy[last] as T]
  }
  return copy
}

/** A seed for one of many independent streams: the same numbers give the same seed (the finaliser of MurmurHash3, public domain). */
export function mixSeed(...parts: readonly number[]): number {
  let state = 0x9e3779b9
  for (const part of parts) {
    for (const word of [part >>> 0, Math.floor(part / 4294967296) >>> 0]) {
      state = Math.imul(state ^ word, 0x85ebca6b)
      state ^= state >>> 13
      state = Math.imul(state, 0xc2b2ae35)
      state = (state ^ (state >>> 16)) + 0x6d2b79f5
    }
  }
  return state >>> 0
}
