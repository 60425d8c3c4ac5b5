/** Asks a program of the system, bounded in time and output. A program that is not there is an answer like any other. */
import { execFile } from 'node:child_process'

export interface CommandAnswer {
  /** Undefined: it could not be started, or did not end in time. */
  readonly code: number | undefined
  readonly stdout: string
}

export type CommandRunner = (
  program: string,
  args: readonly string[],
  signal: AbortSignal
) => Promise<CommandAnswer>

const TIMEOUT_MS = 5_000
const OUTPUT_BYTES_MAX = 1_048_576

export const runSystemCommand: CommandRunner = (program, args, signal) =>
  new Promise((resolve) => {
    execFile(
      program,
      args,
      { signal, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX, killSignal: 'SIGKILL' },
      (error, stdout) => {
        if (error === null) resolve({ code: 0, stdout })
        else resolve({ code: typeof error.code === 'number' ? error.code : undefined, stdout })
      }
    )
  })

/** `NAME=value` a line, as `systemctl show` and `timedatectl show` write it. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>()
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) properties.set(line.slice(0, equals), line.slice(equals + 1))
  }
  return properties
}
