import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { equal, is, match, not, ok } from 'uvu/assert'
import { CliRig } from '../support/cli-rig.ts'
import { noHaproxy } from '../support/haproxy.ts'
import { suite } from '../support/suite.ts'

const test = suite('netminder demo', { timeoutMs: 240_000 })

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

/** Who judged, by name, and in his words. */
function checkModel(out: string): void {
  match(out, /^model +behaviour@\S+ judges beside the rules/m)
  match(out, /judged by +behaviour@/)
  match(out, /^done +a new node judges by the model that comes with the program/m)
  match(out, /^done +the model that judged is named, and says what it went by/m)
}

function checkLooks(out: string): void {
  not.match(out, '\u001b')
  const commands = /^ {2}node \S+ /
  const wide = out.split('\n').filter((line) => line.length > 100 && !commands.test(line))
  equal(wide, [])
}

/** What the other nodes had to hear of the attack, step by step, so that a missing one is named. */
function checkNetwork(out: string): void {
  for (const step of [
    'three nodes of their own form a network by an invitation',
    'the attacked node tells the network in a signed alert',
    'the alert is verified and stored at every other node',
    'its vote to block is counted there',
    'a fourth node joins late and catches up on what it missed',
    'none of the others blocks anybody on hearsay'
  ]) {
    match(out, new RegExp(`^done +${step}`, 'm'))
  }
  match(out, /signed by node-1, key [0-9a-f]{16}…/)
  match(out, /heard +node-2 in \d+ ms, node-3 in \d+ ms after it was signed/)
  match(out, /votes +to block: 1 of 3 nodes/)
  match(out, /node-4 caught up on \d+ events in \d+ ms/)
  match(out, /holds +exactly what node-1 holds/)
  for (const name of ['node-2', 'node-3', 'node-4']) {
    match(out, `${name} has heard of it; it blocks nobody on hearsay`)
  }
}

interface KeptAlert {
  readonly via: string
  readonly tookMs: number
}

/** The alert that the screen shows, as it lies in the database of a node. */
function keptAlert(dataDir: string, out: string): KeptAlert | undefined {
  const id = /^ +id +([0-9a-f]{32})…$/m.exec(out)?.[1] ?? ''
  const database = new Database(join(dataDir, 'netminder.db'), { readonly: true })
  try {
    return database
      .prepare<[string], KeptAlert>(
        "SELECT via, received_at_ms - stated_at_ms AS tookMs FROM event WHERE kind = 'alert' AND lower(hex(id)) LIKE ? || '%'"
      )
      .get(id)
  } finally {
    database.close()
  }
}

/** Processes whose command line names a path. */
function processesAbout(path: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(path))
}

test(
  'runs to its end with a real HAProxy, and leaves nothing behind',
  async () => {
    const { code, out, talk } = await demo('--once', '--speed', '12')
    is(code, 0, `${out}${talk}`)
    match(out, 'All 26 steps happened.')
    match(out, 'a request from 127.99.16.12: 429 Too Many Requests')
    match(out, 'the connection was closed without an answer')
    match(out, /LIFTED {3}.*: its 20s are over/)
    match(out, /LIFTED {3}.*: by hand/)
    match(out, /figures +(?:uploads|probability) [\d.]+/)
    checkNetwork(out)
    checkModel(out)
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
    ...['--once', '--speed', '12', '--no-haproxy', '--data-dir', dataDir]
  )
  is(code, 0, `${out}${talk}`)
  match(out, 'All 21 steps happened.')
  match(out, `stands in ${dataDir}/demo/throttle.list`)
  match(out, `stands in ${dataDir}/demo/ban.list`)
  match(out, `Kept: ${dataDir}`)
  checkLooks(out)
  checkNetwork(out)
  checkModel(out)
  is(keptAlert(dataDir, out)?.via, 'own')
  for (const name of ['node-2', 'node-3']) {
    const kept = keptAlert(join(dataDir, 'demo', name), out)
    is(kept?.via, 'gossip')
    const shownMs = Number(new RegExp(`${name} in (\\d+) ms`).exec(out)?.[1])
    ok(Number(kept?.tookMs) <= shownMs, `${kept?.tookMs} of ${shownMs} ms`)
  }
  is(keptAlert(join(dataDir, 'demo', 'node-4'), out)?.via, 'sync')
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
    ok(commands.length >= 5, out)
    for (const command of commands) {
      const answer = execFileSync('sh', ['-c', command.trim()], { encoding: 'utf8' })
      ok(answer.length > 50, command)
      if (command.includes(' explain ')) match(answer, 'upload')
    }
  } finally {
    child.kill('SIGINT')
  }
  is(await ended, 0, out)
  match(out, /\d+ of 21 steps happened/)
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
  // Three nodes that meet are not enough: nobody was attacked.
  match(out, /^done +three nodes of their own form a network/m)
  for (const missing of [
    'the attacked node tells the network in a signed alert',
    'the alert is verified and stored at every other node',
    'its vote to block is counted there',
    'a fourth node joins late and catches up on what it missed',
    'none of the others blocks anybody on hearsay'
  ]) {
    match(out, new RegExp(`^missing +${missing}$`, 'm'))
    match(talk, missing)
  }
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
