/**
 * Baseline B3: the second-generation `ratelimit-ml` plug-in (contract §3.7 B3; `plugins/ratelimit-ml-grpc/{main,ml_components}.go`
 * of dobrevit/hkp-plugin-core at 349d118), with its faults:
 *
 * - More than 20 requests a minute over five minutes is "high risk": everybody is refused from his 101st request on.
 * - Entropy is that of paths without query: 0 for whoever only looks keys up.
 * - The variance of intervals is computed in 64-bit nanoseconds squared and wraps around for deviations and means over about
 *   3.04 s, so that predictability is noise for slow clients. The wrapping is reproduced.
 * - "15 minutes" is only written into the answer: every request is judged anew, refused ones counting as well.
 * - The term for earlier threats is left out: the host never reports any under a name that the plug-in reads (contract §3.2).
 *
 * The plug-in remembers every request of an hour; here the newest 1,200, which is more than five minutes hold below the rate from
 * which everything is refused.
 */
import type { BaselineDefinition, Refusal } from './baseline.ts'

export interface RateLimitMlClient {
  /** Arrivals of the last hour, oldest first. */
  times: number[]
  paths: string[]
}

interface Pattern {
  readonly perMinute: number
  readonly entropy: number
  readonly predictability: number
}

const THRESHOLD = 0.7
const HOUR_MS = 3_600_000
const RATE_WINDOW_MS = 300_000
const REQUESTS_MAX = 1_200
const PATH_MAX = 256
const NS_PER_MS = 1_000_000
/** Square root of 2^63 nanoseconds squared, in milliseconds: above it a square wraps. */
const WRAPS_FROM_MS = 3_037

export const rateLimitMl: BaselineDefinition<RateLimitMlClient> = {
  name: 'b3',
  clientKey: 'whole-header',
  createClient: () => ({ times: [], paths: [] }),
  judge(client, request, now) {
    remember(client, request.path.slice(0, PATH_MAX), now.atMs)
    const pattern = patternOf(client, now.atMs)
    const score = scoreOf(pattern, now.noise())
    const why = reasonToRefuse(pattern, score)
    return why === undefined ? undefined : refusal(pattern, score, why)
  }
}

function remember(client: RateLimitMlClient, path: string, atMs: number): void {
  client.times.push(atMs)
  client.paths.push(path)
  let gone = Math.max(0, client.times.length - REQUESTS_MAX)
  while ((client.times[gone] ?? atMs) <= atMs - HOUR_MS) gone++
  if (gone === 0) return
  client.times.splice(0, gone)
  client.paths.splice(0, gone)
}

function patternOf({ times, paths }: RateLimitMlClient, atMs: number): Pattern {
  let recent = 0
  while (recent < times.length && (times[times.length - 1 - recent] ?? 0) > atMs - RATE_WINDOW_MS) {
    recent++
  }
  return {
    perMinute: recent / 5,
    entropy: normalisedEntropy(paths),
    predictability: predictabilityOf(times)
  }
}

function normalisedEntropy(paths: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1)
  if (counts.size < 2) return 0
  let bits = 0
  for (const count of counts.values()) {
    const share = count / paths.length
    bits -= share * Math.log2(share)
  }
  return bits / Math.log2(counts.size)
}

/** 1 / (1 + variance / mean²) of the intervals, as 64-bit integers compute it. May be NaN, of which nothing is greater or less. */
export function predictabilityOf(times: readonly number[]): number {
  if (times.length < 3) return 0
  const count = times.length - 1
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0)
  if (spanMs === 0) return 1
  let widestMs = 0
  for (let at = 1; at < times.length; at++) {
    widestMs = Math.max(widestMs, (times[at] ?? 0) - (times[at - 1] ?? 0))
  }
  const variation =
    widestMs < WRAPS_FROM_MS
      ? plainVariation(times, spanMs / count)
      : wrappedVariation(times, BigInt(spanMs * NS_PER_MS) / BigInt(count))
  return Math.max(0, Math.min(1, 1 / (1 + variation)))
}

function plainVariation(times: readonly number[], meanMs: number): number {
  let squares = 0
  for (let at = 1; at < times.length; at++) {
    squares += ((times[at] ?? 0) - (times[at - 1] ?? 0) - meanMs) ** 2
  }
  return squares / (times.length - 1) / meanMs ** 2
}

function wrappedVariation(times: readonly number[], mean: bigint): number {
  const count = BigInt(times.length - 1)
  let variance = 0n
  for (let at = 1; at < times.length; at++) {
    const interval = BigInt(((times[at] ?? 0) - (times[at - 1] ?? 0)) * NS_PER_MS)
    const deviation = interval - mean
    variance = BigInt.asIntN(64, variance + BigInt.asIntN(64, deviation * deviation) / count)
  }
  return Number(variance) / Number(BigInt.asIntN(64, mean * mean))
}

function scoreOf({ perMinute, entropy, predictability }: Pattern, noise: number): number {
  let score = noise
  if (perMinute > 20) score += 0.3 * Math.min(1, perMinute / 100)
  if (entropy < 0.5) score += 0.4 * (0.5 - entropy)
  if (predictability > 0.8) score += 0.3 * predictability
  return Math.max(0, Math.min(1, score))
}

function reasonToRefuse(pattern: Pattern, score: number): string | undefined {
  const { perMinute, entropy, predictability } = pattern
  if (score >= THRESHOLD) return 'anomaly'
  if (perMinute > 50 && entropy < 0.3) return 'burst'
  if (isHighRisk(pattern)) return 'high-risk'
  return predictability > 0.9 && perMinute > 10 ? 'bot-like' : undefined
}

function isHighRisk({ perMinute, entropy, predictability }: Pattern): boolean {
  if (perMinute > 20) return true
  let anomaly = 0
  if (perMinute > 10) anomaly += 0.3
  if (entropy < 0.3) anomaly += 0.4
  if (predictability > 0.8) anomaly += 0.3
  return anomaly > 0.7
}

function refusal(pattern: Pattern, score: number, why: string): Refusal {
  const { perMinute, entropy, predictability } = pattern
  return {
    score,
    category: 'http-flood',
    holdMs: 0,
    reason: {
      rule: `b3-${why}`,
      text: `${perMinute.toFixed(1)} requests a minute, score ${score.toFixed(2)}`,
      counters: { requests_per_minute: perMinute, entropy, predictability, score }
    }
  }
}
