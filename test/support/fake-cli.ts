/** A command's context without a process: what was written is kept, standard input is a text. */
import { Readable } from 'node:stream'
import { ManualClock } from '../../src/base/index.ts'
import type { CliContext, CliIo, DaemonPort } from '../../src/cli/context.ts'

export class FakeIo implements CliIo {
  out = ''
  said = ''
  readonly shown: string[] = []
  readonly stdin: Readable
  readonly isInteractive: boolean
  readonly columns: number | undefined

  constructor(options: { input?: string; isInteractive?: boolean; columns?: number } = {}) {
    this.stdin = Readable.from([options.input ?? ''])
    this.isInteractive = options.isInteractive ?? false
    this.columns = options.columns
  }

  write(text: string | Uint8Array): Promise<void> {
    this.out += typeof text === 'string' ? text : Buffer.from(text).toString('utf8')
    return Promise.resolve()
  }

  talk(text: string): void {
    this.said += `${text}\n`
  }

  progress(text: string): void {
    this.shown.push(text)
  }
}

export function fakeContext(
  io: FakeIo,
  daemon: Partial<DaemonPort> = {},
  signal: AbortSignal = new AbortController().signal
): CliContext {
  const unexpected = () => {
    throw new Error('expected that the daemon is not asked')
  }
  return {
    io,
    daemon: {
      init: unexpected,
      start: unexpected,
      sweep: unexpected,
      checkActuators: unexpected,
      ...daemon
    },
    clock: new ManualClock(Date.UTC(2026, 10, 25)),
    signal,
    executable: '/opt/netminder/bin/netminder.js'
  }
}
