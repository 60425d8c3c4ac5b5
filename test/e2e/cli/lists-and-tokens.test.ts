/** Lists, tokens and the audit by the command line, against a real node. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match } from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('lists and tokens by the command line', { timeoutMs: 60_000 })
let rig: CliRig

interface Entry {
  readonly prefix: string
  readonly note: string
  readonly until: string | null
}

const LIST = `# ours
198.51.100.7  # harvesting since Monday
198.51.100.64/28 2099-01-01T00:00:00.000Z  # a tenant
198.51.100.9
`
const ENTRIES: readonly Entry[] = [
  { prefix: '198.51.100.64/28', note: 'a tenant', until: '2099-01-01T00:00:00.000Z' },
  { prefix: '198.51.100.7', note: 'harvesting since Monday', until: null },
  { prefix: '198.51.100.9', note: '', until: null }
]

test.before(async () => {
  rig = new CliRig()
  await rig.start()
})

test.after(() => rig.dispose())

const blocklist = async () =>
  (await rig.json<readonly Entry[]>('blocklist', 'list'))
    .map(({ prefix, note, until }) => ({ prefix, note, until }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1))

async function emptyBlocklist(): Promise<void> {
  for (const { prefix } of await blocklist()) {
    is((await rig.run(['blocklist', 'remove', prefix])).code, 0)
  }
}

test('a list goes in and out as text and as JSON without a loss', async () => {
  const imported = await rig.run(['blocklist', 'import', '-'], { input: LIST })
  equal([imported.code, imported.out], [0, '3 imported, 0 refused, 0 malformed\n'])
  equal(await blocklist(), ENTRIES)
  const text = (await rig.run(['blocklist', 'export'])).out
  const json = (await rig.run(['blocklist', 'export', '--output', 'json'])).out
  for (const input of [text, json]) {
    await emptyBlocklist()
    equal(await blocklist(), [])
    const file = join(rig.dir, 'list')
    writeFileSync(file, input)
    is((await rig.run(['blocklist', 'import', file])).code, 0)
    equal(await blocklist(), ENTRIES)
  }
  const held = await rig.run(['blocklist', 'export', '--held', 'ban'])
  equal(held.out.trim().split('\n').sort(), [
    '198.51.100.64/28',
    '198.51.100.7/32',
    '198.51.100.9/32'
  ])
  await emptyBlocklist()
})

test('a list with malformed lines is refused as a whole, each line named', async () => {
  const input = '198.51.100.7\nnonsense\n198.51.100.8 soon\n'
  const refused = await rig.run(['blocklist', 'import', '-'], { input })
  equal([refused.code, refused.out], [65, ''])
  match(refused.talk, /^line 2: expected an address or a prefix, got "nonsense"$/m)
  match(refused.talk, /^line 3: expected an end such as .*, got "soon"$/m)
  equal(await blocklist(), [])
  const rest = await rig.run(
    ['blocklist', 'import', '-', '--skip-malformed', '--note', 'theirs', '--until', '1d'],
    { input }
  )
  equal([rest.code, rest.out], [0, '1 imported, 0 refused, 2 malformed\n'])
  const [entry] = await blocklist()
  equal([entry?.note, entry?.until === null], ['theirs', false])
  await emptyBlocklist()
})

test('what may never be blocked is refused and named, the rest of the list goes in', async () => {
  const input = '127.0.0.1\n198.51.100.7\n45.0.0.0/9\n'
  const result = await rig.run(['blocklist', 'import', '-'], { input })
  equal([result.code, result.out], [1, '1 imported, 2 refused, 0 malformed\n'])
  match(result.talk, /^127\.0\.0\.1: .* \(PROTECTED\)$/m)
  match(result.talk, /^45\.0\.0\.0\/9: .* \(PREFIX_TOO_WIDE\)$/m)
  await emptyBlocklist()
})

test('input that is none ends in its exit code', async () => {
  is((await rig.run(['blocklist', 'import', join(rig.dir, 'absent')])).code, 66)
  is((await rig.run(['blocklist', 'import', rig.dir])).code, 66)
  is((await rig.run(['blocklist', 'import', '/dev/zero'])).code, 65)
  is((await rig.run(['blocklist', 'import', '-'], { input: '{"a": 1' })).code, 65)
  is((await rig.run(['blocklist', 'add', 'nonsense'])).code, 64)
  is((await rig.run(['blocklist', 'add', '198.51.100.7', '--until', 'soon'])).code, 64)
  is(
    (await rig.run(['blocklist', 'add', '198.51.100.7', '--until', '2001-01-01T00:00:00Z'])).code,
    1
  )
  is((await rig.run(['blocklist', 'remove', '198.51.100.7'])).code, 1)
})

test('an address on the allowlist is spared, and blocked again when it is taken off', async () => {
  is((await rig.run(['blocklist', 'add', '198.51.100.7'])).code, 0)
  const added = await rig.run([
    'allowlist',
    'add',
    '198.51.100.7',
    '--note',
    'ours',
    '--until',
    '7d'
  ])
  equal([added.code, added.talk], [0, ''])
  match((await rig.run(['allowlist', 'list'])).out, /^198\.51\.100\.7 +in (?:7d|6d 23h) .* ours$/m)
  match(
    (await rig.run(['decisions', 'explain', '198.51.100.7'])).out,
    /^198\.51\.100\.7 is never acted on: allowlist/
  )
  is((await rig.run(['blocklist', 'add', '198.51.100.7'])).code, 1)
  is((await rig.run(['allowlist', 'remove', '198.51.100.7'])).code, 0)
  match((await rig.run(['allowlist', 'list'])).talk, /^The allowlist is empty\.$/m)
  await emptyBlocklist()
})

test('a token may do what its scope says and no more, until it is revoked', async () => {
  const made = await rig.run(['token', 'create', 'grafana', '--expires', '30d'])
  is(made.code, 0)
  match(made.out, /^\S{40,}\n$/)
  const file = join(rig.dir, 'grafana.token')
  writeFileSync(file, made.out, { mode: 0o600 })
  const asGrafana = (...args: readonly string[]) => rig.run([...args, '--token-file', file])

  is((await asGrafana('decisions', 'list')).code, 0)
  for (const args of [
    ['blocklist', 'add', '198.51.100.7'],
    ['mode', 'shadow'],
    ['token', 'list'],
    ['audit', 'list']
  ]) {
    const refused = await asGrafana(...args)
    equal([refused.code, refused.out], [77, ''])
    match(refused.talk, /^netminder: .* \(SCOPE_MISSING\)\n$/)
  }
  const listed = await rig.run(['token', 'list'])
  match(listed.out, /^grafana +read +in (?:30d|29d 23h) /m)
  is((await rig.run(['token', 'create', 'grafana'])).code, 1)
  is((await rig.run(['token', 'create', 'Not A Name'])).code, 64)

  is((await rig.run(['token', 'revoke', 'grafana'])).code, 0)
  const revoked = await asGrafana('token', 'list')
  is(revoked.code, 77)
  match(revoked.talk, /\(TOKEN_REVOKED\)\n$/)
  is((await rig.run(['status', '--token-file', join(rig.dir, 'absent')])).code, 66)
})

test('the audit names who did what, and is whole', async () => {
  const { out } = await rig.run(['audit', 'list', '--action', 'token.revoke'])
  match(out, /^NO +TIME +WHO +WHAT +ABOUT, AND WHY\n\d+ +\S+ \S+ UTC +token:admin +token\.revoke +/)
  const { code, out: verified } = await rig.run(['audit', 'verify'])
  is(code, 0)
  match(verified, /^The audit is whole: \d+ entries/)
  const offline = await rig.run(['audit', 'verify', '--offline'])
  equal([offline.code, offline.out], [0, verified])
})

test('many entries come page by page and all of them', async () => {
  const prefixes = Array.from({ length: 230 }, (_, index) => `198.51.100.${index + 10}`)
  const input = prefixes.join('\n')
  is((await rig.run(['blocklist', 'import', '-'], { input })).code, 0)
  const table = await rig.run(['blocklist', 'list'])
  is(table.out.split('\n').filter((line) => /^198\.51\.100\./.test(line)).length, 230)
  is(table.out.split('\n').filter((line) => line.startsWith('PREFIX')).length, 1)
  is((await blocklist()).length, 230)
})
