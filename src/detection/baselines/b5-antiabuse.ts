/**
 * Baseline B5: the `antiabuse` plug-in (contract §3.7 B5; `plugins/antiabuse-grpc/main.go` of dobrevit/hkp-plugin-core at
 * 349d118), with its faults:
 *
 * - 60 requests in a minute or 1,000 in an hour block for 30 minutes, whoever it is: a keyring of 61 certificates is enough.
 * - Minute and hour begin with the first request and then anew with the first after their end, not on a sliding scale.
 * - `spam`, `test`, `fake` and `bot` anywhere in the path or in a value of the query are refused (403) and count as five
 *   requests: nobody can search for `test@…` or for Abbott.
 * - `bot`, `crawler`, `scanner` and `spider` anywhere in the user agent likewise, monitors and other keyservers' spiders included.
 * - Keys under 100 bytes are only logged, and no key is ever delivered: nothing of it is left here.
 *
 * The tarpit and the geography that the contract lists beside it are plug-ins of their own and no part of this baseline.
 */
import type { BaselineDefinition, Refusal } from './baseline.ts'
import type { PluginRequest } from './plugin-request.ts'

export interface AntiAbuseClient {
  minuteFromMs: number
  minuteCount: number
  hourFromMs: number
  hourCount: number
}

const PER_MINUTE_MAX = 60
const PER_HOUR_MAX = 1_000
const BLOCK_MS = 1_800_000
const SUSPICIOUS_COUNTS_AS = 5
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const KEYWORDS = ['spam', 'test', 'fake', 'bot']
const USER_AGENTS = ['bot', 'crawler', 'scanner', 'spider']

export const antiAbuse: BaselineDefinition<AntiAbuseClient> = {
  name: 'b5',
  clientKey: 'first-element',
  createClient: (atMs) => ({ minuteFromMs: atMs, minuteCount: 0, hourFromMs: atMs, hourCount: 0 }),
  judge(client, request, { atMs }) {
    if (isOverLimit(client, atMs)) return overLimit(client)
    const word = findSuspicious(request)
    count(client, atMs, word === undefined ? 1 : SUSPICIOUS_COUNTS_AS)
    return word === undefined ? undefined : suspicious(word)
  }
}

function isOverLimit(client: AntiAbuseClient, atMs: number): boolean {
  if (atMs - client.minuteFromMs < MINUTE_MS && client.minuteCount >= PER_MINUTE_MAX) return true
  return atMs - client.hourFromMs < HOUR_MS && client.hourCount >= PER_HOUR_MAX
}

function count(client: AntiAbuseClient, atMs: number, requests: number): void {
  if (atMs - client.minuteFromMs >= MINUTE_MS) {
    client.minuteCount = 0
    client.minuteFromMs = atMs
  }
  if (atMs - client.hourFromMs >= HOUR_MS) {
    client.hourCount = 0
    client.hourFromMs = atMs
  }
  client.minuteCount += requests
  client.hourCount += requests
}

function findSuspicious({ userAgent, path, parameters }: PluginRequest): string | undefined {
  const agent = userAgent.toLowerCase()
  const named = USER_AGENTS.find((word) => agent.includes(word))
  if (named !== undefined) return named
  const texts = [path, ...parameters].map((text) => text.toLowerCase())
  return KEYWORDS.find((word) => texts.some((text) => text.includes(word)))
}

function overLimit({ minuteCount, hourCount }: AntiAbuseClient): Refusal {
  return {
    score: 1,
    category: 'http-flood',
    holdMs: BLOCK_MS,
    reason: {
      rule: 'b5-rate',
      text: `${minuteCount} requests within a minute, ${hourCount} within an hour`,
      counters: {
        requests_per_minute: minuteCount,
        per_minute_max: PER_MINUTE_MAX,
        requests_per_hour: hourCount,
        per_hour_max: PER_HOUR_MAX
      }
    }
  }
}

function suspicious(word: string): Refusal {
  return {
    score: 1,
    category: 'other',
    holdMs: 0,
    reason: {
      rule: 'b5-keyword',
      text: `holds the word "${word}"`,
      counters: { counts_as: SUSPICIOUS_COUNTS_AS }
    }
  }
}
