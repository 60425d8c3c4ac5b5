import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok } from 'uvu/assert'
import { integerBelow, seededRandom } from '../../../src/base/index.ts'
import { back, front, LOG_START_MS } from '../../support/log-lines.ts'
import { inTemporaryDirectory, numbered, SourceRig } from '../../support/source-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('bad input of a log')

/** Follows `access.log`, which holds one good line; after the play another good line must come through. */
function survives(
  title: string,
  play: (path: string, rig: SourceRig) => Promise<void>,
  format: 'nginx' | 'haproxy' = 'nginx'
): void {
  test(title, () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'access.log')
      const rig = new SourceRig()
      await rig.start({ format, transport: { kind: 'file', path, fromStart: true } })
      try {
        await play(path, rig)
        const before = rig.events.length
        const good = format === 'nginx' ? numbered(7) : front({ server: 'fe_http_handler/<NOSRV>' })
        appendFileSync(path, `${good}\n`)
        await rig.look(10, 6_000)
        is(rig.events.length, before + 1)
        is(rig.status.state, 'reading')
      } finally {
        await rig.stop()
      }
    })
  )
}

const good = back({ port: 1 })
const lines = [
  { name: 'nothing', line: '', cause: 'empty' },
  { name: 'blanks', line: ' \t ', cause: 'empty' },
  { name: 'text', line: 'lorem ipsum dolor', cause: 'unknown-format' },
  { name: 'another log', line: numbered(1), cause: 'unknown-format' },
  { name: 'no UTF-8', line: Buffer.from([0xff, 0xfe, 0x80, 0x81]), cause: 'binary' },
  { name: 'NULs within', line: 'abc\0\0\0def', cause: 'binary' },
  { name: 'a day that is none', line: good.replace('23/Nov', '32/Nov'), cause: 'bad-time' },
  { name: 'a month that is none', line: good.replace('/Nov/', '/Brm/'), cause: 'bad-time' },
  {
    name: 'an address that is none',
    line: good.replace(/^[^:]+/, '1.2.3.256'),
    cause: 'bad-address'
  },
  { name: 'a status that is none', line: good.replace(' 200 ', ' abc '), cause: 'bad-number' },
  { name: 'half of a line', line: good.slice(0, good.indexOf('{')), cause: 'truncated' },
  { name: 'a torn Docker record', line: '{"log":"abc', cause: 'truncated' },
  { name: 'a broken Docker record', line: '{"log":"abc" x}', cause: 'bad-wrapper' }
] as const
survives(
  'is counted by its cause and shown to the debug log',
  async (path, rig) => {
    for (const { line } of lines)
      appendFileSync(path, Buffer.concat([Buffer.from(line), Buffer.from('\n')]))
    await rig.look()
    equal(
      rig.unparsed.map(({ cause }, index) => `${lines[index]?.name}: ${cause}`),
      lines.map(({ name, cause }) => `${name}: ${cause}`)
    )
    const { unparsedByCause, parsed, lines: seen } = rig.status
    is(seen, lines.length)
    is(parsed, 0)
    is(
      Object.values(unparsedByCause).reduce((sum, count) => sum + count, 0),
      lines.length
    )
  },
  'haproxy'
)

survives('a line of 30 MB is passed over in flat memory', async (path, rig) => {
  const before = process.memoryUsage().rss
  const block = Buffer.alloc(1_000_000, 'x')
  for (let part = 0; part < 30; part++) appendFileSync(path, block)
  appendFileSync(path, '\n')
  await rig.look()
  equal(rig.status.unparsedByCause, { 'too-long': 1 })
  is(rig.unparsed[0]?.line.length, 512)
  ok(process.memoryUsage().rss - before < 20_000_000)
})

survives('a line of 30 MB without an end does not hold up a restart', async (path, rig) => {
  appendFileSync(path, Buffer.alloc(30_000_000, 'x'))
  await rig.look()
  await rig.stop()
  await rig.start({ format: 'nginx', transport: { kind: 'file', path } })
  await rig.look()
  appendFileSync(path, '\n')
  await rig.look()
  equal(rig.status.unparsedByCause, { 'too-long': 1 })
})

survives('binary garbage', async (path, rig) => {
  const random = seededRandom(7)
  const bytes = Buffer.from(Array.from({ length: 300_000 }, () => integerBelow(random, 256)))
  appendFileSync(path, bytes)
  appendFileSync(path, '\n')
  await rig.look()
  is(rig.events.length, 0)
  is(rig.status.lines, bytes.toString('latin1').split('\n').length)
})

