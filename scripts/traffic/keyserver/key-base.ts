/**
 * The certificates that the keyserver holds. They are a function of seed and index, so millions need no memory. Fingerprints rise
 * with the index and lie evenly, as hashes do: the index is the place in a sorted dump.
 */
import { Draw, stir } from '../draw.ts'
import { DOMAINS, FIRST_NAMES, LAST_NAMES, PROVIDERS } from './names.ts'

export interface Certificate {
  /** 40 lower-case hexadecimal digits. */
  readonly fingerprint: string
  readonly lengthBytes: number
  readonly algorithm: string
}

/** Lengths of stored certificates, by percentile (contract §4.3). */
const LENGTHS: readonly (readonly [probability: number, bytes: number])[] = [
  [0, 250],
  [0.01, 325],
  [0.05, 621],
  [0.1, 903],
  [0.25, 1_130],
  [0.5, 1_235],
  [0.75, 2_190],
  [0.9, 2_824],
  [0.95, 4_136],
  [0.99, 9_877],
  [0.999, 48_774],
  [0.9999, 156_074],
  [1, 536_452]
]
const HOT = 2_000
/**
 * Certificates that people ask for are those of people whom many have signed. Log-normal, fitted to the 904 certificates of Debian's
 * keyring package (median 13.5 kB, a tenth above 73 kB, a hundredth above 225 kB), cut where Hockeypuck cuts (`maxKeyLength`, 1 MiB);
 * a few were flooded with signatures and never cleaned (contract §4.1: rjh, dkg and others in 2019).
 */
const SIGNED = { medianBytes: 13_500, sigma: 1.25, mostBytes: 1_048_000, floodedShare: 0.006 }
/** Some well-known people computed until they had an id of one digit repeated. Assumed; such ids are publicly known. */
const VANITY_SHARE = 0.006
const VANITY_DIGITS = 8
const TWO_32 = 2 ** 32

export function lengthAt(probability: number): number {
  for (let i = 1; i < LENGTHS.length; i++) {
    const [low, from] = LENGTHS[i - 1] ?? [0, 0]
    const [high, to] = LENGTHS[i] ?? [1, 0]
    if (probability > high) continue
    return Math.round(from * (to / from) ** ((probability - low) / (high - low)))
  }
  return LENGTHS.at(-1)?.[1] ?? 0
}

export class KeyBase {
  readonly size: number
  readonly #seed: number
  readonly #fresh: Certificate[] = []
  readonly #freshMax = 4_096
  /** By index. */
  readonly #hot = new Map<number, Certificate>()

  constructor(options: { readonly seed: number; readonly size: number }) {
    this.#seed = options.seed
    this.size = options.size
    for (let rank = 0; rank < HOT; rank++) {
      const index = this.#hotIndex(rank)
      this.#hot.set(index, wellKnown(this.#plain(index), new Draw(stir(options.seed ^ index))))
    }
  }

  certificate(index: number): Certificate {
    return this.#hot.get(index) ?? this.#plain(index)
  }

  #hotIndex(rank: number): number {
    return stir(this.#seed ^ (rank + 77)) % this.size
  }

  #plain(index: number): Certificate {
    const at = (part: number) => stir(this.#seed ^ Math.imul(index + 1, 0x9e3779b1) ^ part)
    const top = Math.floor(((index + at(1) / TWO_32) / this.size) * TWO_32)
    const rest = [2, 3, 4, 5].map((part) => eight(at(part))).join('')
    const lengthBytes = lengthAt(at(6) / TWO_32)
    return {
      fingerprint: eight(top) + rest,
      lengthBytes,
      algorithm: algorithmFor(lengthBytes, at(7) / TWO_32)
    }
  }

