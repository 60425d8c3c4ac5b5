/**
 * The one error class of the program. Each room declares its codes in its own `errors.ts`; a code is stable under
 * semantic versioning, bounded, and therefore usable as a metric label.
 */
export type ErrorContext = Readonly<Record<string, string | number | boolean>>

export class NetminderError<Code extends string = string> extends Error {
  readonly code: Code
  readonly context: ErrorContext

  constructor(
    code: Code,
    message: string,
    options: { context?: ErrorContext; cause?: unknown } = {}
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.context = options.context ?? {}
  }
}

/** A broken invariant of our own. It crashes the process (exit 70); nobody catches it to go on. */
export class AssertionError extends NetminderError<'ASSERTION_FAILED'> {
  constructor(message: string, context: ErrorContext = {}) {
    super('ASSERTION_FAILED', message, { context })
  }
}

/** @throws {ASSERTION_FAILED} if the condition is false */
export function assert(
  condition: unknown,
  message: string,
  context?: ErrorContext
): asserts condition {
  if (!condition) throw new AssertionError(message, context)
}

export function isAbortError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}

/** The text of anything that was thrown, for a log field or a message to a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
