/** What follows from what was ordered: files, task, and the version of what comes out. */
import type { JobData } from './job.ts'

/** Files that are read, by what they are. */
export function filesOf(data: JobData): Readonly<Record<string, string>> {
  if (data.kind === 'labels') return {}
  if (data.kind === 'table') return { path: data.path }
  const { haproxy, hockeypuck, nginx, labels } = data
  return Object.fromEntries(
    Object.entries({ haproxy, hockeypuck, nginx, labels }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined
    )
  )
}

/** What the model is for: whose champion it is compared with. */
export function taskOf(data: JobData): string {
  return data.kind === 'table' ? 'table' : 'behaviour'
}

/** 1, 2, 3 …: one more than the greatest that is a number. */
export function nextVersion(taken: readonly string[]): string {
  const numbers = taken.filter((version) => /^\d{1,9}$/.test(version)).map(Number)
  return String(Math.max(0, ...numbers) + 1)
}