  /** One that people ask for: some are asked for far more often than others. */
  wanted(draw: Draw): Certificate {
    if (draw.chance(0.55)) return this.certificate(draw.below(this.size))
    const rank = Math.floor(HOT ** draw.next()) - 1
    return this.certificate(this.#hotIndex(rank))
  }

  /** One of the few thousand that everybody in free software has on the ring, each as likely. */
  wellKnown(draw: Draw): Certificate {
    return this.certificate(this.#hotIndex(draw.below(HOT)))
  }

  any(draw: Draw): Certificate {
    return this.certificate(draw.below(this.size))
  }

  /** What an amplifier looks for first: the longest that there are, down to a quarter of their length. */
  longOnes(count: number, longestBytes: number, draw: Draw): readonly Certificate[] {
    return Array.from({ length: count }, () => ({
      ...this.any(draw),
      lengthBytes: Math.round(longestBytes * 4 ** (draw.next() - 1))
    }))
  }

  /** A certificate that was not there before. */
  create(lengthBytes: number, draw: Draw, algorithm?: string): Certificate {
    return {
      fingerprint: draw.hex(40),
      lengthBytes: Math.round(lengthBytes),
      algorithm: algorithm ?? algorithmFor(lengthBytes, draw.next())
    }
  }

  /** Remembers an upload so that others can ask for it. */
  keep(certificate: Certificate): void {
    if (this.#fresh.length >= this.#freshMax) this.#fresh.shift()
    this.#fresh.push(certificate)
  }

  /** What a keyword search for a name or a domain finds, at most a hundred (`requestQueryLimit`). */
  named(expected: number, draw: Draw): readonly Certificate[] {
    let found = 0
    let left = Math.exp(-Math.min(expected, 120))
    let product = draw.next()
    while (product > left && found < 100) {
      found++
      product *= draw.next()
      left = Math.max(left, 1e-300)
    }
    return Array.from({ length: found }, () => this.any(draw))
  }
}

function wellKnown(plain: Certificate, draw: Draw): Certificate {
  const { medianBytes, sigma, mostBytes, floodedShare } = SIGNED
  const isFlooded = draw.chance(floodedShare)
  const signed = isFlooded
    ? draw.uniform(0.2, 1) * mostBytes
    : Math.min(mostBytes, draw.logNormal(medianBytes, sigma))
  const digit = draw.hex(1)
  const fingerprint = draw.chance(VANITY_SHARE)
    ? plain.fingerprint.slice(0, -VANITY_DIGITS) + digit.repeat(VANITY_DIGITS)
    : plain.fingerprint
  return {
    ...plain,
    fingerprint,
    lengthBytes: Math.max(plain.lengthBytes, Math.round(signed))
  }
}

export function personName(draw: Draw): string {
  return `${draw.pick(FIRST_NAMES)} ${draw.pick(LAST_NAMES)}`
}

export function mailDomain(draw: Draw): string {
  return draw.chance(0.3) ? draw.pick(PROVIDERS) : draw.pick(DOMAINS)
}

export function mailAddress(draw: Draw): string {
  const first = draw.pick(FIRST_NAMES).toLowerCase()
  const last = asciiOf(draw.pick(LAST_NAMES).toLowerCase())
  const local = draw.weighted([
    [3, `${first}.${last}`],
    [2, first],
    [2, `${first.charAt(0)}${last}`],
    [2, `${first}.${last}${draw.below(90)}`],
    [1, `${first}${draw.below(99)}`]
  ])
  return `${local}@${mailDomain(draw)}`
}

/** Mail addresses are written without accents. */
function asciiOf(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll('ı', 'i')
    .replaceAll('ø', 'o')
}

/** Short certificates are elliptic, long ones have long keys (recording: these three and no other). */
function algorithmFor(lengthBytes: number, probability: number): string {
  if (lengthBytes < 850) return probability < 0.9 ? 'eddsa_Curve25519' : 'dsa1024'
  if (lengthBytes < 1_900) return probability < 0.75 ? 'rsa2048' : 'rsa3072'
  return probability < 0.6 ? 'rsa4096' : 'rsa2048'
}

function eight(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
