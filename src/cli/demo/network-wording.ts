/** What is said on the screen of alerts and of who heard them. Pure. */
import type { OperationResponse } from '../../api/index.ts'

export type WireAlert = OperationResponse<'listAlerts'>['items'][number]

const KEY_DIGITS = 16
const ID_DIGITS = 32

export function keyOf(author: string): string {
  return `${author.slice(0, KEY_DIGITS)}…`
}

/** Long enough to be told from all others, short enough for a line. */
export function shortId(id: string): string {
  return id.length > ID_DIGITS ? `${id.slice(0, ID_DIGITS)}…` : id
}

/** `127.1.2.3`, or how many. */
export function alertSubjectOf({ prefixes }: Pick<WireAlert, 'prefixes'>): string {
  const [first = 'nobody'] = prefixes
  return prefixes.length > 1 ? `${prefixes.length} addresses` : first.replace(/\/(?:32|128)$/, '')
}

/** From the signature on one node to the disk of another, by their own clocks, which are one on this machine. */
export function arrivalMs({ at, received_at }: Pick<WireAlert, 'at' | 'received_at'>): number {
  return Date.parse(received_at) - Date.parse(at)
}

export interface HeardAlert {
  readonly listener: { readonly place: { readonly name: string } }
  readonly alert: Pick<WireAlert, 'at' | 'received_at'>
}

/** `node-2 in 9 ms, node-3 in 11 ms` */
export function heardOf(arrivals: readonly HeardAlert[]): string {
  return arrivals
    .map(({ listener, alert }) => `${listener.place.name} in ${arrivalMs(alert)} ms`)
    .join(', ')
}

/** `node-2 9, node-3 11, node-4 10 ms` */
export function shortlyHeardOf(arrivals: readonly HeardAlert[]): string {
  const times = arrivals.map(({ listener, alert }) => `${listener.place.name} ${arrivalMs(alert)}`)
  return `${times.join(', ')} ms`
}

/** `2 alerts, 2 votes, 3 node-announces` */
export function heldOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`)
    .join(', ')
}

/** `a, b and c` */
export function listOf(names: readonly string[]): string {
  return names.length < 2
    ? (names[0] ?? 'nobody')
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
