/** What several networks were to be told, and some did not take. */
import type { EachTold } from '../../defense/index.ts'
import { ApiError } from '../errors.ts'
import { problemOf } from '../server/problem.ts'

interface Refusal {
  readonly network: string
  readonly name: string
  readonly code: string
  readonly detail: string
}

/** @throws {ApiError} why, by network, if no network took it */
export function refusalsOf(
  only: string | undefined,
  { told, refused }: EachTold<unknown>
): Refusal[] {
  const [first] = refused
  if (told.length === 0 && first !== undefined) {
    throw only === undefined ? nobodyTold(first.error, refused.map(refusalOf)) : first.error
  }
  return refused.map(refusalOf)
}

function refusalOf({ network, name = '', error }: EachTold<unknown>['refused'][number]): Refusal {
  const { code, detail } = problemOf(error).body
  return { network, name, code: String(code), detail: String(detail) }
}

/** With the code of the first: they rarely differ. */
function nobodyTold(cause: unknown, refused: readonly Refusal[]): ApiError {
  const { status, body } = problemOf(cause)
  const details = [...new Set(refused.map(({ detail }) => detail))].map((detail) => {
    const names = refused.filter((one) => one.detail === detail).map(({ name }) => `"${name}"`)
    return `${names.join(', ')}: ${detail}`
  })
  const options = { status, expose: true, extensions: { refused }, cause }
  return new ApiError(String(body['code']), `nobody was told; ${details.join('; ')}`, options)
}
