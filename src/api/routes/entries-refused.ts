/** An import of which nothing was taken, since some of it cannot be. */
import { type ApiError, apiError } from '../errors.ts'

interface Refusal {
  /** Place in the import, from 0. */
  readonly index: number
  readonly code: string
  readonly detail: string
}

/** Names every entry, so that the rest can be sent without them. */
export function entriesRefused(noun: string, refusals: readonly Refusal[]): ApiError {
  const errors = refusals.map(({ index, code, detail }) => ({
    pointer: `/body/entries/${index}`,
    detail,
    code
  }))
  const [first] = errors
  return apiError(
    'ENTRIES_REFUSED',
    `expected ${noun} that can all be taken, got ${errors.length} that cannot, the first at ${first?.pointer}: ${first?.detail}`,
    { extensions: { errors } }
  )
}
