/**
 * A label as a line of a file: the form in which recordings name who was who (`truth.jsonl`), so that what was said of live
 * traffic and what is known of a recording are read by the same programs.
 */
import { displayPrefix, findPrefix, getPrefix } from '../base/index.ts'
import { FeedbackError } from './errors.ts'
import { LABEL_WORDS, type LabelWord } from './label.ts'

export interface TruthFields {
  readonly prefix: string
  readonly label: LabelWord
  readonly class: string | null
  readonly campaign: string
  /** RFC 3339. */
  readonly from: string
  readonly to: string
  readonly weight: number
  readonly source: string
  readonly said_by: string
  readonly note: string
}

export interface ReadTruth {
  readonly value: string
  readonly label: LabelWord
  readonly class?: string
  readonly campaign?: string
  readonly from?: string
  readonly to?: string
  readonly weight?: number
  readonly reason?: string
}

const LINE_MAX = 4_096
const SHOWN_MAX = 60
const TEXT_MAX = 100
const NOTE_MAX = 500
const SUBNET = 64

/**
 * A line names one address; a prefix of IPv4 becomes one for each of its addresses (at most 256), and a /64 its first. Undefined:
 * it is a prefix of IPv6 that is wider, which no line can name.
 */
export function truthLines(label: TruthFields): readonly string[] | undefined {
  const { prefix, source, said_by, note, class: kind, ...rest } = label
  const addresses = addressesOf(prefix)
  return addresses?.map((address) =>
    JSON.stringify({
      ...{ source: address, class: kind ?? label.label, label: rest.label },
      ...{ campaign: rest.campaign, from: rest.from, to: rest.to, weight: rest.weight },
      ...{ labelled_as: source, labelled_by: said_by, note }
    })
  )
}

/** `mixed` for a source that harmless and abusive clients share: nothing can be said of it. @throws {LABEL_LINE_INVALID} */
export function readTruthLine(line: string): ReadTruth | 'mixed' {
  if (line.length > LINE_MAX) throw invalid(`a line of at most ${LINE_MAX} characters`, line.length)
  const fields = fieldsOf(line)
  const { source, label } = fields
  const prefix = typeof source === 'string' ? findPrefix(source.trim()) : undefined
  if (prefix === undefined) throw invalid('an address or a prefix as source', source)
  if (label === 'mixed') return 'mixed'
  const word = LABEL_WORDS.find((known) => known === label)
  if (word === undefined) throw invalid(`${LABEL_WORDS.join(' or ')} as label`, label)
  const { weight } = fields
  if (weight !== undefined && !(typeof weight === 'number' && weight > 0 && weight <= 1)) {
    throw invalid('a weight above 0, up to 1', weight)
  }
  const kind = textOf(fields, 'class', TEXT_MAX)
  return {
    ...{ value: displayPrefix(prefix), label: word },
    // Where the class was not known, its place is taken by the label.
    ...(kind !== undefined && kind !== word && { class: kind }),
    ...optional('campaign', textOf(fields, 'campaign', TEXT_MAX)),
    ...optional('from', timeOf(fields, 'from')),
    ...optional('to', timeOf(fields, 'to')),
    ...(weight !== undefined && { weight }),
    ...optional('reason', textOf(fields, 'note', NOTE_MAX))
  }
}

function addressesOf(prefix: string): readonly string[] | undefined {
  const { bits, length } = getPrefix(prefix)
  if (bits.kind() === 'ipv6') return length < SUBNET ? undefined : [bits.toString()]
  const [a = 0, b = 0, c = 0, d = 0] = bits.toByteArray()
  return Array.from({ length: 2 ** (32 - length) }, (_, i) => `${a}.${b}.${c}.${d + i}`)
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw invalid('one JSON object a line', line)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw invalid('one JSON object a line', value)
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string, max: number) {
  const value = fields[name] ?? ''
  if (typeof value === 'string' && value.length <= max) return value === '' ? undefined : value
  throw invalid(`a text of at most ${max} characters as ${name}`, value)
}

function timeOf(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  const atMs = typeof value === 'string' && /^\d{4}-/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(atMs)) throw invalid(`a time such as 2027-01-31T00:00:00Z as ${name}`, value)
  return new Date(atMs).toISOString()
}

function optional<K extends string>(name: K, value: string | undefined) {
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in K]: string })
}

function invalid(expected: string, got: unknown): FeedbackError {
  const shown = JSON.stringify(got)?.slice(0, SHOWN_MAX) ?? 'nothing'
  return new FeedbackError('LABEL_LINE_INVALID', `expected ${expected}, got ${shown}`)
}
