/** Draws from one seed. A fork is a stream of its own: what one client draws never moves what another draws. */
import { type Random, seededRandom } from '../../src/base/index.ts'

const HEX = '0123456789abcdef'

/** FNV-1a over the text, stirred by the finaliser of MurmurHash3 (both public domain). */
export function hashOf(seed: number, text: string): number {
  let hash = (2166136261 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619)
  return stir(hash)
}

export function stir(value: number): number {
  let x = value >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

export class Draw implements Random {
  readonly seed: number
  readonly #random: Random
  #forks = 0

  constructor(seed: number) {
    this.seed = seed >>> 0
    this.#random = seededRandom(stir(this.seed ^ 0x9e3779b9))
  }

  fork(label: string): Draw {
    this.#forks++
    return new Draw(hashOf(this.seed, `${label}/${this.#forks}`))
  }

  next(): number {
    return this.#random.next()
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** Whole number, both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  uniform(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return radius * Math.cos(2 * Math.PI * this.next())
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal())
  }

  /** @throws if there is nothing to pick from */
  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)]
    if (value === undefined) throw new RangeError('expected something to pick from, got nothing')
    return value
  }

  /** @throws if there is nothing to pick from */
  weighted<T>(values: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.next() * values.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of values) {
      left -= weight
      if (left < 0) return value
    }
    const last = values.at(-1)
    if (last === undefined) throw new RangeError('expected something to pick from, got nothing')
    return last[1]
  }

  hex(digits: number): string {
    let text = ''
    for (let i = 0; i < digits; i++) text += HEX[this.below(16)]
    return text
  }
}