survives('a hole of NULs before a line', async (path, rig) => {
  appendFileSync(path, Buffer.alloc(200_000))
  appendFileSync(path, `${numbered(1)}\n`)
  await rig.look()
  equal(rig.numbers(), [1])
})

survives('a log that vanishes', async (path, rig) => {
  writeFileSync(path, `${numbered(1)}\n`)
  await rig.look()
  rmSync(path)
  await rig.look()
  equal([rig.status.state, rig.status.problem?.code], ['failing', 'SOURCE_MISSING'])
})

survives('a log whose directory vanishes', async (path, rig) => {
  writeFileSync(path, `${numbered(1)}\n`)
  await rig.look()
  const directory = join(path, '..')
  renameSync(directory, `${directory}-away`)
  await rig.look()
  is(rig.status.problem?.code, 'SOURCE_MISSING')
  renameSync(`${directory}-away`, directory)
})

survives('a log that is a directory, at first and later', async (path, rig) => {
  mkdirSync(path)
  await rig.look(5, 6_000)
  is(rig.status.problem?.code, 'SOURCE_IS_DIRECTORY')
  rmdirSync(path)
  writeFileSync(path, `${numbered(1)}\n`)
  await rig.look(5, 6_000)
  rmSync(path)
  mkdirSync(path)
  await rig.look(5, 6_000)
  is(rig.status.problem?.code, 'SOURCE_IS_DIRECTORY')
  rmdirSync(path)
  equal(rig.numbers(), [1])
})

survives('a log that is replaced by a FIFO', async (path, rig) => {
  writeFileSync(path, `${numbered(1)}\n`)
  await rig.look()
  rmSync(path)
  execFileSync('mkfifo', [path])
  await rig.look(5, 6_000)
  is(rig.status.problem?.code, 'SOURCE_WRONG_KIND')
  rmSync(path)
})

survives('a link in a circle', async (path, rig) => {
  symlinkSync(path, path)
  await rig.look()
  is(rig.status.problem?.code, 'SOURCE_READ_FAILED')
  rmSync(path)
})

survives('a log without read permission', async (path, rig) => {
  writeFileSync(path, `${numbered(1)}\n`)
  chmodSync(path, 0)
  // Root reads everything; another effective user is what the service has.
  const user = process.geteuid?.() ?? 0
  if (user === 0) chmodSync(join(path, '..'), 0o755)
  if (user === 0) process.seteuid?.(65_534)
  try {
    await rig.look(3, 6_000)
  } finally {
    process.seteuid?.(user)
  }
  is(rig.status.problem?.code, 'SOURCE_NOT_READABLE')
  chmodSync(path, 0o600)
  await rig.look(3, 6_000)
  equal(rig.numbers(), [1])
  equal(rig.problems, ['SOURCE_MISSING', 'SOURCE_NOT_READABLE', undefined])
})

survives(
  'a clock that is set back an hour',
  async (path, rig) => {
    const at = (atMs: number, port: number) =>
      `${back({ atMs, port })}\n${front({ atMs, port })}\n${back({ atMs, port: port + 1 })}\n`
    for (const [index, offset] of [0, 1_000, -3_600_000, -3_599_000, -3_500_000].entries()) {
      appendFileSync(path, at(LOG_START_MS + offset, 100 + 10 * index))
    }
    await rig.look()
    const complete = rig.events.filter((event) => event.kind === 'request' && event.isComplete)
    is(complete.length, 5)
    // The last line waits for its partner, by the clock that now holds; those before it have been given up.
    is(rig.events.length, 9)
    is(rig.status.logTimeMs, LOG_START_MS - 3_500_000 + 6)
    await rig.look(400)
    is(rig.events.length, 10)
  },
  'haproxy'
)

test('lines of a million connections without partners take bounded memory', async () => {
  await inTemporaryDirectory(async (directory) => {
    const path = join(directory, 'haproxy.log')
    const rig = new SourceRig()
    for (let part = 0; part < 20; part++) {
      const block = Array.from({ length: 1_500 }, (_, index) =>
        back({ port: 1 + part * 1_500 + index })
      )
      appendFileSync(path, `${block.join('\n')}\n`)
      if (part === 0) appendFileSync(path, `${front({ port: 1 })}\n`)
    }
    await rig.start({ format: 'haproxy', transport: { kind: 'file', path, fromStart: true } })
    await rig.look()
    rig.checkpoint()
    await rig.stop()
    ok(rig.events.length >= 30_000 - 8_192)
    ok(rig.events.length <= 30_000)
  })
})
