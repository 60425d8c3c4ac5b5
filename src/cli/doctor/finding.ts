/** What `doctor` found: a fault (something does not work, or is open to others) or a note (it works, but not as one would think). */

export type Severity = 'fault' | 'note'

export interface Finding {
  /** Stable, for programs. */
  readonly code: string
  readonly severity: Severity
  /** One line: what is wrong. */
  readonly message: string
  /** One line: the command or the line of the configuration that mends it. */
  readonly cure: string
}

export function fault(code: string, message: string, cure: string): Finding {
  return { code, severity: 'fault', message: oneLine(message), cure: oneLine(cure) }
}

export function note(code: string, message: string, cure: string): Finding {
  return { ...fault(code, message, cure), severity: 'note' }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, '; ')
}

const PLAIN_WORD = /^[\w./:@%+=,-]+$/

/** A word of a shell command that can be copied as it stands. */
export function shellWord(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
