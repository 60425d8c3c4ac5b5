/** Questions to a process of ours and its answers: what one process holds, and another measures. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../../src/base/index.ts'

type Handler = (argument: never) => unknown
export type Handlers = Readonly<Record<string, Handler>>

interface Question {
  readonly number: number
  readonly name: string
  readonly argument: unknown
}

interface Answer {
  readonly number: number
  readonly result?: unknown
  readonly fault?: string
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

const STOP_MS = 20_000
const MAX_TALK = 4_000

/** In the process that answers. It ends with the one that asks. */
export function answer(handlers: Handlers): void {
  process.on('message', ({ number, name, argument }: Question) => {
    void (async () => {
      const handler = handlers[name] as ((argument: unknown) => unknown) | undefined
      try {
        if (handler === undefined) throw new Error(`expected a known question, got "${name}"`)
        send({ number, result: await handler(argument) })
      } catch (error) {
        send({ number, fault: messageOf(error) })
      }
    })()
  })
  process.on('disconnect', () => process.exit())
}

function send(answer: Answer): void {
  process.send?.(answer)
}

/** In the process that asks. */
export class ProcessLink<H extends Handlers> {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0
  #talk = ''

  constructor(file: string, args: readonly string[] = []) {
    this.#child = fork(file, args, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc']
    })
    this.#exited = once(this.#child, 'exit').then(() => this.#giveUp())
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#talk = (this.#talk + text).slice(-MAX_TALK)
    })
    this.#child.on('message', (answer) => this.#take(answer as Answer))
  }

  ask<N extends keyof H & string>(
    name: N,
    ...[argument]: Parameters<H[N]>
  ): Promise<Awaited<ReturnType<H[N]>>> {
    const number = this.#asked++
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as Waiting['resolve'], reject })
      this.#child.send({ number, name, argument } satisfies Question, (error) => {
        if (error !== null) this.#take({ number, fault: messageOf(error) })
      })
    })
  }

  async stop(): Promise<void> {
    const killing = new AbortController()
    if (this.#child.connected) this.#child.disconnect()
    const kill = async () => {
      await sleep(STOP_MS, undefined, { signal: killing.signal }).catch(() => undefined)
      if (!killing.signal.aborted) this.#child.kill('SIGKILL')
    }
    await Promise.race([this.#exited, kill()])
    killing.abort()
    await this.#exited
  }

  #take({ number, result, fault }: Answer): void {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (fault === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(fault))
  }

  #giveUp(): void {
    const error = new Error(`expected a running process, got its end: ${this.#talk.trim()}`)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
