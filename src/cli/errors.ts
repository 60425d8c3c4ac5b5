import { NetminderError } from '../base/index.ts'

export type CliErrorCode =
  /** A directory that the command needs cannot be made. */
  | 'CLI_CANNOT_CREATE'
  /** A program that the command started failed. */
  | 'CLI_PROGRAM_FAILED'
  /** The command line is wrong. */
  | 'CLI_USAGE'
  /** A file or standard input holds something else than expected. */
  | 'CLI_INPUT_INVALID'
  /** A file that was named cannot be read. */
  | 'CLI_INPUT_MISSING'
  /** A question was answered with no, or nobody was there to be asked. */
  | 'CLI_NOT_CONFIRMED'
  /** A check found a fault; what it is was printed. */
  | 'CLI_FAULT_FOUND'
  /** Standard output takes no more: the disk is full, say. */
  | 'CLI_OUTPUT_FAILED'
  /** The node ended a stream of events. */
  | 'CLI_STREAM_ENDED'

export class CliError extends NetminderError<CliErrorCode> {}
