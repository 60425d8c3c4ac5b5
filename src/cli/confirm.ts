/** Asks the person at the terminal once, and takes anything but a clear yes as no. */
import { createInterface } from 'node:readline'
import type { CliIo } from './context.ts'
import { CliError } from './errors.ts'

/** @throws {CLI_NOT_CONFIRMED} if the answer is no, or nobody is there to be asked */
export async function confirm(io: CliIo, question: string, signal: AbortSignal): Promise<void> {
  if (!io.isInteractive) {
    throw new CliError(
      'CLI_NOT_CONFIRMED',
      'expected somebody to ask, got no terminal: nothing was changed; --yes goes ahead without asking'
    )
  }
  io.talk(`${question} [y/N]`)
  const answer = await readLine(io, signal)
  if (/^(?:y|yes)$/i.test(answer.trim())) return
  throw new CliError('CLI_NOT_CONFIRMED', 'expected yes, got no: nothing was changed')
}

async function readLine(io: CliIo, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: io.stdin, signal })
  try {
    for await (const line of lines) return line
    signal.throwIfAborted()
    return ''
  } finally {
    lines.close()
  }
}
