/** Pipes, Docker's records and syslog, with the real kernel in between. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { equal, is, ok } from 'uvu/assert'
import type { LogSourceOptions } from '../../../src/keyserver/index.ts'
import { back, front } from '../../support/log-lines.ts'
import { countTo, inTemporaryDirectory, numbered, SourceRig } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('logs that come as a stream')

/** Starts a source, plays, and stops it whatever happens. */
async function during(
  options: Pick<LogSourceOptions, 'format' | 'transport'> & { maxLineBytes?: number },
  play: (rig: SourceRig) => Promise<void>
): Promise<SourceRig> {
  const rig = new SourceRig()
  await rig.start(options)
  try {
    await play(rig)
  } finally {
    await rig.stop()
  }
  return rig
}

const record = (log: string, stream = 'stdout') =>
  `${JSON.stringify({ log, stream, time: '2026-11-23T03:16:36.1Z' })}\n`

test('a line that Docker split in parts counts once, also over a restart between two parts', () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'abc-json.log')
    const source = {
      format: 'nginx',
      transport: { kind: 'docker-json', path, fromStart: true }
    } as const
    const rig = new SourceRig()
    const [first, second] = [numbered(0), numbered(1)]
    writeFileSync(path, record(first.slice(0, 50)) + record('a warning\n', 'stderr'))
    await rig.start(source)
    await rig.look()
    await rig.stop()
    appendFileSync(path, record(first.slice(50, 70)))
    await rig.start(source)
    await rig.look()
    appendFileSync(path, record(`${first.slice(70)}\n`) + record(`${second}\n`))
    await rig.look()
    await rig.stop()
    equal(rig.numbers(), [0, 1])
    equal(rig.unparsed, [{ cause: 'unknown-format', line: 'a warning' }])
  }))

test('a pair of HAProxy lines in Docker records is one request', () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'abc-json.log')
    writeFileSync(path, record(`${back()}\n`))
    const source = {
      format: 'haproxy',
      transport: { kind: 'docker-json', path, fromStart: true }
    } as const
    const rig = new SourceRig()
    await rig.start(source)
    await rig.look()
    await rig.stop()
    is(rig.events.length, 0)
    appendFileSync(path, record(`${front()}\n`))
    await rig.start(source)
    await rig.look()
    await rig.stop()
    is(rig.events.length, 1)
  }))

test('a pipe keeps what its writer puts in while the node restarts, within a line as well', () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'log.fifo')
    execFileSync('mkfifo', [path])
    const source = { format: 'nginx', transport: { kind: 'pipe', path } } as const
    const writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    const rig = new SourceRig()
    const text = Array.from({ length: 300 }, (_, number) => `${numbered(number)}\n`).join('')
    try {
      // 137 bytes are no whole number of lines; the node is stopped while the rest is still in the pipe.
      let before = -1
      for (let at = 0, part = 0; at < text.length; part++) {
        const chunk = text.slice(at, at + 137)
        at += writeSync(writer, chunk)
        if (part % 40 === 0) await rig.start(source)
        if (part % 40 === 10) await rig.until(() => rig.events.length > before)
        if (part % 40 === 24) before = rig.events.length
        if (part % 40 === 25) await rig.stop()
      }
      await rig.stop()
      await rig.start(source)
      await rig.until(() => rig.events.length >= 300)
    } finally {
      await rig.stop()
      closeSync(writer)
    }
    equal(rig.numbers(), countTo(300))
  }))

test('a pipe goes on when its writer comes back, and says when it is none', () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'log.fifo')
    writeFileSync(path, '')
    const rig = await during({ format: 'nginx', transport: { kind: 'pipe', path } }, async (at) => {
      await at.until(() => at.problems.length > 0)
      execFileSync('rm', [path])
      execFileSync('mkfifo', [path])
      await at.until(() => at.clock.sleepers > 0)
      await at.clock.advance(60_000)
      await at.until(() => at.problems.length === 2)
      for (let number = 0; number < 3; number++) {
        const writer = openSync(path, constants.O_WRONLY)
        writeSync(writer, `${numbered(number)}\n`)
        closeSync(writer)
        await at.until(() => at.events.length > number)
      }
    })
    equal(rig.problems, ['SOURCE_WRONG_KIND', undefined])
    equal(rig.numbers(), [0, 1, 2])
  }))

test('standard input ends with its last line, line feed or not', async () => {
  const stdin = new PassThrough()
  const rig = new SourceRig()
  await rig.start({ format: 'nginx', transport: { kind: 'pipe', path: '-' } }, stdin)
  stdin.end(`${numbered(0)}\n${numbered(1)}`)
  await rig.until(() => rig.status.state === 'ended')
  await rig.stop()
  equal(rig.numbers(), [0, 1])
})

const syslog = (listen: string) =>
  ({ format: 'nginx', transport: { kind: 'syslog', listen } }) as const
const message = (number: number) => `<134>Nov 23 03:16:35 host nginx: ${numbered(number)}`
const counted = (text: string) => `${Buffer.byteLength(text)} ${text}`

