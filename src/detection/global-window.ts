/** What the whole keyserver sees, over one minute, ten minutes and an hour. */
import type { RequestEvent } from '../keyserver/index.ts'
import {
  addCount,
  type CounterSlab,
  createCounterSlab,
  readCount,
  takeSlot
} from './counter-slab.ts'

const NAMES = ['requests', 'served', 'refused', 'uploads', 'lookups', 'misses', 'errors'] as const
export type GlobalCounter = (typeof NAMES)[number]
const SPANS_MS = [60_000, 600_000, 3_600_000] as const
export type GlobalSpan = 'minute' | 'tenMinutes' | 'hour'
const SPAN_INDEX: Readonly<Record<GlobalSpan, number>> = { minute: 0, tenMinutes: 1, hour: 2 }

export interface GlobalWindow {
  slab: CounterSlab
}

export function createGlobalWindow(): GlobalWindow {
  const slab = createCounterSlab(NAMES.length, SPANS_MS, { bits: 32, slots: 1 })
  takeSlot(slab)
  return { slab }
}

function note(window: GlobalWindow, name: GlobalCounter, atMs: number): void {
  addCount(window.slab, { slot: 0, counter: NAMES.indexOf(name) }, atMs)
}

export function noteGlobally(window: GlobalWindow, event: RequestEvent): void {
  const atMs = event.loggedAtMs
  note(window, 'requests', atMs)
  if (event.outcome === 'served') {
    note(window, 'served', atMs)
    if (event.status >= 500) note(window, 'errors', atMs)
    else if (event.status === 404) note(window, 'misses', atMs)
  } else if (event.outcome === 'denied' || event.outcome === 'tarpitted') {
    note(window, 'refused', atMs)
  }
  if (event.target.startsWith('/pks/add')) note(window, 'uploads', atMs)
  else if (event.target.startsWith('/pks/lookup')) note(window, 'lookups', atMs)
}

export function readGlobal(
  window: GlobalWindow,
  which: { readonly name: GlobalCounter; readonly span: GlobalSpan },
  atMs: number
): number {
  const counter = NAMES.indexOf(which.name)
  return readCount(window.slab, { slot: 0, counter, span: SPAN_INDEX[which.span] }, atMs)
}
