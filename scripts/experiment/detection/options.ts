/** What the experiment is asked for. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export interface ExperimentOptions {
  readonly seeds: readonly number[]
  readonly hours: number
  /** Where days and what came of them are kept; undefined for a folder that is thrown away. */
  readonly days: string | undefined
  /** Folder of the model package; undefined if each seed trains its own. */
  readonly modelDir: string | undefined
  /** Of these seeds a class is left out of training in turn; none by default. */
  readonly zeroDaySeeds: readonly number[]
  readonly isOracle: boolean
  /** Folder of a recording of which each campaign is left out in turn. */
  readonly recording: string | undefined
  /** Markdown file. */
  readonly out: string | undefined
  readonly workers: number
}

const OPTIONS = {
  seeds: { type: 'string' },
  seed: { type: 'string', default: '1' },
  hours: { type: 'string' },
  days: { type: 'string' },
  model: { type: 'string' },
  retrain: { type: 'boolean', default: false },
  'zero-day': { type: 'boolean', default: false },
  'zero-day-seeds': { type: 'string' },
  oracle: { type: 'boolean', default: false },
  recording: { type: 'string' },
  quick: { type: 'boolean', default: false },
  workers: { type: 'string', default: '2' },
  out: { type: 'string' }
} as const
const SEEDS = { full: '5', quick: '1' }
const HOURS = { full: '2', quick: '1' }
const SHIPPED = join(import.meta.dirname, '../../../models/behaviour')

/** @throws {TypeError} */
export function readOptions(args: readonly string[]): ExperimentOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  const size = values.quick ? 'quick' : 'full'
  const first = wholeNumber('seed', values.seed, { min: 1, max: 1_000 })
  const count = wholeNumber('seeds', values.seeds ?? SEEDS[size], { min: 1, max: 100 })
  const hours = Number(values.hours ?? HOURS[size])
  if (!(hours >= 0.1 && hours <= 48)) {
    throw new TypeError(`expected --hours from 0.1 to 48, got ${values.hours}`)
  }
  if (values.retrain && values.model !== undefined) {
    throw new TypeError('expected --retrain or --model, got both')
  }
  const seeds = Array.from({ length: count }, (_, index) => first + index)
  const zeroDays = wholeNumber('zero-day-seeds', values['zero-day-seeds'] ?? String(count), {
    min: 1,
    max: count
  })
  return {
    seeds,
    hours,
    days: values.days,
    modelDir: values.retrain ? undefined : modelDirOf(values.model),
    zeroDaySeeds: values['zero-day'] ? seeds.slice(0, zeroDays) : [],
    isOracle: values.oracle,
    recording: values.recording,
    out: values.out,
    workers: wholeNumber('workers', values.workers, { min: 1, max: 16 })
  }
}

function wholeNumber(
  name: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number }
): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new TypeError(`expected --${name} from ${min} to ${max}, got ${text}`)
  }
  return value
}

/** The one that is given, else the newest of those that are shipped. @throws {TypeError} */
function modelDirOf(given: string | undefined): string {
  if (given !== undefined) {
    if (existsSync(join(given, 'manifest.json'))) return given
    throw new TypeError(`expected a model package in ${given}, got no manifest.json`)
  }
  const versions = existsSync(SHIPPED)
    ? readdirSync(SHIPPED).filter((name) => existsSync(join(SHIPPED, name, 'manifest.json')))
    : []
  const newest = versions.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1)
  if (newest !== undefined) return join(SHIPPED, newest)
  throw new TypeError(
    'expected a model in models/behaviour, got none: name one by --model DIR, or --retrain'
  )
}