for (const host of ['127.0.0.1', '[::1]']) {
  test(`syslog over UDP at ${host}, a message a datagram`, async () => {
    const rig = await during(syslog(`udp://${host}:0`), async (at) => {
      const sender = createSocket(host.startsWith('[') ? 'udp6' : 'udp4')
      const address = host.replace(/[[\]]/g, '')
      for (let number = 0; number < 100; number++) {
        sender.send(message(number), at.status.port ?? 0, address)
      }
      sender.send('', at.status.port ?? 0, address)
      sender.send(Buffer.from([0, 255, 254, 10, 0]), at.status.port ?? 0, address)
      await at.until(() => at.events.length === 100 && at.unparsed.length === 2)
      sender.close()
    })
    equal(rig.numbers(), countTo(100))
    equal(
      rig.unparsed.map(({ cause }) => cause),
      ['binary', 'binary']
    )
  })
}

for (const framing of [
  { name: 'newlines', text: (n: number) => `${message(n)}\n` },
  { name: 'octet counts', text: (n: number) => counted(message(n)) },
  { name: 'both by turns', text: (n: number) => (n % 2 ? counted(message(n)) : `${message(n)}\n`) }
]) {
  for (const size of [1, 7, 1_000, 1_000_000]) {
    test(`syslog over TCP framed by ${framing.name}, ${size} bytes a write`, async () => {
      const rig = await during(syslog('tcp://127.0.0.1:0'), async (at) => {
        const text = Buffer.from(countTo(30).map(framing.text).join(''))
        const socket = connect(at.status.port ?? 0, '127.0.0.1')
        socket.setNoDelay(true)
        for (let from = 0; from < text.length; from += size) {
          socket.write(text.subarray(from, from + size))
        }
        await at.until(() => at.events.length === 30)
        socket.destroy()
      })
      equal(rig.numbers(), countTo(30))
      equal(rig.unparsed, [])
    })
  }
}

test('syslog over a UNIX stream socket, whose file a killed node left behind', () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'log.sock')
    const stale = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    try {
      execFileSync(process.execPath, ['-e', stale], { stdio: 'ignore' })
    } catch {
      // It was killed, as it should be.
    }
    const rig = await during(syslog(`unix://${path}`), async (at) => {
      const socket = connect(path)
      socket.end(`${message(0)}\n${counted(message(1))}`)
      await at.until(() => at.events.length === 2)
    })
    equal(rig.numbers(), [0, 1])
  }))

test(
  'syslog over a UNIX datagram socket, a message a datagram, from senders that end it or not',
  () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'log.sock')
      const rig = await during(syslog(`unix-dgram://${path}`), async (at) => {
        // systemd-notify sends its words as one datagram to whatever socket it is told.
        const send = (text: string) =>
          execFileSync('systemd-notify', ['--no-block', text], {
            env: { ...process.env, NOTIFY_SOCKET: path }
          })
        for (let number = 0; number < 3; number++) {
          send(number === 1 ? `${message(number)}\n` : message(number))
        }
        await at.until(() => at.events.length === 3)
      })
      equal(rig.numbers(), [0, 1, 2])
      is(existsSync(path), false)
    }),
  {
    skip: ['systemd-notify', 'systemd-socket-activate']
      .filter((program) => spawnSync(program, ['--version']).status !== 0)
      .map((program) => `${program} is not installed`)[0]
  }
)

test('a datagram socket in a folder that is not there is an error of the start', () =>
  inTemporaryDirectory(async (directory) => {
    const rig = new SourceRig()
    const error = await rig.start(syslog(`unix-dgram://${directory}/gone/log.sock`)).then(
      () => undefined,
      (reason: Error & { code?: string }) => reason
    )
    is(error?.code, 'SOURCE_LISTEN_FAILED')
    ok(error?.message.includes('ENOENT'))
    is(existsSync(join(directory, 'gone')), false)
  }))

test('an endless syslog message is passed over and its connection goes on', async () => {
  const options = { ...syslog('tcp://127.0.0.1:0'), maxLineBytes: 1_000 }
  const rig = await during(options, async (at) => {
    const socket = connect(at.status.port ?? 0, '127.0.0.1')
    for (let part = 0; part < 100; part++) socket.write('x'.repeat(10_000))
    socket.write(`\n${message(0)}\n`)
    socket.write(`100000 ${'y'.repeat(100_000)}`)
    socket.write(counted(message(1)))
    await at.until(() => at.events.length === 2)
    socket.destroy()
  })
  equal(rig.numbers(), [0, 1])
  equal(
    rig.unparsed.map(({ cause, line }) => [cause, line[0]]),
    [
      ['too-long', 'x'],
      ['too-long', 'y']
    ]
  )
})

test('a port in use is an error of the start', async () => {
  await during(syslog('tcp://127.0.0.1:0'), async (at) => {
    const other = new SourceRig()
    const error = await other.start(syslog(`tcp://127.0.0.1:${at.status.port}`)).then(
      () => undefined,
      (reason: Error & { code?: string }) => reason
    )
    is(error?.code, 'SOURCE_LISTEN_FAILED')
    ok(error?.message.includes('EADDRINUSE'))
    await other.stop()
  })
})

test('stops although senders stay connected', async () => {
  const rig = new SourceRig()
  await rig.start(syslog('tcp://127.0.0.1:0'))
  const sockets = countTo(5).map(() => connect(rig.status.port ?? 0, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  for (const socket of sockets) socket.on('error', () => undefined).resume()
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  await rig.stop()
  await Promise.all(closed)
})
