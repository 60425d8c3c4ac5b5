/**
 * Receives datagrams on a UNIX socket, as HAProxy sends its log to a path. Node cannot open such sockets: systemd's own
 * `systemd-socket-activate` opens it and hands it to a small process of ours, which passes every datagram on with its length.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, lstat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import type { Clock } from '../../../base/index.ts'
import { KeyserverError } from '../../errors.ts'
import type { LineIntake } from '../line-intake.ts'
import { SyslogFrames } from './syslog-frames.ts'
import type { TransportPorts } from './transport.ts'

export interface DatagramRelayOptions {
  readonly path: string
  readonly maxLineBytes: number
}

const PROGRAM = 'systemd-socket-activate'
const OPEN_MS = 5_000
const LOOK_MS = 10
const RESTART_MS = 1_000
/** The kernel's own bound is `net.core.wmem_max` of the sender, 212 992 by default. */
const DATAGRAM_MAX = 262_144
/** Descriptor 3 is the socket (sd_listen_fds(3)); a read is one datagram. */
const RELAY = `const { readSync, writeSync } = require('node:fs')
const buffer = Buffer.alloc(${DATAGRAM_MAX})
const write = (bytes) => { for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at) }
for (;;) {
  const length = readSync(3, buffer, 0, buffer.length, null)
  if (length > 0) write(Buffer.concat([Buffer.from(length + ' '), buffer.subarray(0, length)]))
}`

export class DatagramRelay {
  readonly #path: string
  readonly #maxLineBytes: number
  readonly #clock: Clock
  readonly #intake: LineIntake
  readonly #onProblem: TransportPorts['onProblem']
  #child: ChildProcess | undefined

  constructor(options: DatagramRelayOptions, ports: TransportPorts) {
    this.#path = options.path
    this.#maxLineBytes = options.maxLineBytes
    this.#clock = ports.clock
    this.#intake = ports.intake
    this.#onProblem = ports.onProblem
  }

  /** @throws an error that says why there is no socket */
  async open(): Promise<void> {
    // The program would make the folder, open to everybody.
    await access(dirname(this.#path))
    await removeSocket(this.#path)
    const args = ['--datagram', `--listen=${this.#path}`, process.execPath, '-e', RELAY]
    const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      await this.#opened(child)
      // The folder decides who may write: HAProxy runs under another user.
      await chmod(this.#path, 0o666)
      this.#child = child
    } catch (error) {
      child.kill()
      throw error
    }
  }

  /** Passes datagrams on until the signal aborts; a relay that ended is started again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const child = this.#child
      if (child === undefined) await this.#reopen(signal)
      else await this.#receive(child, signal)
    }
    this.#child?.kill()
    await removeSocket(this.#path)
  }

  async #opened(child: ChildProcess): Promise<void> {
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`the end of ${PROGRAM} (${code})`)
    })
    // `once` rejects where the program cannot be started at all: it belongs to Debian's package systemd.
    failed.catch(() => undefined)
    const endMs = performance.now() + OPEN_MS
    while (!(await isSocket(this.#path))) {
      if (performance.now() > endMs) throw new Error(`no socket from ${PROGRAM}`)
      await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, LOOK_MS))])
    }
  }

  async #reopen(signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(RESTART_MS, signal)
      await this.open()
      this.#onProblem(undefined)
    } catch (error) {
      if (!signal.aborted) this.#onProblem(this.#problem(error))
    }
  }

  async #receive(child: ChildProcess, signal: AbortSignal): Promise<void> {
    const frames = new SyslogFrames(this.#maxLineBytes, {
      onMessage: (text) => this.#intake.pushMessage(text),
      onTooLong: (sample) => this.#intake.refuse('too-long', sample)
    })
    const onAbort = () => void child.kill()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      for await (const chunk of child.stdout as Readable) frames.push(chunk as Buffer)
    } finally {
      signal.removeEventListener('abort', onAbort)
      child.kill()
      this.#child = undefined
    }
    if (!signal.aborted) this.#onProblem(this.#problem(new Error(`the end of ${PROGRAM}`)))
  }

  #problem(error: unknown): KeyserverError {
    const reason = error instanceof Error ? error.message : String(error)
    return new KeyserverError(
      'SOURCE_LISTEN_FAILED',
      `expected to receive datagrams on ${this.#path}, got ${reason}`,
      { context: { path: this.#path }, cause: error }
    )
  }
}

async function isSocket(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSocket() ?? false
}

/** Nothing but a socket is ever removed. */
async function removeSocket(path: string): Promise<void> {
  if (await isSocket(path)) await unlink(path).catch(() => undefined)
}
