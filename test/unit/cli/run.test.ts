import { equal, is, match } from 'uvu/assert'
import { API_ERRORS } from '../../../src/api/index.ts'
import { AssertionError, NetminderError } from '../../../src/base/index.ts'
import { EXIT, EXIT_MEANINGS, exitCodeOf } from '../../../src/cli/exit-codes.ts'
import { renderCliReference } from '../../../src/cli/reference.ts'
import { runCli } from '../../../src/cli/run.ts'
import { ConfigError } from '../../../src/config/index.ts'
import { FakeIo, fakeContext } from '../../support/fake-cli.ts'
import { suite } from '../../support/suite.ts'

const test = suite('one command line')

/** Runs `start`, whose daemon ends as given. */
async function ending(end: () => Promise<void>, signal?: AbortSignal) {
  const io = new FakeIo()
  const context = fakeContext(io, { start: end }, signal)
  const code = await runCli(['node', 'netminder', 'start', '--data-dir', '/nonexistent'], context)
  return { code, out: io.out, said: io.said }
}

const failing = (error: unknown) => () => Promise.reject(error)

test('a command that ends well is exit 0 without a word', async () => {
  equal(await ending(() => Promise.resolve()), { code: 0, out: '', said: '' })
})

test('an error of ours is one sentence with its code, and no stack', async () => {
  const error = new NetminderError('DISK_FULL', 'expected room, got none\u0007')
  const { code, said } = await ending(failing(error))
  equal([code, said], [EXIT.IO, 'netminder: expected room, got none� (DISK_FULL)\n'])
})

test('a wrong configuration is named problem by problem', async () => {
  const problem = (keyPath: string) => ({
    code: 'CONFIG_UNKNOWN_KEY' as const,
    origin: 'file',
    keyPath,
    message: 'expected x'
  })
  const { code, said } = await ending(failing(new ConfigError([problem('a'), problem('b')])))
  is(code, EXIT.CONFIG)
  equal(said.trimEnd().split('\n'), [
    'netminder: file: a: expected x',
    'netminder: file: b: expected x',
    'netminder: the configuration is wrong (CONFIG_UNKNOWN_KEY)'
  ])
})

for (const error of [new TypeError('oops'), new AssertionError('oops'), 'oops']) {
  test(`a mistake of our own (${typeof error}) shows where it happened, exit 70`, async () => {
    const { code, said } = await ending(failing(error))
    is(code, EXIT.INTERNAL)
    match(said, /^netminder: a mistake of netminder itself.*\n.*oops/)
    is(/\n {4}at /.test(said), error instanceof Error)
  })
}

test('what a signal ends is no error, and not done either', async () => {
  const { code, said } = await ending(
    failing(new DOMException('aborted', 'AbortError')),
    AbortSignal.abort()
  )
  equal([code, said], [EXIT.INTERRUPTED, ''])
})

test('an abort that nobody asked for is a mistake', async () => {
  const { code } = await ending(failing(new DOMException('late', 'TimeoutError')))
  is(code, EXIT.INTERNAL)
})

test('start hands on what was given as configuration keys, and nothing else', async () => {
  let flags: Readonly<Record<string, unknown>> = {}
  const context = fakeContext(new FakeIo(), {
    start: (request) => {
      flags = request.flags
      return Promise.resolve()
    }
  })
  const run = (...args: readonly string[]) =>
    runCli(['node', 'netminder', 'start', ...args], context)
  await run('--api-port', '0', '--treat-as-public', '192.0.2.0/24', '--treat-as-public', '::1')
  equal(
    [flags['api.port'], flags['detection.treatAsPublic'], flags['sources']],
    [0, ['192.0.2.0/24', '::1'], undefined]
  )
  await run('--hockeypuck-log', '/x-json.log', '--nginx-log', '/n', '--from-start')
  equal(flags['sources'], [
    { name: 'nginx', format: 'nginx', path: '/n', fromStart: true },
    {
      name: 'hockeypuck',
      format: 'hockeypuck',
      path: '/x-json.log',
      fromStart: true,
      kind: 'docker-json'
    }
  ])
})

test('every exit code has one meaning, and errors of the API end in those', () => {
  const codes = EXIT_MEANINGS.map(([code]) => code)
  equal(new Set(codes).size, codes.length)
  equal([...codes].sort(), Object.values(EXIT).sort())
  for (const code of Object.keys(API_ERRORS)) {
    const exit = exitCodeOf(new NetminderError(code, ''))
    is(codes.includes(exit) && exit !== EXIT.OK, true, code)
  }
  is(exitCodeOf(new Error('x')), EXIT.INTERNAL)
})

test('the reference page has every command with its examples, and the exit codes', () => {
  const page = renderCliReference()
  for (const name of [
    'start',
    'decisions explain',
    'mode enforce',
    'audit verify',
    'token create'
  ]) {
    match(page, new RegExp(`^## netminder ${name}$`, 'm'))
  }
  match(page, /^netminder decisions explain 198\.51\.100\.7$/m)
  match(page, /^\| 78 \| the configuration is wrong \|$/m)
  match(page, /^\| `--data-dir <dir>` \| /m)
})
