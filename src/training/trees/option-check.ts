import { TrainingError } from '../errors.ts'

export type OptionRange = readonly [
  name: string,
  minimum: number,
  maximum: number,
  isWhole: boolean
]

/** An option that is absent or undefined has its default. */
export function withDefaults<Settings extends object>(
  defaults: Settings,
  options: { readonly [Key in keyof Settings]?: Settings[Key] | undefined }
): Settings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) }
}

/** @throws {OPTION_INVALID} */
export function checkRanges(settings: object, ranges: readonly OptionRange[]): void {
  const values = settings as Readonly<Record<string, unknown>>
  for (const [name, minimum, maximum, isWhole] of ranges) {
    const value = values[name]
    const isFine =
      typeof value === 'number' &&
      value >= minimum &&
      value <= maximum &&
      (!isWhole || Number.isInteger(value))
    if (isFine) continue
    const kind = isWhole ? 'a whole number' : 'a number'
    throw new TrainingError(
      'OPTION_INVALID',
      `expected ${name} to be ${kind} from ${minimum} to ${maximum}, got ${String(value)}`,
      { context: { option: name } }
    )
  }
}
