/** Durations as people write them in a configuration or on a command line: `90s`, `30m`, `2h`, `7d`, `1h30m`. */
import { NetminderError } from './errors.ts'

export class DurationError extends NetminderError<'DURATION_INVALID'> {}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000
}

/** @throws {DURATION_INVALID} */
export function parseDurationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim()) {
    throw new DurationError(
      'DURATION_INVALID',
      `expected a duration such as 90s, 30m, 2h or 7d, got "${text}"`
    )
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0), 0)
}

/** Two units at most: `1h 30m`, `45s`, `3d`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.max(0, Math.round(durationMs))}ms`
  let rest = Math.round(durationMs / 1_000)
  const parts: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1]
  ] as const) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0) parts.push(`${count}${unit}`)
    if (parts.length === 2) break
  }
  return parts.join(' ')
}
