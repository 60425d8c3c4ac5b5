/**
 * Baseline B4: the patterns of the second-generation `ratelimit-threat` plug-in (contract §3.7 B4;
 * `plugins/ratelimit-threat-grpc/{main,threat_components}.go` of dobrevit/hkp-plugin-core at 349d118), with its faults:
 *
 * - Patterns see the path without query, so that no search is ever looked at, and a decoded one, so that `%2e%2e` finds only what
 *   was encoded twice.
 * - `;`, `&` and `|` in a path are "command injection" and cost a day; names of scanners are found inside other words.
 * - Every match is refused (403); from severity high on the client is blocked for 24 hours.
 * - Reputation starts at 0.5 and each match multiplies it by 0.8: the fourth request after three matches is blocked for a day.
 * - Threat feeds are loaded and never consulted.
 */
import type { Category } from '../verdict.ts'
import type { BaselineDefinition, Refusal } from './baseline.ts'
import type { PluginRequest } from './plugin-request.ts'

export interface ThreatClient {
  /** Undefined until something matched. */
  reputation: number | undefined
}

interface ThreatPattern {
  readonly rule: string
  readonly pattern: RegExp
  readonly on: 'path' | 'header'
  readonly severity: number
  readonly confidence: number
  readonly category: Category
}

const MEDIUM = 2
const HIGH = 3
const CRITICAL = 4
const BLOCK_MS = 86_400_000
const REPUTATION_START = 0.5
const REPUTATION_FACTOR = 0.8
const REPUTATION_MIN = 0.3

/** The most severe first; among equals the plug-in's own order. */
const PATTERNS: readonly ThreatPattern[] = [
  {
    rule: 'b4-command-injection',
    pattern: /[;&|]|\$\(|`/,
    on: 'path',
    severity: CRITICAL,
    confidence: 0.7,
    category: 'endpoint-abuse'
  },
  {
    rule: 'b4-sql-injection',
    pattern: /(union|select|insert|update|delete|drop).*(from|where)/i,
    on: 'path',
    severity: HIGH,
    confidence: 0.8,
    category: 'endpoint-abuse'
  },
  {
    rule: 'b4-path-traversal',
    pattern: /\.\.\/|\.\.\\|%2e%2e/,
    on: 'path',
    severity: HIGH,
    confidence: 0.9,
    category: 'endpoint-abuse'
  },
  {
    rule: 'b4-scanner',
    pattern: /(nikto|nmap|masscan|zap|burp|sqlmap)/,
    on: 'header',
    severity: MEDIUM,
    confidence: 0.9,
    category: 'scanner'
  }
]

export const rateLimitThreat: BaselineDefinition<ThreatClient> = {
  name: 'b4',
  clientKey: 'whole-header',
  createClient: () => ({ reputation: undefined }),
  judge(client, request) {
    const { reputation } = client
    if (reputation !== undefined && reputation < REPUTATION_MIN) return lowReputation(reputation)
    const found = PATTERNS.find((pattern) => matches(pattern, request))
    if (found === undefined) return undefined
    client.reputation = (reputation ?? REPUTATION_START) * REPUTATION_FACTOR
    return matched(found)
  }
}

function matches({ pattern, on }: ThreatPattern, request: PluginRequest): boolean {
  if (on === 'path') return pattern.test(request.path)
  return request.headers.some(([name, value]) => pattern.test(`${name}: ${value}`.toLowerCase()))
}

function matched({ rule, severity, confidence, category }: ThreatPattern): Refusal {
  return {
    score: confidence,
    category,
    holdMs: severity >= HIGH ? BLOCK_MS : 0,
    reason: {
      rule,
      text: `the request matches a pattern of severity ${severity} of ${CRITICAL}`,
      counters: { severity, confidence }
    }
  }
}

function lowReputation(reputation: number): Refusal {
  return {
    score: 1 - reputation,
    category: 'other',
    holdMs: BLOCK_MS,
    reason: {
      rule: 'b4-reputation',
      text: `reputation ${reputation.toFixed(2)} is under ${REPUTATION_MIN}`,
      counters: { reputation, reputation_min: REPUTATION_MIN }
    }
  }
}
