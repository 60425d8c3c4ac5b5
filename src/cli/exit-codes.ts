/** One table of exit codes, those of sysexits.h where it has one, and which error ends in which. */
import { NetminderError } from '../base/index.ts'
import { ConfigError } from '../config/index.ts'

export const EXIT = {
  OK: 0,
  REFUSED: 1,
  USAGE: 64,
  DATA: 65,
  NO_INPUT: 66,
  UNAVAILABLE: 69,
  INTERNAL: 70,
  CANNOT_CREATE: 73,
  IO: 74,
  TRY_AGAIN: 75,
  NO_PERMISSION: 77,
  CONFIG: 78,
  INTERRUPTED: 130,
  TERMINATED: 143
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.OK, 'done'],
  [EXIT.REFUSED, 'a check found a fault, the node refused, or the answer to a question was no'],
  [EXIT.USAGE, 'the command line is wrong'],
  [
    EXIT.DATA,
    'the input is not what was expected (no line of a log can be read, a list is malformed, nothing can be learned from a table)'
  ],
  [EXIT.NO_INPUT, 'a file that should be read is missing or no file'],
  [EXIT.UNAVAILABLE, 'the node, HAProxy or another service cannot be reached'],
  [EXIT.INTERNAL, 'a mistake of netminder itself'],
  [EXIT.CANNOT_CREATE, 'the data directory or a port cannot be used'],
  [EXIT.IO, 'reading or writing failed; the disk may be full'],
  [EXIT.TRY_AGAIN, 'busy or too slow; try again'],
  [EXIT.NO_PERMISSION, 'this user or token may not do it'],
  [EXIT.CONFIG, 'the configuration is wrong'],
  [EXIT.INTERRUPTED, 'ended by Ctrl-C (SIGINT) before it was done'],
  [EXIT.TERMINATED, 'ended by SIGTERM before it was done']
]

