/** Values as a person writes them: with their unit, and no more digits than say something. */
import { VERDICT_LEVELS } from '../verdict.ts'
import type { Feature } from './feature.ts'

const KIB = 1_024
const MIB = KIB * 1_024
const UNKNOWN = 'not known'
/** What a rule asks for: `VERDICT_LEVELS`, of which the first is nothing. */
const LEVELS = ['none', ...VERDICT_LEVELS.slice(1)]

/** A value of a feature with its unit; `not known` for NaN. */
export function valueText({ unit, categories }: Feature, value: number): string {
  if (Number.isNaN(value)) return UNKNOWN
  if (categories !== undefined) return categories[value] ?? UNKNOWN
  switch (unit) {
    case '0 or 1':
      return value > 0.5 ? 'yes' : 'no'
    case 'share':
      return percentText(value)
    case 's':
      return durationText(value)
    case 'bytes':
      return value < 0 ? UNKNOWN : bytesText(value)
    case 'addresses/min':
      return `${numberText(value)} addresses a minute`
    case 'standard deviations':
      return `${numberText(value)} ${unit}`
    case 'ratio':
      return `${numberText(value)} times`
    case 'hundreds':
      return value < 0 ? 'none' : `${value}xx`
    case 'level':
      return LEVELS[Math.round(value)] ?? numberText(value)
    case 'correlation':
    case 'score':
      return numberText(value)
    default:
      return countText(value, singularOf(unit), unit)
  }
}

/** Two digits that count, and thousands apart: 0.25, 3.2, 41, 12,000. */
export function numberText(value: number): string {
  const size = Math.abs(value)
  if (size >= 10) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(size >= 1 ? 2 : 1 + Number(size >= 0.1))))
}

/** Sliding counts are estimates: whole numbers are what they stand for. */
export function countText(value: number, one: string, several = `${one}s`): string {
  const count = Math.round(value)
  return `${count.toLocaleString('en')} ${count === 1 ? one : several}`
}

/** Never 0 % or 100 % for what is only nearly so. */
export function percentText(share: number): string {
  const percent = share * 100
  if (percent > 0 && percent < 0.1) return 'less than 0.1 %'
  if (percent < 100 && percent > 99.9) return 'more than 99.9 %'
  const isEdge = (percent > 0 && percent < 1) || (percent > 99 && percent < 100)
  return `${isEdge ? percent.toFixed(1) : Math.round(percent)} %`
}

export function durationText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`
  if (seconds < 90) return `${numberText(seconds)} s`
  if (seconds < 5_400) return countText(seconds / 60, 'minute')
  return seconds < 129_600 ? countText(seconds / 3_600, 'hour') : countText(seconds / 86_400, 'day')
}

export function bytesText(bytes: number): string {
  if (bytes < KIB) return countText(bytes, 'byte')
  return bytes < MIB ? `${numberText(bytes / KIB)} KiB` : `${numberText(bytes / MIB)} MiB`
}

function singularOf(unit: string): string {
  return unit === 'addresses' ? 'address' : unit.replace(/s$/, '')
}
