/**
 * How training, validation and test are kept apart: not by row but by region. Every parameter's range is cut into ten bands of
 * equal probability; a region owns some of them. Tools, ways of evasion, word lists and whole scenarios belong to one region, or to
 * all where the world has only one of them (GnuPG sends the same bytes everywhere).
 */
import type { Draw } from './draw.ts'
import type { Parameter } from './parameter.ts'
import { quantile } from './parameter.ts'

export const REGIONS = ['train', 'validation', 'test'] as const
export type Region = (typeof REGIONS)[number]
/** `any`: in every region. */
export type Belonging = Region | 'any'

export const BANDS = 10
/** The slowest, smallest tenth and a middle one are kept for the test: what a model must reach beyond what it was shown. */
const BANDS_OF: Readonly<Record<Region, readonly number[]>> = {
  train: [1, 2, 4, 6, 7, 9],
  validation: [3, 8],
  test: [0, 5]
}

/**
 * How a campaign hides. `none` is everywhere; a swarm and a slow drip are classes or parameters of their own and are cut by band.
 */
export const EVASIONS = {
  none: 'any',
  jitter: 'train',
  'rotation-on-refusal': 'train',
  'agent-rotation': 'validation',
  'gpg-mimicry': 'validation',
  'browser-mimicry': 'test',
  'prefix-rotation': 'test',
  bursts: 'test'
} as const satisfies Readonly<Record<string, Belonging>>
export type Evasion = keyof typeof EVASIONS

/** What the deployment and the day look like. */
export const SCENARIOS = {
  'mixed-day': 'any',
  quiet: 'any',
  'upload-swarm': 'any',
  'scrape-swarm': 'any',
  'busy-mirror': 'train',
  overload: 'train',
  'behind-cdn': 'validation',
  'overload-under-attack': 'test',
  'behind-proxy': 'test'
} as const satisfies Readonly<Record<string, Belonging>>
export type ScenarioName = keyof typeof SCENARIOS

export function belongsTo(belonging: Belonging, region: Region): boolean {
  return belonging === 'any' || belonging === region
}

export function bandsOf(region: Region): readonly number[] {
  return BANDS_OF[region]
}

/** Bounds of a band, from the lower up to but without the upper. */
export function bandBounds(parameter: Parameter, band: number): readonly [number, number] {
  return [quantile(parameter, band / BANDS), quantile(parameter, (band + 1) / BANDS)]
}

export function drawIn(region: Region, parameter: Parameter, draw: Draw): number {
  const band = draw.pick(BANDS_OF[region])
  return quantile(parameter, (band + draw.next()) / BANDS)
}

export function evasionsOf(region: Region): readonly Evasion[] {
  return (Object.keys(EVASIONS) as Evasion[]).filter((name) => belongsTo(EVASIONS[name], region))
}

export function scenariosOf(region: Region): readonly ScenarioName[] {
  return (Object.keys(SCENARIOS) as ScenarioName[]).filter((name) =>
    belongsTo(SCENARIOS[name], region)
  )
}
