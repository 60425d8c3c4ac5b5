/** Maps whatever was thrown to one problem document (RFC 9457). The only place where an error becomes an HTTP status. */
import { STATUS_CODES } from 'node:http'
import { NetminderError } from '../../base/index.ts'
import { API_ERRORS, ApiError, isApiErrorCode } from '../errors.ts'

export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
  /** Whether the node itself failed, so that its log must say why. */
  readonly isFault: boolean
}

/** Codes that other rooms throw and a caller cannot mend: the database is full, read-only, busy or broken. */
const STORAGE_ERROR_NAME = 'StorageError'

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof NetminderError) {
    if (isApiErrorCode(error.code) && API_ERRORS[error.code].status < 500) {
      return new ApiError(error.code, error.message, { cause: error })
    }
    if (error.name === STORAGE_ERROR_NAME) {
      const message = 'the database cannot be read or written; the log of the node says why'
      return new ApiError('STORAGE_UNAVAILABLE', message, { cause: error })
    }
  }
  return new ApiError('INTERNAL', API_ERRORS.INTERNAL.text, { cause: error })
}

export function problemOf(error: unknown): Problem {
  const failure = asApiError(error)
  const title = STATUS_CODES[failure.status] ?? 'Error'
  const known = isApiErrorCode(failure.code) ? API_ERRORS[failure.code].text : title
  return {
    status: failure.status,
    headers: failure.headers,
    isFault: failure.code === 'INTERNAL' || failure.code === 'STORAGE_UNAVAILABLE',
    body: {
      ...failure.extensions,
      type: 'about:blank',
      title,
      status: failure.status,
      detail: failure.expose ? failure.message : known,
      code: failure.code
    }
  }
}
