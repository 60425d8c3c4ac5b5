/** What can be wrong with a configuration. All problems are found before the first is shown. */
import { NetminderError } from '../base/index.ts'

export type ConfigErrorCode =
  /** A key that the schema does not know. */
  | 'CONFIG_UNKNOWN_KEY'
  /** A value of the wrong type or out of its range. */
  | 'CONFIG_INVALID_VALUE'
  /** The file is no TOML. */
  | 'CONFIG_SYNTAX'
  /** The file exists and cannot be read, or was named and does not exist. */
  | 'CONFIG_UNREADABLE'
  /** The file to be written exists already, or its directory cannot be written. */
  | 'CONFIG_UNWRITABLE'

export interface ConfigProblem {
  readonly code: ConfigErrorCode
  /** File, environment variable or `command line` that holds the value. */
  readonly origin: string
  /** Dotted path, elements of an array by number: `sources.0.timeZone`. Empty if the whole file is meant. */
  readonly keyPath: string
  /** "expected X, got Y". */
  readonly message: string
}

export class ConfigError extends NetminderError<ConfigErrorCode> {
  readonly problems: readonly ConfigProblem[]

  /** The code is that of the first problem; the message lists them all. */
  constructor(problems: readonly [ConfigProblem, ...ConfigProblem[]], cause?: unknown) {
    super(problems[0].code, problems.map(describeProblem).join('\n'), { cause })
    this.problems = problems
  }
}

function describeProblem(problem: ConfigProblem): string {
  const place = problem.keyPath === '' ? problem.origin : `${problem.origin}: ${problem.keyPath}`
  return `${place}: ${problem.message}`
}
