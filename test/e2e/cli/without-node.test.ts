/** What the command line does where no node runs, where it cannot start, and what it says to mistakes. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { equal, is, match, not, ok } from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('command line without a node', { timeoutMs: 60_000 })

async function scene(play: (rig: CliRig) => Promise<void>): Promise<void> {
  const rig = new CliRig()
  try {
    await play(rig)
  } finally {
    await rig.dispose()
  }
}

test('init makes configuration and token, and leaves them as they are the second time', () =>
  scene(async (rig) => {
    const first = await rig.run(['init', '--haproxy-log', '/var/log/haproxy.log', '--name', 'a'])
    equal([first.code, first.talk], [0, ''])
    const files = ['netminder.toml', 'admin.token'].map((name) => join(rig.dataDir, name))
    const before = files.map((file) => readFileSync(file, 'utf8'))
    match(before[0] ?? '', /path = "\/var\/log\/haproxy\.log"/)
    const second = await rig.run(['init', '--name', 'b'])
    is(second.code, 0)
    match(second.out, /^configuration +.*netminder\.toml \(was there already\)$/m)
    match(second.talk, /was there already and was left as it is; change it there/)
    equal(
      files.map((file) => readFileSync(file, 'utf8')),
      before
    )
    const { is_new_config } = await rig.json<{ is_new_config: boolean }>('init')
    is(is_new_config, false)
  }))

test('mistakes on the command line are one sentence and exit 64', () =>
  scene(async (rig) => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['statsu'], /^netminder: unknown command 'statsu' \(Did you mean status\?\); --help shows/],
      [['decisions', 'lst'], /^netminder: unknown command 'lst' \(Did you mean list\?\)/],
      [['status', '--nonsense'], /^netminder: unknown option '--nonsense'/],
      [['status', 'more'], /^netminder: too many arguments/],
      [['decisions', 'explain'], /^netminder: missing required argument 'address'/],
      [['decisions', 'explain', 'nonsense'], /\(ADDRESS_INVALID\)\n$/],
      [['decisions', 'list', '--type', 'x'], /^netminder: --type: expected one of ban, throttle/],
      [['decisions', 'list', '--since', 'x'], /^netminder: --since: expected a duration/],
      [['decisions', 'list', '--limit', '0'], /^netminder: --limit: expected a whole number/],
      [['init', '--api-port', '65536'], /^netminder: --api-port: expected a whole number from 0/],
      [['init', '--admin-socket', '/s'], /^netminder: --admin-socket needs --haproxy-list/],
      [['start', '--from-start'], /^netminder: --from-start needs --haproxy-log/],
      [['status', '--output', 'xml'], /^netminder: --output: expected one of table, json/]
    ]
    for (const [args, expected] of cases) {
      const { code, out, talk } = await rig.run(args)
      equal([args, code, out], [args, 64, ''])
      match(talk, expected)
      is(talk.split('\n').length, 2, talk)
    }
    const bare = await rig.run([])
    equal([bare.code, bare.out], [64, ''])
    match(bare.talk, /^Usage: netminder /)
  }))

test('help and version are data; options stand before and after the name', () =>
  scene(async (rig) => {
    for (const args of [['--help'], ['help'], ['decisions', '--help'], ['help', 'decisions']]) {
      const { code, out, talk } = await rig.run(args)
      equal([args, code, talk], [args, 0, ''])
      match(out, /^Usage: netminder /)
    }
    const help = await rig.run(['decisions', 'explain', '--help'])
    match(help.out, /\nExamples:\n {2}# .*\n {2}\$ netminder decisions explain 198\.51\.100\.7\n/)
    match((await rig.run(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
    const dir = join(rig.dir, 'other')
    await rig.run(['init', '--data-dir', dir])
    for (const args of [
      ['--data-dir', dir, 'config', 'check'],
      ['config', '--data-dir', dir, 'check'],
      ['config', 'check', '--data-dir', dir]
    ]) {
      match((await rig.run(args)).out, /^The configuration is right \(.*\/other\/netminder\.toml\)/)
    }
  }))

test('a configuration with unknown keys is refused, every key named with its path', () =>
  scene(async (rig) => {
    await rig.run(['init'])
    const file = join(rig.dataDir, 'netminder.toml')
    writeFileSync(file, '[api]\nprot = 1\n[store]\ncheckpointIntervalMs = "x"\nnonsense = 2\n')
    for (const args of [['config', 'check'], ['config', 'show'], ['start'], ['status']]) {
      const { code, out, talk } = await rig.run(args)
      equal([args, code, out], [args, 78, ''])
      match(talk, /^netminder: .*netminder\.toml: api\.prot: expected a key/m)
      match(talk, /^netminder: .*netminder\.toml: store\.nonsense: expected a key/m)
      not.match(talk, /^ +at /m)
    }
    const absent = await rig.run(['config', 'check', '--config', join(rig.dir, 'absent.toml')])
    is(absent.code, 78)
    match(absent.talk, /absent\.toml/)
  }))

test('config shows what counts, without passwords', () =>
  scene(async (rig) => {
    await rig.run(['init', '--name', 'keys.example'])
    const env = { NETMINDER_KEYSERVER__URL: 'http://user:secret@127.0.0.1:11371' }
    const { out } = await rig.run(['config', 'show'], { env })
    match(out, /^name = "keys\.example"$/m)
    match(out, /^url = "http:\/\/\[redacted\]@127\.0\.0\.1:11371"$/m)
    not.match(out, /secret/)
    const { api } = await rig.json<{ api: { port: number } }>('config', 'show')
    is(api.port, 11_380)
  }))

test('start refuses a port in use, a data directory in use, and one that it may not write', () =>
  scene(async (rig) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const inUse = await rig.run(['start', '--api-port', String(port)])
    server.close()
    is(inUse.code, 73)
    match(inUse.talk, /\(API_PORT_IN_USE\)\n$/)

    await rig.start()
    const second = await rig.run(['start', '--api-port', '0'])
    is(second.code, 75)
    match(second.talk, /\(DATABASE_LOCKED\)\n$/)
    is(await rig.stop('SIGINT'), 0)

    const readOnly = join(rig.dir, 'read-only')
    mkdirSync(readOnly)
    chmodSync(rig.dir, 0o755)
    chmodSync(readOnly, 0o555)
    // Permissions do not count for root, so the command then runs as nobody.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    for (const verb of ['init', 'start']) {
      const refused = await rig.run([verb, '--data-dir', readOnly], { spawn: user })
      equal([verb, refused.code, refused.out], [verb, 73, ''])
      match(refused.talk, /read-only.*expected to write the configuration/)
    }
  }))

test('start makes an empty directory ready, and follows the log that it is given', () =>
  scene(async (rig) => {
    rig.scan('198.51.100.66')
    const child = rig.spawn([
      'start',
      ...['--api-port', '0', '--haproxy-log', rig.log, '--from-start'],
      ...['--treat-as-public', '198.51.100.0/24', '--log-format', 'text']
    ])
    const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
    try {
      const found = await rig.until(
        () => rig.run(['decisions', 'list', '--type', 'ban', '--output', 'json']),
        ({ code, out }) => code === 0 && out !== '[]\n'
      )
      match(found.out, /"value":"198\.51\.100\.66"/)
    } finally {
      child.kill('SIGTERM')
    }
    is(await exit, 0)
    ok(readFileSync(join(rig.dataDir, 'admin.token'), 'utf8').length > 40)
  }))

test('sweep ends what a killed node left, when its time is over', () =>
  scene(async (rig) => {
    await rig.start()
    is((await rig.run(['blocklist', 'add', '198.51.100.7', '--until', '1h'])).code, 0)
    const held = async () => (existsSync(rig.list) ? readFileSync(rig.list, 'utf8') : '')
    await rig.until(held, (text) => text.includes('198.51.100.7'))
    is(await rig.stop('SIGKILL'), null)

    const early = await rig.run(['actuators', 'sweep'])
    equal([early.code, early.out], [0, 'ACTUATOR  ENDED\nhaproxy   0\n'])
    match(await held(), /198\.51\.100\.7/)

    // The record of what netminder put there, with an end that has passed.
    const record = join(rig.dataDir, 'actuators', 'haproxy.json')
    const text = readFileSync(record, 'utf8')
    const before = await held()
    writeFileSync(record, text.replace(/"ban",\d+/, '"ban",1000'))
    const due = await rig.run(['actuators', 'sweep', '--data-dir', rig.dataDir])
    equal([due.code, due.out], [0, 'ACTUATOR  ENDED\nhaproxy   1\n'])
    not.match(await held(), /198\.51\.100\.7/)

    writeFileSync(record, text)
    writeFileSync(rig.list, before)
    const all = await rig.run(['actuators', 'sweep', '--all'])
    equal([all.code, all.out], [0, 'ACTUATOR  ENDED\nhaproxy   1\n'])
    not.match(await held(), /198\.51\.100\.7/)
  }))

test('the audit of a stopped node is verified; changed, removed and missing entries are named', () =>
  scene(async (rig) => {
    await rig.start()
    for (const last of [1, 2, 3, 4, 5]) {
      await rig.run(['allowlist', 'add', `198.51.100.${last}`])
    }
    is(await rig.stop(), 0)
    const verify = () => rig.run(['audit', 'verify'])
    const whole = await verify()
    equal([whole.code, whole.talk.split('\n')[0]?.startsWith('No node answers')], [0, true])
    const { rows } = await rig.json<{ readonly rows: number }>('audit', 'verify')
    ok(rows >= 6, String(rows))

    const tamper = (sql: string) => {
      const db = new SqliteDatabase(join(rig.dataDir, 'netminder.db'))
      const triggers = db
        .prepare(
          "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit_entry'"
        )
        .pluck()
        .all()
      for (const name of triggers) db.exec(`DROP TRIGGER ${String(name)}`)
      db.exec(sql)
      db.close()
    }
    tamper("UPDATE audit_entry SET reason = 'never' WHERE sequence = 3")
    const changed = await verify()
    is(changed.code, 1)
    match(changed.out, /^changed +entry 3 does not have the content/m)
    match(changed.talk, /\(CLI_FAULT_FOUND\)\n$/)

    tamper('DELETE FROM audit_entry WHERE sequence = 4')
    match((await verify()).out, /^removed +entry 4 is missing before entry 5$/m)

    tamper('DELETE FROM audit_entry WHERE sequence >= 5')
    const cut = await verify()
    is(cut.code, 1)
    match(cut.out, new RegExp(`^truncated +entries 4 to ${rows} are missing at the end`, 'm'))
  }))

test('a reader that goes away is no error', () =>
  scene(async (rig) => {
    const child = rig.spawn(['config', 'show'])
    child.stdout?.destroy()
    let talk = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      talk += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    equal([code, talk], [0, ''])
  }))

test('a place where no directory can be made is refused at once', () =>
  scene(async (rig) => {
    const file = join(rig.dir, 'file')
    writeFileSync(file, '')
    for (const [args, expected] of [
      [
        ['init', '--data-dir', '/proc/x'],
        /expected a directory in which files can be made, got \/proc\/x/
      ],
      [
        ['start', '--data-dir', '/sys/x'],
        /expected a directory in which files can be made, got \/sys\/x/
      ],
      [['init', '--data-dir', file], /to be a directory, got a file/],
      [
        ['replay', '--haproxy-log', file, '--state', '/proc/x'],
        /expected a directory in which files can be made, got \/proc\/x/
      ]
    ] as const) {
      const { code, talk } = await rig.run(args)
      equal([args, code], [args, 73])
      match(talk, expected)
    }
  }))

test('where no node runs, commands that need one say so', () =>
  scene(async (rig) => {
    await rig.run(['init', '--api-port', '1'])
    for (const args of [
      ['status'],
      ['decisions', 'list'],
      ['decisions', 'watch'],
      ['mode', 'enforce', '--yes'],
      ['token', 'list']
    ]) {
      const { code, out, talk } = await rig.run(args)
      equal([args, code, out], [args, 69, ''])
      match(talk, /is it started .*\(API_UNREACHABLE\)\n$/)
    }
    const verify = await rig.run(['audit', 'verify'])
    is(verify.code, 66)
    match(verify.talk, /\(DATABASE_ABSENT\)\n$/)
  }))
