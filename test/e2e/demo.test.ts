import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { equal, is, match, not, ok } from 'uvu/assert'
import { CliRig } from '../support/cli-rig.ts'
import { noHaproxy } from '../support/haproxy.ts'
import { suite } from '../support/suite.ts'

const test = suite('netminder demo', { timeoutMs: 180_000 })

let rig: CliRig
let temporary = ''
test.beforeEach(() => {
  rig = new CliRig()
  temporary = join(rig.dir, 'tmp')
  mkdirSync(temporary)
})
test.afterEach(() => rig.dispose())

/** The environment names the operator's own node, which the demo must leave alone. */
const demo = (...args: readonly string[]) =>
  rig.run(['demo', ...args], { env: { TMPDIR: temporary } })

function checkLooks(out: string): void {
  not.match(out, '\u001b')
  const commands = /^ {2}node \S+ /
  const wide = out.split('\n').filter((line) => line.length > 100 && !commands.test(line))
  equal(wide, [])
}

/** Processes whose command line names a path. */
function processesAbout(path: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(path))
}

test(
  'runs to its end with a real HAProxy, and leaves nothing behind',
  async () => {
    const { code, out, talk } = await demo('--once', '--speed', '20')
    is(code, 0, `${out}${talk}`)
    match(out, 'All 18 steps happened.')
    match(out, 'a request from 127.99.16.12: 429 Too Many Requests')
    match(out, 'the connection was closed without an answer')
    match(out, /LIFTED {3}.*: its 20s are over/)
    match(out, /LIFTED {3}.*: by hand/)
    match(out, /figures +uploads \d+/)
    checkLooks(out)
    equal(readdirSync(temporary), [])
    equal(processesAbout(temporary), [])
    is(existsSync(rig.dataDir), false)
  },
  { skip: noHaproxy }
)

test('runs to its end without HAProxy, and keeps the data directory that was named', async () => {
  const dataDir = join(rig.dir, 'kept')
  const { code, out, talk } = await demo(
    ...['--once', '--speed', '20', '--no-haproxy', '--data-dir', dataDir]
  )
  is(code, 0, `${out}${talk}`)
  match(out, 'All 13 steps happened.')
  match(out, `stands in ${dataDir}/demo/throttle.list`)
  match(out, `stands in ${dataDir}/demo/ban.list`)
  match(out, `Kept: ${dataDir}`)
  checkLooks(out)
  ok(existsSync(join(dataDir, 'netminder.db')))
  equal(processesAbout(dataDir), [])
})

test('goes on until a signal, and the commands that it prints work meanwhile', async () => {
  const child = rig.spawn(['demo', '--speed', '20', '--no-haproxy'], {
    env: { TMPDIR: temporary }
  })
  let out = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    const asked = / {2}(node \S+ decisions explain [\d.]+ --data-dir \S+)\n/
    while (child.exitCode === null && !asked.test(out)) await wait(100)
    const printed = out.split('\n').filter((line) => /^ {2}node \S+ /.test(line))
    const commands = printed.filter((line) => !line.includes('ADDRESS'))
    ok(commands.length >= 4, out)
    for (const command of commands) {
      const answer = execFileSync('sh', ['-c', command.trim()], { encoding: 'utf8' })
      ok(answer.length > 50, command)
      if (command.includes(' explain ')) match(answer, 'upload')
    }
  } finally {
    child.kill('SIGINT')
  }
  is(await ended, 0, out)
  match(out, /\d+ of 13 steps happened/)
  equal(readdirSync(temporary), [])
  equal(processesAbout(temporary), [])
})

test('fails and names what did not happen when the recording is empty', async () => {
  const recording = join(rig.dir, 'recording')
  mkdirSync(recording)
  for (const name of ['haproxy.log.gz', 'hockeypuck.log.gz']) {
    writeFileSync(join(recording, name), gzipSync(''))
  }
  writeFileSync(join(recording, 'truth.jsonl'), '')
  const { code, out, talk } = await demo('--once', '--no-haproxy', '--recording', recording)
  is(code, 1, `${out}${talk}`)
  match(out, /^missing +an upload flood is detected$/m)
  match(out, /^done +the audit chain is intact/m)
  match(talk, 'an upload flood is detected')
  equal(readdirSync(temporary), [])
})

test('says what is wrong with its options, and leaves nothing behind', async () => {
  writeFileSync(join(rig.dir, 'file'), '')
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const address = holder.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  try {
    for (const { args, code, says } of [
      { args: ['--speed', '0'], code: 64, says: 'expected a number from 0.1 to 100, got "0"' },
      { args: ['--speed', 'fast'], code: 64, says: 'got "fast"' },
      { args: ['--recording', '/nowhere'], code: 66, says: '/nowhere/haproxy.log.gz' },
      { args: ['--data-dir', rig.dir], code: 65, says: 'new or empty data directory' },
      { args: ['--data-dir', join(rig.dir, 'file', 'x')], code: 73, says: 'ENOTDIR' },
      // Node's recursive mkdir would try for ever there.
      { args: ['--data-dir', '/proc/x'], code: 73, says: 'ENOENT' },
      { args: ['--api-port', port, '--no-haproxy'], code: 69, says: `port ${port}` }
    ]) {
      const result = await demo('--once', ...args)
      is(result.code, code, `${args.join(' ')}: ${result.talk}`)
      match(result.talk, says)
      equal(readdirSync(temporary), [], args.join(' '))
    }
  } finally {
    await new Promise<void>((resolve) => holder.close(() => resolve()))
  }
})
