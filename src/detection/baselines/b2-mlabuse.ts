/**
 * Baseline B2: the second-generation `mlabuse` plug-in (contract §3.7 B2; `plugins/mlabuse-grpc/{main,ml_components}.go` of
 * dobrevit/hkp-plugin-core at 349d118), with its faults:
 *
 * - Its intervals are the plug-in's own processing times, always far under 100 ms: whoever was let through eleven times has
 *   "extremely high frequency", and only requests that were let through are counted.
 * - Its paths have no query: every client that only looks keys up has no path entropy.
 * - A user agent is noted whenever it differs from the one before, so two clients behind one address look like rotation. A
 *   request without the header changes nothing.
 * - The error rate is raised by nothing that is ever called: that term is always 0 and left out.
 * - Text is looked at in POST and PUT only, and no body is ever delivered.
 * - `CheckRateLimit` asks for the proxy's `address:port`, finds no profile, and allows.
 */

import type { BaselineDefinition, Refusal } from './baseline.ts'
import type { PluginRequest } from './plugin-request.ts'

export interface MlAbuseClient {
  /** Requests that were let through, up to 100. */
  intervals: number
  paths: string[]
  userAgents: string[]
}

const THRESHOLD = 0.85
const SYNTHETIC_THRESHOLD = 0.75
const WINDOW = 100
const USER_AGENTS_MAX = 10
const PATH_MAX = 256
const ALLOWED_PATHS = ['/health', '/metrics', '/api/ml/']
const AI_PHRASES = [
  'as an ai',
  "i'm sorry",
  "i can't",
  "i don't have the ability",
  'my training data',
  "i'm not able to",
  'as a language model',
  "i'm an artificial intelligence"
]
const INJECTIONS = [
  'ignore previous instructions',
  'new instructions:',
  'override',
  'system:',
  '<script>',
  'javascript:',
  'eval(',
  'exec('
]

export const mlAbuse: BaselineDefinition<MlAbuseClient> = {
  name: 'b2',
  clientKey: 'first-element',
  createClient: () => ({ intervals: 0, paths: [], userAgents: [] }),
  judge(client, request, now) {
    if (ALLOWED_PATHS.some((start) => request.path.startsWith(start))) return undefined
    note(client, request)
    const score = scoreOf(client, now.noise())
    const text = readText(request)
    if (isRefused(score, text)) return refusal(client, score, text)
    client.intervals = Math.min(WINDOW, client.intervals + 1)
    return undefined
  }
}

function note(client: MlAbuseClient, request: PluginRequest): void {
  client.paths.push(request.path.slice(0, PATH_MAX))
  if (client.paths.length > WINDOW) client.paths.shift()
  const { userAgent } = request
  if (userAgent === '' || client.userAgents.at(-1) === userAgent) return
  client.userAgents.push(userAgent)
  if (client.userAgents.length > USER_AGENTS_MAX) client.userAgents.shift()
}

function scoreOf(client: MlAbuseClient, noise: number): number {
  let score = noise
  if (client.intervals > 10) score += 0.3
  if (entropyBits(client.paths) < 0.5) score += 0.2
  if (client.userAgents.length > 5) score += 0.4
  return Math.max(0, Math.min(1, score))
}

/** Shannon entropy of a list of texts, in bits. */
export function entropyBits(texts: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) {
    const share = count / texts.length
    bits -= share * Math.log2(share)
  }
  return bits
}

interface TextScore {
  readonly synthetic: number
  readonly isInjection: boolean
}

function readText(request: PluginRequest): TextScore {
  if (request.method !== 'POST' && request.method !== 'PUT')
    return { synthetic: 0, isInjection: false }
  let synthetic = 0
  let isInjection = false
  for (const [, value] of request.headers) if (holds(value, AI_PHRASES)) synthetic += 0.3
  for (const value of request.parameters) {
    if (holds(value, AI_PHRASES)) synthetic += 0.4
    if (!holds(value, INJECTIONS)) continue
    isInjection = true
    synthetic += 0.6
  }
  return { synthetic: Math.min(1, synthetic), isInjection }
}

function holds(text: string, phrases: readonly string[]): boolean {
  const lower = text.toLowerCase()
  return phrases.some((phrase) => lower.includes(phrase))
}

function isRefused(score: number, { synthetic, isInjection }: TextScore): boolean {
  if (score >= THRESHOLD || synthetic >= SYNTHETIC_THRESHOLD || isInjection) return true
  return score > 0.7 && synthetic > 0.6
}

function refusal(client: MlAbuseClient, score: number, text: TextScore): Refusal {
  return {
    score: Math.max(score, text.synthetic),
    category: 'other',
    holdMs: 0,
    reason: {
      rule: 'b2-anomaly',
      text: `anomaly score ${score.toFixed(2)}, synthetic score ${text.synthetic.toFixed(2)}`,
      counters: {
        anomaly_score: score,
        threshold: THRESHOLD,
        synthetic_score: text.synthetic,
        user_agent_changes: client.userAgents.length,
        intervals: client.intervals
      }
    }
  }
}
