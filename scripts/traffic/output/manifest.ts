/** What a generated recording says of itself: that it is synthetic first of all. */
import { basename } from 'node:path'
import type { ClassName } from '../client.ts'
import type { DayFiles, DayOptions } from '../day-options.ts'
import { bandsOf, evasionsOf, type Region, type ScenarioName } from '../regions.ts'
import type { SimulationCounters } from '../simulation.ts'
import type { World } from '../world.ts'
import type { ClassCount } from './label-book.ts'

/** Raised when the same seed would give other bytes. */
export const GENERATOR_VERSION = 1
export const SYNTHETIC_NOTE =
  'SYNTHETIC: made by a program from a seed. No line was written by a real HAProxy or Hockeypuck, no address, name or certificate belongs to anybody.'

export interface Manifest {
  readonly synthetic: true
  readonly note: string
  readonly generatorVersion: number
  readonly seed: number
  readonly region: Region
  readonly bands: readonly number[]
  readonly evasions: readonly string[]
  readonly scenario: ScenarioName
  readonly hours: number
  readonly intensity: number
  readonly abuse: number
  readonly from: string
  readonly to: string
  readonly parameters: Readonly<Record<string, number | string>>
  readonly networks: number
  readonly requests: number
  readonly lines: Readonly<Record<string, number>>
  readonly bytes: Readonly<Record<string, number>>
  readonly classes: Readonly<Partial<Record<ClassName, ClassCount>>>
}

export interface ManifestFacts {
  readonly options: DayOptions
  readonly world: World
  readonly drawn: Readonly<Record<string, number | string>>
  readonly counters: SimulationCounters
  readonly counts: ReadonlyMap<ClassName, ClassCount>
  readonly files: DayFiles
}

export function manifestOf(facts: ManifestFacts): Manifest {
  const { options, world, files } = facts
  const named = <T>(value: (file: DayFiles[keyof DayFiles]) => T) =>
    Object.fromEntries(Object.values(files).map((file) => [basename(file.path), value(file)]))
  return {
    synthetic: true,
    note: SYNTHETIC_NOTE,
    generatorVersion: GENERATOR_VERSION,
    seed: options.seed,
    region: options.region,
    bands: bandsOf(options.region),
    evasions: evasionsOf(options.region),
    scenario: options.scenario,
    hours: options.hours,
    intensity: options.intensity ?? 1,
    abuse: options.abuse ?? 1,
    from: new Date(world.span.fromMs).toISOString(),
    to: new Date(world.span.toMs).toISOString(),
    parameters: facts.drawn,
    networks: world.places.networks.length,
    requests: facts.counters.requests,
    lines: named((file) => file.lines),
    bytes: named((file) => file.bytes),
    classes: Object.fromEntries(
      [...facts.counts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    )
  }
}

export function readmeOf(manifest: Manifest): string {
  const rows = Object.entries(manifest.classes).map(
    ([name, { activities, sources, requests, refused }]) =>
      `| ${name} | ${activities} | ${sources} | ${requests} | ${refused} |`
  )
  return `# Synthetic keyserver traffic

${manifest.note}

Scenario \`${manifest.scenario}\`, region \`${manifest.region}\`, seed ${manifest.seed}, ${manifest.hours} h from ${manifest.from}. Everything that was drawn is in
\`manifest.json\`; \`truth.jsonl\` has a row for each source and activity, \`campaigns.jsonl\` one for each campaign.

| class | activities | rows | requests | refused by HAProxy |
|---|---|---|---|---|
${rows.join('\n')}
`
}
