/** Labels behind the API: the real desk over a store in memory. */
import { getPrefix, prefixesOverlap, SystemClock, uuidV7 } from '../../src/base/index.ts'
import {
  type Label,
  LabelDesk,
  type LabelDeskPorts,
  type LabelQuery,
  type LabelSource,
  type LabelStore
} from '../../src/feedback/index.ts'
import { StorageError } from '../../src/store/index.ts'

/** What the port promises, said as plainly as possible. */
export class MemoryLabelStore implements LabelStore {
  #labels: readonly Label[] = []

  insert(label: Label): void {
    if (this.find(label.id) !== undefined) {
      throw new StorageError('ROW_REFUSED', 'expected a new label')
    }
    this.#labels = [label, ...this.#labels]
  }

  update({ id, fromMs, toMs, weight, note, saidAtMs }: Label): void {
    this.#labels = this.#labels.map((label) =>
      label.id === id ? { ...label, fromMs, toMs, weight, note, saidAtMs } : label
    )
  }

  remove(id: string): boolean {
    const before = this.#labels.length
    this.#labels = this.#labels.filter((label) => label.id !== id)
    return this.#labels.length < before
  }

  find(id: string): Label | undefined {
    return this.#labels.find((label) => label.id === id)
  }

  list(query: LabelQuery) {
    const { prefix, label, source, sinceMs = 0, limit } = query
    const from = query.cursor === undefined ? 0 : Number(query.cursor)
    if (!Number.isInteger(from)) throw new StorageError('CURSOR_INVALID', 'expected a cursor')
    const found = this.#labels
      .filter((one) => prefix === undefined || touches(one.prefix, prefix))
      .filter((one) => label === undefined || one.label === label)
      .filter((one) => source === undefined || one.source === source)
      .filter((one) => one.saidAtMs >= sinceMs)
    const next = from + limit
    return {
      items: found.slice(from, next),
      nextCursor: next < found.length ? String(next) : undefined
    }
  }

  touching({ prefix, fromMs, toMs }: Pick<Label, 'prefix' | 'fromMs' | 'toMs'>) {
    return this.#labels
      .filter((label) => label.fromMs <= toMs && label.toMs >= fromMs)
      .filter((label) => touches(label.prefix, prefix))
      .sort((a, b) => b.saidAtMs - a.saidAtMs)
      .slice(0, 100)
  }

  count(source?: LabelSource): number {
    return this.#labels.filter((label) => source === undefined || label.source === source).length
  }

  removeOldest(source: LabelSource): boolean {
    const oldest = this.#labels.findLast((label) => label.source === source)
    return oldest !== undefined && this.remove(oldest.id)
  }
}

function touches(a: string, b: string): boolean {
  return prefixesOverlap(getPrefix(a), getPrefix(b))
}

/** Of what the examples of the contract speak. */
export const SAMPLE_LABEL_ID = '01933b2e-8d0a-7c3e-9b1f-5f6f0a1b2c3e'

export function sampleLabel(fields: Partial<Label> = {}): Label {
  return {
    id: SAMPLE_LABEL_ID,
    prefix: '198.51.100.7/32',
    label: 'abuse',
    class: 'A8',
    campaign: '',
    fromMs: 1_000,
    toMs: 2_000,
    source: 'operator',
    weight: 1,
    origin: '',
    note: 'walks the alphabet',
    saidBy: 'token:admin',
    saidAtMs: 2_000,
    ...fields
  }
}

export interface FakeLabels {
  readonly desk: LabelDesk
  readonly store: MemoryLabelStore
  readonly audit: readonly { readonly action: string; readonly actor: string }[]
}

let made = 0

/** Loopback is protected; no alert and no decision is known, unless a port says otherwise. */
export function fakeLabels(ports: Partial<LabelDeskPorts> = {}): FakeLabels {
  const store = new MemoryLabelStore()
  store.insert(sampleLabel())
  const audit: { readonly action: string; readonly actor: string }[] = []
  const desk = new LabelDesk({
    ...{ labels: store, clock: new SystemClock(), audit: { append: (entry) => audit.push(entry) } },
    matters: { alerts: () => [], decision: () => undefined },
    findProtection: (prefix) => (prefix.startsWith('127.') ? 'loopback (127.0.0.0/8)' : undefined),
    unitOfWork: { run: (work) => work() },
    createId: (atMs) => uuidV7(atMs, Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, made >> 8, made++])),
    ...ports
  })
  return { desk, store, audit }
}
