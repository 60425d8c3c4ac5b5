/**
 * The logging port and its implementation on pino. Messages are constant and data stands in fields. error: the operator must
 * act; warn: may become an error; info: a rare change of state; debug: per message. Text that somebody else supplied is
 * never logged at info or above.
 */
import { type Logger as Pino, pino } from 'pino'
import { type LineSink, textDestination } from './text-destination.ts'

export type { LineSink }

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** `error` takes an Error and is written with its stack. */
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  error(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  isEnabled(level: LogLevel): boolean
  /** A logger that adds the fields to each of its messages: `log.child({ component: 'api' })`. */
  child(fields: LogFields): Logger
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** @default 'json' */
  readonly format?: 'json' | 'text'
  /** Takes whole lines. @default standard error, written at once, so that nothing is lost in a crash */
  readonly sink?: LineSink
}

/** pino's own names for these would be `err`; ours says what it is. */
const ERROR_FIELD = 'error'

export function createLogger(options: LoggerOptions): Logger {
  const sink = options.sink ?? pino.destination({ dest: 2, sync: true })
  const logger: Pino = pino(
    {
      level: options.level,
      base: null,
      errorKey: ERROR_FIELD,
      serializers: { [ERROR_FIELD]: pino.stdSerializers.err },
      formatters: { level: (level) => ({ level }) },
      timestamp: pino.stdTimeFunctions.isoTime
    },
    options.format === 'text' ? textDestination(sink) : sink
  )
  return new PinoLogger(logger)
}

class PinoLogger implements Logger {
  readonly #pino: Pino

  constructor(logger: Pino) {
    this.#pino = logger
  }

  error(fields: LogFields, message: string): void {
    this.#pino.error(fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.#pino.warn(fields, message)
  }

  info(fields: LogFields, message: string): void {
    this.#pino.info(fields, message)
  }

  debug(fields: LogFields, message: string): void {
    this.#pino.debug(fields, message)
  }

  isEnabled(level: LogLevel): boolean {
    return this.#pino.isLevelEnabled(level)
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(fields))
  }
}

/** Says nothing: for tests, replay and whatever has no log of its own. */
export const NULL_LOGGER: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  isEnabled: () => false,
  child: () => NULL_LOGGER
}
