/**
 * Generated traffic beside recorded traffic, class by class: where the two disagree is printed and marked.
 *
 *   npm run traffic:compare -- --recording DIR --generated DIR [--generated DIR]…
 *
 * A folder holds haproxy.log and truth.jsonl (haproxy.log.gz is read too). Where ten or more sources were recorded, two medians that
 * are further apart than a factor of two, a Kolmogorov–Smirnov distance above 0.35 or a mix that differs in more than a quarter of
 * the requests are marked `!`. Fewer sources are one or two campaigns out of a range: there `o` marks a recorded median that the
 * generated range does not reach, and a recorded kind of request that is never generated.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CLASSES } from './client.ts'
import { HOST } from './clients/agents.ts'
import { type ClassProfile, profileTraffic } from './compare/profile.ts'
import { checkStockRules } from './compare/stock-check.ts'

const RATIO_MAX = 2
const DISTANCE_MAX = 0.35
const MIX_MAX = 0.25
const MANY_SOURCES = 10
const REACH = 0.02
const RARE = 0.1
const USAGE_EXIT = 64

async function read(folders: readonly string[]): Promise<ReadonlyMap<string, ClassProfile>> {
  let profiles: Map<string, ClassProfile> = new Map()
  for (const folder of folders) {
    profiles = await profileTraffic(
      { log: logIn(folder), truthPath: join(folder, 'truth.jsonl') },
      profiles
    )
  }
  return profiles
}

function logIn(folder: string): string {
  const plain = join(folder, 'haproxy.log')
  return existsSync(plain) ? plain : `${plain}.gz`
}

const QUANTITIES = ['requestsPerSource', 'gapSeconds', 'bytesIn', 'bytesOut'] as const
const MIXES = ['status', 'outcome', 'agent', 'path'] as const

function compareClass(
  name: string,
  recorded: ClassProfile,
  generated: ClassProfile
): readonly string[] {
  const lines = [
    `\n## ${name}: recorded ${recorded.sources} sources, ${recorded.requests} requests; generated ${generated.sources}, ${generated.requests}`
  ]
  const isMany = recorded.sources >= MANY_SOURCES
  for (const quantity of QUANTITIES) {
    const a = recorded[quantity].sorted()
    const b = generated[quantity].sorted()
    const distance = ksDistance(a, b)
    const flag = isMany ? markFar(a, b, distance) : markUnreached(a, b)
    lines.push(
      `${flag} ${quantity.padEnd(18)} ${quantiles(a)} | ${quantiles(b)} | KS ${distance.toFixed(2)}`
    )
  }
  for (const mix of MIXES) {
    const a = shares(recorded[mix])
    const b = shares(generated[mix])
    const distance = mixDistance(a, b)
    const isMissing = [...a].some(([key, share]) => share > RARE && !b.has(key))
    const flag = isMany ? (distance > MIX_MAX ? '!' : ' ') : isMissing ? 'o' : ' '
    lines.push(`${flag} ${mix.padEnd(18)} ${shown(a)} | ${shown(b)} | ${distance.toFixed(2)} apart`)
  }
  return lines
}

function markFar(a: Float64Array, b: Float64Array, distance: number): string {
  const ratio = quantileOf(b, 0.5) / quantileOf(a, 0.5)
  return distance > DISTANCE_MAX || ratio > RATIO_MAX || ratio < 1 / RATIO_MAX ? '!' : ' '
}

function markUnreached(a: Float64Array, b: Float64Array): string {
  const median = quantileOf(a, 0.5)
  return median < quantileOf(b, REACH) || median > quantileOf(b, 1 - REACH) ? 'o' : ' '
}

function quantileOf(sorted: Float64Array, probability: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(probability * sorted.length))] ?? Number.NaN
}

function quantiles(sorted: Float64Array): string {
  return [0.1, 0.5, 0.9].map((at) => Number(quantileOf(sorted, at).toPrecision(3))).join(' / ')
}

/** Largest difference of the two distribution functions. */
function ksDistance(a: Float64Array, b: Float64Array): number {
  let largest = 0
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i] ?? 0, b[j] ?? 0)
    while (i < a.length && (a[i] ?? 0) <= value) i++
    while (j < b.length && (b[j] ?? 0) <= value) j++
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length))
  }
  return largest
}

function shares(counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return new Map([...counts].map(([key, count]) => [key, count / Math.max(1, total)]))
}

function mixDistance(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  const keys = new Set([...a.keys(), ...b.keys()])
  return (
    [...keys].reduce((sum, key) => sum + Math.abs((a.get(key) ?? 0) - (b.get(key) ?? 0)), 0) / 2
  )
}

function shown(mix: ReadonlyMap<string, number>): string {
  const top = [...mix].sort((a, b) => b[1] - a[1]).slice(0, 5)
  return top.map(([key, share]) => `${key} ${share.toFixed(2)}`).join(', ')
}

/** The stock rules as modelled, on the requests that the real ones judged. */
async function stockRules(folder: string): Promise<string> {
  const exits = join(folder, 'tor_exit_relays.list')
  const torExits = new Set(existsSync(exits) ? readFileSync(exits, 'utf8').trim().split('\n') : [])
  const found = await checkStockRules(logIn(folder), { hosts: [HOST], torExits })
  return (
    `stock rules on ${found.requests} recorded requests: HAProxy refused ${found.refusedByHaproxy}, ` +
    `the model ${found.refusedByModel}, both ${found.refusedByBoth}`
  )
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { recording: { type: 'string' }, generated: { type: 'string', multiple: true } }
  })
  if (values.recording === undefined) throw new TypeError('expected --recording DIR, got none')
  if (values.generated === undefined) throw new TypeError('expected --generated DIR, got none')
  const recorded = await read([values.recording])
  const generated = await read(values.generated)
  process.stdout.write(
    'recorded | generated; quantities at 10 %, 50 %, 90 %; ! and o = they disagree\n'
  )
  let marks = 0
  for (const name of CLASSES) {
    const a = recorded.get(name)
    const b = generated.get(name)
    if (a === undefined || b === undefined) {
      process.stdout.write(
        `\n## ${name}: ${a === undefined ? 'not recorded' : 'recorded'}, ${b === undefined ? 'not generated' : 'generated'}\n`
      )
      continue
    }
    const lines = compareClass(name, a, b)
    marks += lines.filter((line) => /^[!o]/.test(line)).length
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  process.stdout.write(`\n${marks} disagreements\n${await stockRules(values.recording)}\n`)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  process.stderr.write(`traffic:compare: ${error.message}\n`)
  process.exitCode = USAGE_EXIT
}
