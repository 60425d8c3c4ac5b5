/** One label out of one line, whatever the line's form: what is wrong with it is said with its field. */
import { findAddress } from '../../base/index.ts'
import { TRUTH_LABELS } from '../../defense/index.ts'
import { DatasetError } from '../errors.ts'
import type { SourceLabel } from './source-label.ts'

export type LabelFields = Readonly<Record<string, unknown>>

const SHOWN_MAX = 60
const TEXT_MAX = 200

/**
 * @param where file and line, for the sentence
 * @param isWhole whether class and beginning must be there, as in the truth of a recording
 * @throws {LABELS_INVALID}
 */
export function parseLabel(fields: LabelFields, where: string, isWhole: boolean): SourceLabel {
  const wrong = (field: string, expected: string) => {
    const got = JSON.stringify(fields[field])?.slice(0, SHOWN_MAX) ?? 'nothing'
    return new DatasetError(
      'LABELS_INVALID',
      `${where}: ${field}: expected ${expected}, got ${got}`
    )
  }
  const text = (field: string, otherwise: string) => {
    const value = fields[field]
    if (value === undefined || value === null || value === '') return otherwise
    if (typeof value === 'string' && value.length <= TEXT_MAX) return value
    throw wrong(field, `a text of at most ${TEXT_MAX} characters`)
  }
  const time = (field: string, otherwise: number) => {
    const value = fields[field]
    if (value === undefined || value === null || value === '') return otherwise
    if (isTime(value)) return Date.parse(value)
    throw wrong(field, 'a time such as 2026-01-31T00:00:00Z')
  }
  const { source, label } = fields
  const address = typeof source === 'string' ? findAddress(source.trim()) : undefined
  if (address === undefined) throw wrong('source', 'an address')
  const known = TRUTH_LABELS.find((one) => one === label)
  if (known === undefined) throw wrong('label', TRUTH_LABELS.join(', '))
  const isNamed = typeof fields['class'] === 'string' && fields['class'] !== ''
  if (isWhole && !isNamed) throw wrong('class', 'the name of a class')
  if (isWhole && !isTime(fields['from'])) throw wrong('from', 'a time such as 2026-01-31T00:00:00Z')
  const fromMs = time('from', Number.NEGATIVE_INFINITY)
  const toMs = time('to', Number.POSITIVE_INFINITY)
  if (toMs < fromMs) throw wrong('to', 'a time that is not before from')
  const weight = Number(fields['weight'] || 1)
  if (!(weight > 0 && weight <= 1)) throw wrong('weight', 'a number above 0, up to 1')
  const { requests } = fields
  if (requests !== undefined && !(Number.isInteger(requests) && Number(requests) >= 0)) {
    throw wrong('requests', 'a whole number')
  }
  return {
    ...{ source: address, label: known, fromMs, toMs, weight },
    class: text('class', known),
    campaign: text('campaign', '')
  }
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-/.test(value) && !Number.isNaN(Date.parse(value))
}
