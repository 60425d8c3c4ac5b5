/** What a model went by, for a person: how sure it was, from where on that counts, and what moved it most. */
import type { OperationResponse } from '../../api/index.ts'

type Evidence = NonNullable<OperationResponse<'explainAddress'>['decisions'][number]['evidence']>

const SHOWN_MAX = 6
const UNEXPLAINED =
  'this was not worked out in a wave of addresses, and the package is not here to do it now'
const DIGITS_OF_HASH = 12

/** Label and text of each field; a label of several fields stands before the first. */
export function evidenceFields(evidence: Evidence, about: string): (readonly [string, string])[] {
  const { model, sha256, score, features, source } = evidence
  const whose = source === about ? '' : ` to ${source}, whose request led to it`
  const strongest = features.filter(({ shown }) => shown !== '').slice(0, SHOWN_MAX)
  return [
    [
      'model',
      `${model} (SHA-256 ${sha256.slice(0, DIGITS_OF_HASH)}…) gave ${score.toFixed(4)}${whose}; ${stepText(evidence)}`
    ],
    ['', evidence.text],
    ...(evidence.explained === 'not' ? [['went by', UNEXPLAINED] as const] : []),
    ...strongest.map((row, index) => [index === 0 ? 'went by' : '', featureText(row)] as const)
  ]
}

/** The thresholds around the score. */
function stepText({ score, thresholds }: Evidence): string {
  const { watch, throttle, ban } = thresholds
  const steps = [
    ['watched', watch],
    ['slowed down', throttle],
    ['banned', ban]
  ] as const
  const reached = steps.findLast(([, from]) => score >= from)
  const next = steps.find(([, from]) => score < from)
  const said = [
    reached === undefined ? undefined : `${reached[0]} from ${shortly(reached[1])} on`,
    next === undefined ? undefined : `${next[0]} from ${shortly(next[1])} on`
  ]
  return said.filter((text) => text !== undefined).join(', ')
}

function featureText(row: Evidence['features'][number]): string {
  const { meaning, feature, shown, usual, contribution } = row
  const range = usual === null ? '' : `, usual ${usual.shown}`
  const moved = `${contribution < 0 ? '−' : '+'}${Math.abs(contribution).toFixed(2)}`
  return `${meaning ?? feature}: ${shown}${range} (${moved})`
}

function shortly(value: number): string {
  return String(Number(value.toFixed(4)))
}
