/**
 * Whole keyserver days from a seed, as logs in the real formats with labels beside them; docs/TRAFFIC.md.
 *
 *   npm run traffic -- --out DIR --seed N --hours H [--scenario NAME|all] [--region train|validation|test]
 *                      [--intensity X] [--abuse X] [--classes N1,A3,…] [--gzip]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SystemClock } from '../../src/base/index.ts'
import { CLASSES, type ClassName } from './client.ts'
import type { DayOptions } from './day-options.ts'
import { generateDay } from './generate-day.ts'
import { SYNTHETIC_NOTE } from './output/manifest.ts'
import {
  belongsTo,
  REGIONS,
  type Region,
  SCENARIOS,
  type ScenarioName,
  scenariosOf
} from './regions.ts'

const OPTIONS = {
  out: { type: 'string' },
  seed: { type: 'string', default: '1' },
  hours: { type: 'string', default: '24' },
  scenario: { type: 'string', default: 'mixed-day' },
  region: { type: 'string', default: 'train' },
  intensity: { type: 'string', default: '1' },
  abuse: { type: 'string', default: '1' },
  classes: { type: 'string' },
  gzip: { type: 'boolean', default: false }
} as const
const USAGE_EXIT = 64
const HOURS_MAX = 24 * 14

function readOptions(args: readonly string[]): readonly DayOptions[] {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  if (values.out === undefined) throw new TypeError('expected --out DIR, got none')
  const region = REGIONS.find((name) => name === values.region)
  if (region === undefined)
    throw new TypeError(`expected --region ${REGIONS.join('|')}, got ${values.region}`)
  const names = scenarioNames(values.scenario, region)
  const { out } = values
  return names.map((scenario) => ({
    out: names.length > 1 ? join(out, scenario) : out,
    seed: numberOf('seed', values.seed, { min: 0, max: 2 ** 32 - 1 }),
    hours: numberOf('hours', values.hours, { min: 0.01, max: HOURS_MAX }),
    scenario,
    region,
    intensity: numberOf('intensity', values.intensity, { min: 0.001, max: 1_000 }),
    abuse: numberOf('abuse', values.abuse, { min: 0, max: 1_000 }),
    isGzip: values.gzip,
    only: classesOf(values.classes)
  }))
}

function scenarioNames(given: string, region: Region): readonly ScenarioName[] {
  if (given === 'all') return scenariosOf(region)
  const name = (Object.keys(SCENARIOS) as ScenarioName[]).find((one) => one === given)
  if (name === undefined) {
    throw new TypeError(`expected --scenario all|${Object.keys(SCENARIOS).join('|')}, got ${given}`)
  }
  if (!belongsTo(SCENARIOS[name], region)) {
    throw new TypeError(
      `expected a scenario of region ${region}, got ${name}, which ${SCENARIOS[name]} owns`
    )
  }
  return [name]
}

function numberOf(name: string, text: string, bounds: { min: number; max: number }): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= bounds.min && value <= bounds.max)) {
    throw new TypeError(`expected --${name} from ${bounds.min} to ${bounds.max}, got ${text}`)
  }
  return value
}

function classesOf(text: string | undefined): ReadonlySet<ClassName> | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map((part) => {
    const name = CLASSES.find((one) => one === part.trim())
    if (name === undefined)
      throw new TypeError(`expected classes of ${CLASSES.join(',')}, got ${part}`)
    return name
  })
  return new Set(names)
}

async function run(days: readonly DayOptions[]): Promise<void> {
  const clock = new SystemClock()
  process.stderr.write(`${SYNTHETIC_NOTE}\n`)
  for (const day of days) {
    const startMs = clock.nowMs()
    const { lines, requests, classes } = await generateDay(day)
    const seconds = Math.max(0.001, (clock.nowMs() - startMs) / 1000)
    const total = Object.values(lines).reduce((sum, count) => sum + count, 0)
    process.stderr.write(
      `${day.scenario}, region ${day.region}, seed ${day.seed}: ${requests} requests, ${total} lines, ` +
        `${Object.keys(classes).length} classes in ${seconds.toFixed(1)} s (${Math.round(total / seconds)} lines/s) -> ${day.out}\n`
    )
  }
}

try {
  await run(readOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  process.stderr.write(`traffic: ${error.message}\n`)
  process.exitCode = USAGE_EXIT
}
