/** Turns pino's JSON lines into lines for a person: time, level, component, message, then the other fields. */

export interface LineSink {
  write(line: string): void
}

/** A stack is worth reading; anything longer than this is not a field but a document. */
const VALUE_CHARACTERS_MAX = 400

export function textDestination(sink: LineSink): LineSink {
  return { write: (line) => sink.write(`${renderLine(line)}\n`) }
}

function renderLine(line: string): string {
  const { time, level, component, msg, error, ...fields } = JSON.parse(line) as Record<
    string,
    unknown
  >
  const head = [String(time), String(level).toUpperCase().padEnd(5)]
  if (component !== undefined) head.push(`${String(component)}:`)
  head.push(String(msg))
  for (const [key, value] of Object.entries(fields)) head.push(`${key}=${renderValue(value)}`)
  return error === undefined ? head.join(' ') : `${head.join(' ')}${renderError(error)}`
}

function renderValue(value: unknown): string {
  const text =
    typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value)
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text
}

function renderError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ` error=${renderValue(error)}`
  const { stack, message } = error as { stack?: unknown; message?: unknown }
  return `\n  ${String(stack ?? message).replaceAll('\n', '\n  ')}`
}
