/** Labels: what is said of sources, for models to learn from. */
import * as z from 'zod'
import { LABEL_SOURCES, LABEL_WEIGHTS, LABEL_WORDS } from '../../feedback/index.ts'
import type { Endpoint } from './endpoint.ts'
import { noteInput, pageOf, pageQuery, prefixInput, timeInput } from './schemas.ts'

const time = z.iso.datetime().describe('RFC 3339, UTC.')
const text = z.string()

const labelWord = z.enum(LABEL_WORDS).meta({ id: 'LabelWord' })
const labelSource = z.enum(LABEL_SOURCES).meta({
  id: 'LabelSource',
  description:
    'operator: said of this very address; import: from a file; verdict: of an alert or a decision, and so of all that it names; lifted-decision: a person ended a decision; rule: hard evidence of a rule.'
})

const label = z
  .strictObject({
    id: text,
    prefix: text.describe('What it is about; of IPv6 a /64 at the narrowest.'),
    label: labelWord,
    class: text.nullable().describe('Class of the taxonomy, such as A8; null: not said.'),
    campaign: text.describe('Sources that did it together; empty: not said.'),
    from: time.describe('It speaks of what was seen from here …'),
    to: time.describe('… to here, and of nothing else.'),
    source: labelSource,
    weight: z.number().min(0).max(1).describe('How much it counts.'),
    origin: text.describe('Id of the alert or decision that it is about; empty: none.'),
    note: text,
    said_by: text,
    said_at: time,
    overruled_by: text
      .nullable()
      .describe(
        'Id of the label that counts instead where both speak of the same source and moment: that of the greater weight, then the narrower, then the later one. Null: none contradicts it, or it is the stronger.'
      )
  })
  .meta({ id: 'Label' })

const tag = z
  .string()
  .max(100)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} _.:/-]*$/u, {
    error: 'expected letters, digits and separators, at most 100'
  })
const weights = LABEL_SOURCES.map((source) => `${source} ${LABEL_WEIGHTS[source]}`).join(', ')
const said = {
  label: labelWord,
  class: tag.optional().describe('Class of the taxonomy, such as A8 or N3.'),
  campaign: tag.optional().describe('The same for sources that did it together.'),
  reason: noteInput.default('').describe('Why, for whoever reads the label, and for the audit.'),
  from: timeInput.optional().describe('Absent: a day before the end.'),
  to: timeInput.optional().describe('Absent: now.'),
  weight: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe(`How much it counts; absent: by its source (${weights}).`)
}

/** What fits into a body of the default length, if notes are short. */
const IMPORT_LABELS_MAX = 1_000
const SAMPLE_ID = '01933b2e-8d0a-7c3e-9b1f-5f6f0a1b2c3e'
const labelId = z.uuid().describe('Id of the label.')

export const LABEL_ENDPOINTS = {
  listLabels: {
    method: 'GET',
    path: '/api/ml/labels',
    tag: 'labels',
    summary: 'List what was said of sources, newest first.',
    scope: 'read',
    query: z.strictObject({
      value: prefixInput
        .optional()
        .describe('Only those about this address or prefix, what holds it, and parts of it.'),
      label: labelWord.optional(),
      source: labelSource.optional(),
      since: timeInput.optional().describe('Only those said at this time or later.'),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(label),
    errors: ['ADDRESS_INVALID', 'CURSOR_INVALID'],
    example: { query: { limit: 10 } }
  },
  addLabel: {
    method: 'POST',
    path: '/api/ml/labels',
    tag: 'labels',
    summary: 'Say what a source was, or whether an alert or a decision was right.',
    description:
      'Either of a `value`, or of all that an `alert` names: its id as alerts show it, the beginning of one, or the id of a decision. Whoever says the same again of a time that meets the first widens his label. Nothing that is never acted on can be called abusive.',
    scope: 'respond',
    body: z
      .strictObject({
        value: prefixInput.optional(),
        alert: z
          .string()
          .regex(/^(?:[0-9a-fA-F]{8,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/, {
            error: 'expected 8 to 64 hexadecimal digits of an alert, or the id of a decision'
          })
          .optional(),
        ...said
      })
      .refine(({ value, alert }) => (value === undefined) !== (alert === undefined), {
        error: 'expected either value or alert'
      }),
    status: 201,
    response: z.strictObject({ items: z.array(label) }),
    errors: [
      'ADDRESS_INVALID',
      'PREFIX_TOO_WIDE',
      'PROTECTED',
      'SPAN_INVALID',
      'ALERT_NOT_FOUND',
      'ALERT_AMBIGUOUS',
      'DECISION_NOT_FOUND',
      'LABELS_FULL'
    ],
    example: {
      body: { value: '203.0.113.66', label: 'abuse', class: 'A8', reason: 'walks the alphabet' }
    }
  },
  importLabels: {
    method: 'POST',
    path: '/api/ml/labels/import',
    tag: 'labels',
    summary: 'Say what many sources were: all of it is kept, or nothing.',
    description: `At most ${IMPORT_LABELS_MAX.toLocaleString('en')} entries, and no more than a body may hold; send a longer list in parts. One transaction and one entry of the audit. If any of the entries cannot be taken, every one of those is named by its pointer, with its code.`,
    scope: 'train',
    body: z.strictObject({
      entries: z
        .array(z.strictObject({ value: prefixInput, ...said }))
        .min(1)
        .max(IMPORT_LABELS_MAX)
    }),
    status: 200,
    response: z.strictObject({
      added: z.int().min(0).describe('Labels that are new.'),
      unchanged: z.int().min(0).describe('What was said already, or widens what was.')
    }),
    errors: ['ENTRIES_REFUSED', 'LABELS_FULL'],
    example: {
      body: {
        entries: [
          {
            value: '203.0.113.66',
            label: 'abuse',
            class: 'A8',
            from: '2026-01-31T12:00:00Z',
            to: '2026-01-31T12:30:00Z'
          }
        ]
      }
    }
  },
  removeLabel: {
    method: 'DELETE',
    path: '/api/ml/labels/{id}',
    tag: 'labels',
    summary: 'Take a label back.',
    scope: 'respond',
    params: z.strictObject({ id: labelId }),
    query: z.strictObject({ reason: noteInput.default('').describe('Why, for the audit.') }),
    status: 204,
    errors: ['LABEL_NOT_FOUND'],
    example: { params: { id: SAMPLE_ID }, query: { reason: 'mistaken for another' } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>
