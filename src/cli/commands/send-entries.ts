/** Sends a long list to the node in batches, each of which is taken whole or not at all; what the node refuses is left out. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type ApiClient, ApiError } from '../../api/index.ts'
import type { FileEntry } from './entry-line.ts'

export interface Refusal {
  readonly prefix: string
  readonly code: string
  readonly detail: string
}

export interface SentEntries {
  readonly imported: number
  readonly unchanged: number
  readonly refusals: readonly Refusal[]
}

export interface SendPorts {
  readonly client: Pick<ApiClient, 'call'>
  readonly signal: AbortSignal
  /** How many entries have been dealt with. */
  readonly onProgress: (done: number) => void
}

const BATCH_ENTRIES_MAX = 1_000
/** A node takes bodies of 65 536 bytes unless it is told otherwise; where it takes less, batches are halved. */
const BATCH_BYTES_MAX = 60_000
/** How long one waits when the node says that the requests of this minute are used up. */
const RETRY_AFTER_MS = 2_000

/** @throws what the client throws, except for entries that the node refuses */
export async function sendEntries(
  entries: readonly FileEntry[],
  ports: SendPorts
): Promise<SentEntries> {
  let imported = 0
  let unchanged = 0
  let done = 0
  const refusals: Refusal[] = []
  const waiting = batches(entries)
  for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
    const answer = await sendBatch(batch, ports)
    if (answer === 'too-long') {
      const half = Math.ceil(batch.length / 2)
      waiting.unshift(batch.slice(0, half), batch.slice(half))
      continue
    }
    imported += answer.imported
    unchanged += answer.unchanged
    refusals.push(...answer.refusals)
    done += batch.length
    ports.onProgress(done)
  }
  return { imported, unchanged, refusals }
}

async function sendBatch(
  batch: readonly FileEntry[],
  { client, signal }: SendPorts
): Promise<SentEntries | 'too-long'> {
  let rest = batch
  let key: string = randomUUID()
  const refusals: Refusal[] = []
  while (rest.length > 0) {
    try {
      const body = { entries: rest.map(asInput) }
      const taken = await client.call(
        'importToBlocklist',
        { body },
        { signal, idempotencyKey: key }
      )
      return { ...taken, refusals }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === 'BODY_TOO_LONG' && rest.length > 1) return 'too-long'
      if (error.code === 'RATE_LIMITED') {
        await wait(RETRY_AFTER_MS, undefined, { signal })
        continue
      }
      const refused = refusedBy(error, rest)
      if (refused.size === 0) throw error
      for (const refusal of refused.values()) refusals.push(refusal)
      rest = rest.filter((_, index) => !refused.has(index))
      key = randomUUID()
    }
  }
  return { imported: 0, unchanged: 0, refusals }
}

/** What is at its default need not be sent. */
function asInput({ prefix, note, until }: FileEntry) {
  return {
    prefix,
    ...(note === '' ? {} : { note }),
    ...(until === null ? {} : { until })
  }
}

/** By place in the batch; empty if the answer names no entry of it. */
function refusedBy(error: ApiError, batch: readonly FileEntry[]): ReadonlyMap<number, Refusal> {
  const refused = new Map<number, Refusal>()
  const faults = error.code === 'ENTRIES_REFUSED' ? error.extensions['errors'] : undefined
  if (!Array.isArray(faults)) return refused
  for (const fault of faults as readonly Readonly<Record<string, unknown>>[]) {
    const index = Number(/^\/body\/entries\/(\d+)$/.exec(String(fault['pointer']))?.[1] ?? -1)
    const entry = batch[index]
    if (entry === undefined) continue
    const { code, detail } = fault
    refused.set(index, { prefix: entry.prefix, code: String(code), detail: String(detail) })
  }
  return refused
}

function batches(entries: readonly FileEntry[]): FileEntry[][] {
  const found: FileEntry[][] = []
  let current: FileEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const length = Buffer.byteLength(JSON.stringify(asInput(entry))) + 1
    const isFull = current.length === BATCH_ENTRIES_MAX || bytes + length > BATCH_BYTES_MAX
    if (isFull && current.length > 0) {
      found.push(current)
      current = []
      bytes = 0
    }
    current.push(entry)
    bytes += length
  }
  if (current.length > 0) found.push(current)
  return found
}