/** By error code; what is not named here and comes from the node is a refusal. */
const BY_ERROR: Readonly<Record<string, ExitCode>> = {
  CLI_USAGE: EXIT.USAGE,
  DURATION_INVALID: EXIT.USAGE,
  ADDRESS_INVALID: EXIT.USAGE,
  REQUEST_INVALID: EXIT.USAGE,
  TIME_ZONE_INVALID: EXIT.USAGE,
  SOURCE_OPTIONS_INVALID: EXIT.USAGE,
  CLI_INPUT_INVALID: EXIT.DATA,
  OPTION_INVALID: EXIT.USAGE,
  TABLE_INVALID: EXIT.DATA,
  TABLE_TOO_LARGE: EXIT.DATA,
  TABLE_REFUSED: EXIT.DATA,
  LABEL_INVALID: EXIT.DATA,
  FOREST_INVALID: EXIT.DATA,
  ONNX_INVALID: EXIT.DATA,
  OPERATOR_UNKNOWN: EXIT.DATA,
  DOMAIN_FOREIGN: EXIT.DATA,
  EXTERNAL_DATA: EXIT.DATA,
  TENSOR_TOO_LARGE: EXIT.DATA,
  PACKAGE_INVALID: EXIT.DATA,
  PACKAGE_TOO_LARGE: EXIT.DATA,
  HASH_MISMATCH: EXIT.DATA,
  GOLDEN_MISMATCH: EXIT.DATA,
  SIGNATURE_INVALID: EXIT.DATA,
  SIGNATURE_FOREIGN: EXIT.NO_PERMISSION,
  PACKAGE_MISSING: EXIT.NO_INPUT,
  PACKAGE_UNWRITABLE: EXIT.CANNOT_CREATE,
  LOG_NOT_PARSABLE: EXIT.DATA,
  KEY_FILE_INVALID: EXIT.DATA,
  DATABASE_FOREIGN: EXIT.DATA,
  DATABASE_CORRUPT: EXIT.DATA,
  DATABASE_NEWER: EXIT.DATA,
  DATABASE_OLDER: EXIT.DATA,
  MIGRATION_EDITED: EXIT.DATA,
  CLI_INPUT_MISSING: EXIT.NO_INPUT,
  SOURCE_MISSING: EXIT.NO_INPUT,
  SOURCE_IS_DIRECTORY: EXIT.NO_INPUT,
  SOURCE_WRONG_KIND: EXIT.NO_INPUT,
  DATABASE_ABSENT: EXIT.NO_INPUT,
  CLI_PROGRAM_FAILED: EXIT.UNAVAILABLE,
  CLI_STREAM_ENDED: EXIT.UNAVAILABLE,
  API_UNREACHABLE: EXIT.UNAVAILABLE,
  API_ANSWER_INVALID: EXIT.UNAVAILABLE,
  HAPROXY_UNREACHABLE: EXIT.UNAVAILABLE,
  HAPROXY_ANSWER_INVALID: EXIT.UNAVAILABLE,
  HAPROXY_REFUSED: EXIT.UNAVAILABLE,
  HAPROXY_SETUP_MISSING: EXIT.UNAVAILABLE,
  NOT_READY: EXIT.UNAVAILABLE,
  START_FAILED: EXIT.UNAVAILABLE,
  START_TIMED_OUT: EXIT.UNAVAILABLE,
  INTERNAL: EXIT.INTERNAL,
  ASSERTION_FAILED: EXIT.INTERNAL,
  CLI_CANNOT_CREATE: EXIT.CANNOT_CREATE,
  DATA_DIRECTORY_UNUSABLE: EXIT.CANNOT_CREATE,
  API_PORT_IN_USE: EXIT.CANNOT_CREATE,
  API_PORT_FORBIDDEN: EXIT.CANNOT_CREATE,
  API_HOST_UNAVAILABLE: EXIT.CANNOT_CREATE,
  API_SOCKET_IN_USE: EXIT.CANNOT_CREATE,
  API_SOCKET_UNUSABLE: EXIT.CANNOT_CREATE,
  CLI_OUTPUT_FAILED: EXIT.IO,
  DATABASE_IO_FAILED: EXIT.IO,
  DISK_FULL: EXIT.IO,
  SOURCE_READ_FAILED: EXIT.IO,
  LIST_UNREADABLE: EXIT.IO,
  LIST_UNWRITABLE: EXIT.IO,
  RECORD_UNUSABLE: EXIT.IO,
  STORAGE_UNAVAILABLE: EXIT.IO,
  API_TIMED_OUT: EXIT.TRY_AGAIN,
  DATABASE_LOCKED: EXIT.TRY_AGAIN,
  RATE_LIMITED: EXIT.TRY_AGAIN,
  HAPROXY_TIMED_OUT: EXIT.TRY_AGAIN,
  DATABASE_READ_ONLY: EXIT.NO_PERMISSION,
  SECRET_FILE_EXPOSED: EXIT.NO_PERMISSION,
  SECRET_FILE_UNUSABLE: EXIT.NO_PERMISSION,
  SOURCE_NOT_READABLE: EXIT.NO_PERMISSION,
  TOKEN_MISSING: EXIT.NO_PERMISSION,
  TOKEN_UNKNOWN: EXIT.NO_PERMISSION,
  TOKEN_EXPIRED: EXIT.NO_PERMISSION,
  TOKEN_REVOKED: EXIT.NO_PERMISSION,
  SCOPE_MISSING: EXIT.NO_PERMISSION,
  CONFIG_UNWRITABLE: EXIT.CANNOT_CREATE
}

export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof NetminderError)) return EXIT.INTERNAL
  const known = BY_ERROR[error.code]
  if (known !== undefined) return known
  return error instanceof ConfigError ? EXIT.CONFIG : EXIT.REFUSED
}

/** Work that was ended says by what; where only the reader of its output went away, that is no fault. */
export function exitCodeAfter(
  code: ExitCode,
  why: { readonly isReaderGone: boolean; readonly isTerminated: boolean }
): ExitCode {
  if (code !== EXIT.INTERRUPTED) return code
  if (why.isReaderGone) return EXIT.OK
  return why.isTerminated ? EXIT.TERMINATED : code
}
