/** Kinds of events, their numbers on the wire, and where each is spoken. Numbers are those of design defense.md e.3 and never change. */

/** 4 to 6, 8, 11, 13 and 14 belong to kinds that come later, or were left out: a number is never given twice. */
const KIND_NUMBERS = {
  alert: 1,
  vote: 2,
  'list-delta': 3,
  retract: 7,
  'node-announce': 9,
  revoke: 10,
  'equivocation-proof': 12
} as const

export type EventKind = keyof typeof KIND_NUMBERS
export const EVENT_KINDS = Object.keys(KIND_NUMBERS) as readonly EventKind[]

const KINDS_BY_NUMBER: ReadonlyMap<number, EventKind> = new Map(
  EVENT_KINDS.map((kind) => [KIND_NUMBERS[kind], kind])
)

export function kindNumber(kind: EventKind): number {
  return KIND_NUMBERS[kind]
}

export function findKind(number: number): EventKind | undefined {
  return KINDS_BY_NUMBER.get(number)
}

export const TOPICS = ['alert', 'vote', 'list', 'ctl'] as const
export type Topic = (typeof TOPICS)[number]

const TOPIC_OF_KIND: Readonly<Record<EventKind, Topic>> = {
  alert: 'alert',
  vote: 'vote',
  'list-delta': 'list',
  retract: 'vote',
  'node-announce': 'ctl',
  revoke: 'ctl',
  'equivocation-proof': 'ctl'
}

export function topicOf(kind: EventKind): Topic {
  return TOPIC_OF_KIND[kind]
}
