/** The main job by the command line: a scanner appears in a log that a node follows; it is listed, explained, enforced, lifted. */
import { existsSync, readFileSync } from 'node:fs'
import { equal, is, match, not, ok } from 'uvu/assert'
import { CliRig, PUBLIC_RANGE } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('guarding by the command line', { timeoutMs: 60_000 })
const SCANNER = '198.51.100.66'
let rig: CliRig

interface Listed {
  readonly id: string
  readonly value: string
  readonly type: string
  readonly state: string
  readonly category: string
}

test.before(async () => {
  rig = new CliRig()
  // By an option of the start: what asks the node must go by that, not by the configuration file.
  await rig.start('--treat-as-public', PUBLIC_RANGE)
})

test.after(() => rig.dispose())

const bansOf = (...filters: readonly string[]) =>
  rig.json<readonly Listed[]>('decisions', 'list', '--type', 'ban', ...filters)
const heldNow = () =>
  existsSync(rig.list)
    ? readFileSync(rig.list, 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
    : []

test('status says that the node follows its log in shadow mode', async () => {
  const { code, out, talk } = await rig.run(['status'])
  equal({ code, talk }, { code: 0, talk: '' })
  match(out, /^mode +shadow \(only your own blocklist is applied\)$/m)
  match(out, /^source haproxy +ok /m)
  const json = await rig.json<{ mode: { overall: string } }>('status')
  is(json.mode.overall, 'shadow')
})

test('nothing stands at first: an empty table, an empty array, and a word about it', async () => {
  const table = await rig.run(['decisions', 'list'])
  equal({ code: table.code, out: table.out }, { code: 0, out: '' })
  match(table.talk, /^No such decision stands now; --all shows/)
  equal(await rig.json('decisions', 'list', '--all'), [])
})

test('an address that was never seen is explained as unknown, a protected one as protected', async () => {
  const unknown = await rig.run(['decisions', 'explain', '198.51.100.1'])
  equal([unknown.code, unknown.talk], [0, ''])
  match(unknown.out, /^Nothing is known about 198\.51\.100\.1:/)
  const own = await rig.run(['decisions', 'explain', '127.0.0.1'])
  match(own.out, /^127\.0\.0\.1 is never acted on: /)
})

test('a scanner in the log is listed and explained, and nothing is applied', async () => {
  rig.scan(SCANNER)
  const [ban] = await rig.until(bansOf, (found) => found.length > 0)
  equal([ban?.value, ban?.state, ban?.category], [SCANNER, 'shadow', 'scanner'])
  const { code, out } = await rig.run(['decisions', 'explain', SCANNER])
  is(code, 0)
  match(
    out,
    /^198\.51\.100\.66 is not blocked: shadow mode\. Enforced, it\s+would\s+be\s+banned\s+until\s/
  )
  match(out.replaceAll(/\s+/g, ' '), / asked for \d+ path.* \(rule scanner-path\) /)
  match(out, /^ {2}counted +scanner paths \d+, ban at 2$/m)
  match(out, /^ {2}log lines( [0-9a-f]{16})+$/m)
  match(out, /^ {2}done +nothing yet \(shadow mode\); enforced: haproxy: /m)
  ok(out.replaceAll(/\s+/g, ' ').includes(`undo netminder decisions lift ${ban?.id}`))
  equal(heldNow(), [])
})

test('the lines behind a decision are found again in the log', async () => {
  const hashes = (await rig.run(['decisions', 'explain', SCANNER])).out.match(/\b[0-9a-f]{16}\b/g)
  const { code, talk } = await rig.run(['decisions', 'explain', SCANNER, '--log', rig.log])
  const count = new Set(hashes).size
  is(code, 0)
  ok(count > 0)
  match(talk, new RegExp(`^${count} of ${count} lines? found in `, 'm'))
  match(talk, /^ {2}[0-9a-f]{16} {2}198\.51\.100\.66:\d+ .*wp-login\.php/m)
  const absent = await rig.run(['decisions', 'explain', SCANNER, '--log', `${rig.log}.1`])
  is(absent.code, 66)
})

test('lists decisions by what was asked for', async () => {
  const [ban] = await bansOf()
  const ids = (found: readonly Listed[]) => found.map((decision) => decision.id)
  equal(ids(await bansOf('--value', SCANNER)), [ban?.id])
  equal(ids(await bansOf('--value', '198.51.100.67')), [])
  equal(ids(await bansOf('--category', 'harvesting')), [])
  equal(ids(await bansOf('--mode', 'enforce')), [])
  equal(ids(await bansOf('--since', '1h', '--limit', '1')), [ban?.id])
  const table = await rig.run(['decisions', 'list', '--type', 'ban'])
  match(table.out, /^ABOUT +TYPE +STATE +CATEGORY +MADE +ENDS +WHY\n198\.51\.100\.66 +ban +shadow /)
})

test('enforce shows the report, and without a terminal and --yes changes nothing', async () => {
  const refused = await rig.run(['mode', 'enforce'], { input: 'y\n' })
  is(refused.code, 1)
  match(refused.out, /^Shadow report, from .* UTC to .* UTC:\n1 ban and \d+ throttles? would/)
  match(
    refused.out.replaceAll(/\s+/g, ' '),
    /Replay of the logs that are followed, .*: of 1 address 1 would have been banned and 0 throttled; \d+ of 4 requests/
  )
  match(refused.talk, /--yes goes ahead without asking \(CLI_NOT_CONFIRMED\)/)
  is((await rig.run(['mode', 'show'])).out, 'shadow (only your own blocklist is applied)\n')
  equal(heldNow(), [])
})

test('enforce --yes applies what stands, is audited, and goes back in one step', async () => {
  const enforced = await rig.run(['mode', 'enforce', '--yes', '--reason', 'report looked clean'])
  is(enforced.code, 0)
  match(enforced.out, /\nenforce \(decisions are applied\)\n$/)
  match(enforced.talk, /^To go back: netminder mode shadow$/m)
  equal(
    await rig.until(
      async () => heldNow(),
      (held) => held.length > 0
    ),
    [SCANNER]
  )
  const { out } = await rig.run(['decisions', 'explain', SCANNER])
  // There is a list and no admin socket: written down, and no more can be said.
  match(out, /^198\.51\.100\.66 should be banned until [^,]+, but this node cannot/)
  match(out, /^ {2}done +haproxy: 198\.51\.100\.66 is written to /m)
  match(out.replaceAll(/\s+/g, ' '), /only after its next reload/)
  const [entry] = await rig.json<readonly { action: string; actor: string; reason: string }[]>(
    ...['audit', 'list', '--action', 'mode.set', '--limit', '1']
  )
  equal([entry?.actor, entry?.reason], ['token:admin', 'report looked clean'])

  is((await rig.run(['mode', 'shadow'])).out, 'shadow (only your own blocklist is applied)\n')
  await rig.until(
    async () => heldNow(),
    (held) => held.length === 0
  )
})

test('one category is enforced alone, and the last change is undone', async () => {
  const other = await rig.run(['mode', 'enforce', '--category', 'harvesting', '--yes'])
  match(other.out, /\n0 decisions for harvesting would have been applied\.\n/)
  match(other.out, /\nshadow \(only your own blocklist is applied\); enforce for harvesting\n$/)
  is((await rig.run(['mode', 'undo'])).out, 'shadow (only your own blocklist is applied)\n')
  const again = await rig.run(['mode', 'undo'])
  equal([again.code, again.out], [1, ''])
  match(again.talk, /\(NOTHING_TO_UNDO\)\n$/)
})

test('lifts by address and by id, once', async () => {
  const lifted = await rig.run(['decisions', 'lift', SCANNER, '--reason', 'a test of ours'])
  is(lifted.code, 0)
  match(lifted.out, /^198\.51\.100\.66 +ban +lifted +scanner /m)
  const again = await rig.run(['decisions', 'lift', SCANNER])
  is(again.code, 1)
  match(again.talk, /\(DECISION_NOT_FOUND\)\n$/)
  const explained = await rig.run(['decisions', 'explain', SCANNER])
  match(explained.out, /^Nothing stands against 198\.51\.100\.66 now\.\n\nearlier decisions\n/)
  match(explained.out.replaceAll(/\s+/g, ' '), /lifted .* by token:admin: a test of ours/)
  const [old] = await bansOf('--value', SCANNER, '--all')
  const byId = await rig.run(['decisions', 'lift', old?.id ?? ''])
  is(byId.code, 1)
  match(byId.talk, /\(DECISION_NOT_ACTIVE\)\n$/)
  is((await rig.run(['decisions', 'lift', 'nonsense'])).code, 64)
})

test('a decision about a prefix is not lifted for one of its addresses, but named', async () => {
  is((await rig.run(['blocklist', 'add', '198.51.100.0/26'])).code, 0)
  const refused = await rig.run(['decisions', 'lift', '198.51.100.9'])
  is(refused.code, 1)
  match(
    refused.talk,
    /^198\.51\.100\.0\/26 covers 198\.51\.100\.9 among others .* lift [0-9a-f-]{36}$/m
  )
  match(
    (await rig.run(['decisions', 'explain', '198.51.100.9'])).out,
    /^198\.51\.100\.9 should be banned until the entry is removed, but/
  )
  is((await rig.run(['blocklist', 'remove', '198.51.100.0/26'])).code, 0)
})

test('actuators are listed, and a dry run says what would be done without doing it', async () => {
  const { out } = await rig.run(['actuators', 'list'])
  match(out, /^ACTUATOR +KIND +STATE +SHOULD HOLD +HOLDS +LAST ERROR\nhaproxy +haproxy +ok /)
  const before = heldNow()
  const dry = await rig.run(['actuators', 'dry-run'])
  equal([dry.code, dry.out.split('\n')[0]], [0, 'haproxy'])
  equal(heldNow(), before)
})

test('a decision is seen as it happens, and Ctrl-C ends the watching without an error', async () => {
  const watching = rig.spawn(['decisions', 'watch', '--output', 'json'])
  const ended = new Promise<number | null>((resolve) => watching.on('close', resolve))
  const lines: string[] = []
  watching.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(text))
  let attempts = 0
  const seen = await rig.until(
    async () => {
      // The stream tells what happens from when it is open; so another scanner comes until one was seen.
      rig.scan(`198.51.100.${100 + (attempts++ % 100)}`)
      return lines.join('')
    },
    (text) => text.includes('\n')
  )
  watching.kill('SIGINT')
  is(await ended, 0)
  const event = JSON.parse(seen.split('\n')[0] ?? '') as { event: string }
  match(event.event, /^decision\.|^suppression$/)
})

test('the node drains at SIGTERM: exit 0, nothing left that says it runs', async () => {
  is(await rig.stop('SIGTERM'), 0)
  not.ok(existsSync(`${rig.dataDir}/api.json`))
  const { code, out, talk } = await rig.run(['status'])
  equal([code, out], [69, ''])
  match(talk, /^netminder: expected a running node at .* \(API_UNREACHABLE\)\n$/)
})
