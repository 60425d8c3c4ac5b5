/** What systemd gets to read: the notifier speaks through the real systemd-notify to a real datagram socket. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, ok } from 'uvu/assert'
import { suite } from '../../support/suite.ts'

const has = (program: string) => spawnSync(program, ['--version']).status === 0
/** The latter listens on the socket as systemd does and hands it to a program. */
const missing = ['systemd-notify', 'systemd-socket-activate'].find((program) => !has(program))
const test = suite('notification of systemd', {
  skip: missing === undefined ? undefined : `${missing} is not installed`
})

const PATIENCE_MS = 15_000
const NOTIFIER = join(import.meta.dirname, '..', '..', '..', 'src', 'daemon', 'service-notifier.ts')

/** Runs to its end what a node does with its notifier, as a process of its own: the socket is named in its environment. */
const PROGRAM = `
import { ManualClock } from ${JSON.stringify(join(NOTIFIER, '..', '..', 'base', 'index.ts'))}
import { readServiceEnvironment } from ${JSON.stringify(join(NOTIFIER, '..', '..', 'config', 'index.ts'))}
import { ServiceNotifier } from ${JSON.stringify(NOTIFIER)}
const logger = { warn: (fields, text) => console.error(text, fields) }
let beats = 0
const clock = new ManualClock()
const notifier = new ServiceNotifier(readServiceEnvironment(), {
  clock,
  logger,
  isHealthy: () => beats++ < 2,
  settled: () => Promise.resolve()
})
await notifier.start()
for (let second = 0; second < 4; second++) await clock.advance(1_000)
await notifier.stop()
`

class Receiver {
  readonly #folder = mkdtempSync(join(tmpdir(), 'netminder-notify-'))
  readonly path = join(this.#folder, 'notify.sock')
  #child: ChildProcess | undefined
  text = ''

  async open(): Promise<void> {
    // It starts the program at the first message; the program reads the socket as its standard input.
    this.#child = spawn(
      'systemd-socket-activate',
      ['--datagram', '-l', this.path, '/bin/sh', '-c', 'exec cat <&3'],
      { stdio: ['ignore', 'pipe', 'ignore'] }
    )
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.text += text
    })
    await until(() => existsSync(this.path), 'a listening socket')
  }

  close(): void {
    this.#child?.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`expected ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits for its end without blocking, so that what is sent can be read meanwhile. */
function run(
  environment: Readonly<Record<string, string>>
): Promise<{ code: number; talk: string; pid: number }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', PROGRAM], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let talk = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      talk += text
    })
    child.on('exit', (code) => resolve({ code: code ?? -1, talk, pid: child.pid ?? 0 }))
  })
}

test('says ready, alive as long as the node is healthy, and stopping', async () => {
  const receiver = new Receiver()
  try {
    await receiver.open()
    const { code, talk, pid } = await run({
      NOTIFY_SOCKET: receiver.path,
      // Three seconds: fed every second.
      WATCHDOG_USEC: '3000000'
    })
    ok(code === 0, talk)
    await until(() => receiver.text.split('BARRIER=1').length === 5, 'four messages')
    // Each is sent by a process of its own: in what order they arrive is the kernel's choice.
    const words = receiver.text.match(/READY=1|WATCHDOG=1|STOPPING=1/g) ?? []
    equal(words.sort(), ['READY=1', 'STOPPING=1', 'WATCHDOG=1', 'WATCHDOG=1'])
    ok(receiver.text.includes(`MAINPID=${pid}\n`), 'speaks for the node and not for itself')
  } finally {
    receiver.close()
  }
})

test('is silent and content without systemd', async () => {
  const { code, talk } = await run({ NOTIFY_SOCKET: '', WATCHDOG_USEC: '' })
  ok(code === 0, talk)
  ok(!talk.includes('could not notify'), talk)
})

test('a socket that nobody reads is a warning and no failure', async () => {
  const { code, talk } = await run({ NOTIFY_SOCKET: '/nowhere/notify.sock', WATCHDOG_USEC: '' })
  ok(code === 0, talk)
  ok(talk.includes('could not notify the service manager'), talk)
})
