/** Who was who: one row for each source and activity, one more for each campaign, written as soon as the activity is over. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Activity, Answer, ClassName, ClientRequest } from '../client.ts'
import type { LineQueue } from './line-queue.ts'

interface Row {
  readonly source: AddressText
  readonly tool: string
  readonly fromMs: number
  toMs: number
  requests: number
}

export interface ClassCount {
  activities: number
  sources: number
  requests: number
  refused: number
}

export class LabelBook {
  readonly #truth: LineQueue
  readonly #campaigns: LineQueue
  readonly #open = new Map<Activity, Map<string, Row>>()
  readonly #counts = new Map<ClassName, ClassCount>()

  constructor(truth: LineQueue, campaigns: LineQueue) {
    this.#truth = truth
    this.#campaigns = campaigns
  }

  get counts(): ReadonlyMap<ClassName, ClassCount> {
    return this.#counts
  }

  note(activity: Activity, request: ClientRequest, answer: Answer): void {
    let rows = this.#open.get(activity)
    if (rows === undefined) {
      rows = new Map()
      this.#open.set(activity, rows)
    }
    const { source, agent } = request
    const key = `${source} ${agent.tool}`
    let row = rows.get(key)
    if (row === undefined) {
      row = { source, tool: agent.tool, fromMs: request.atMs, toMs: answer.endMs, requests: 0 }
      rows.set(key, row)
    }
    row.toMs = Math.max(row.toMs, answer.endMs)
    if (answer.isLogged) row.requests++
    const count = this.#count(activity.className)
    if (answer.isLogged) count.requests++
    if (answer.outcome === 'denied' || answer.outcome === 'tarpitted') count.refused++
  }

  close(activity: Activity): void {
    const rows = this.#open.get(activity)
    this.#open.delete(activity)
    if (rows === undefined) return
    const count = this.#count(activity.className)
    count.activities++
    count.sources += rows.size
    for (const row of rows.values()) this.#truth.push(0, JSON.stringify(truthRow(activity, row)))
    if (activity.about !== undefined)
      this.#campaigns.push(0, JSON.stringify(campaignRow(activity, [...rows.values()])))
  }

  closeAll(): void {
    for (const activity of [...this.#open.keys()]) this.close(activity)
  }

  #count(name: ClassName): ClassCount {
    let count = this.#counts.get(name)
    if (count === undefined) {
      count = { activities: 0, sources: 0, requests: 0, refused: 0 }
      this.#counts.set(name, count)
    }
    return count
  }
}

function truthRow(activity: Activity, row: Row): object {
  return {
    source: row.source,
    class: activity.className,
    label: activity.label,
    campaign: activity.campaign,
    tool: row.tool,
    from: iso(row.fromMs),
    to: iso(row.toMs),
    requests: row.requests
  }
}

function campaignRow(activity: Activity, rows: readonly Row[]): object {
  const fromMs = rows.reduce((least, row) => Math.min(least, row.fromMs), Number.POSITIVE_INFINITY)
  const toMs = rows.reduce((most, row) => Math.max(most, row.toMs), 0)
  const requests = rows.reduce((sum, row) => sum + row.requests, 0)
  const seconds = Math.max(0.001, (toMs - fromMs) / 1000)
  return {
    campaign: activity.campaign,
    class: activity.className,
    label: activity.label,
    description: activity.about?.description,
    evasion: activity.about?.evasion,
    parameters: activity.about?.parameters,
    sources: [...new Set(rows.map(({ source }) => source))],
    from: iso(fromMs),
    to: iso(toMs),
    requests,
    requests_per_second: Math.round((requests / seconds) * 1000) / 1000
  }
}

function iso(timeMs: number): string {
  return new Date(Math.floor(timeMs)).toISOString()
}
