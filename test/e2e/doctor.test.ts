/** `netminder doctor` as a person runs it: beside a real HAProxy, with the node running and stopped, as root and as a plain user. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { CliRig } from '../support/cli-rig.ts'
import { FalseProxy, MISBEHAVIOURS } from '../support/false-proxy.ts'
import { HaproxyFixture, noHaproxy } from '../support/haproxy.ts'
import { suite } from '../support/suite.ts'

const test = suite('doctor at a real node', { timeoutMs: 60_000, skip: noHaproxy })
const NOBODY = 65_534
const notRoot = process.getuid?.() === 0 ? undefined : 'root (to be another user) is not available'

interface Report {
  readonly faults: number
  readonly notes: number
  readonly checks: readonly { readonly name: string }[]
  readonly findings: readonly {
    readonly check: string
    readonly code: string
    readonly severity: 'fault' | 'note'
    readonly message: string
    readonly cure: string
  }[]
}

let rig: CliRig
let haproxy: HaproxyFixture
let keyserver: Server
let hasStatistics = true

test.before(async () => {
  haproxy = new HaproxyFixture()
  await haproxy.start()
  keyserver = createServer((_, response) => {
    if (hasStatistics) response.end('{"peers":[]}')
  })
  await new Promise<void>((resolve) => keyserver.listen(0, '127.0.0.1', resolve))
})
test.after(async () => {
  keyserver.closeAllConnections()
  await new Promise<void>((resolve) => keyserver.close(() => resolve()))
  await haproxy.dispose()
})
test.beforeEach(async () => {
  hasStatistics = true
  rig = new CliRig()
  mkdirSync(rig.dataDir, { mode: 0o700 })
  configure()
  for (let index = 0; index < 5; index++) rig.request('198.51.100.7', 'GET / HTTP/1.1')
  await rig.run(['init'])
})
test.afterEach(() => rig.dispose())

interface Setting {
  readonly log?: string
  readonly actuator?: string
  readonly socket?: string
  readonly rest?: string
}

function configure(setting: Setting = {}): void {
  const { port } = keyserver.address() as AddressInfo
  const actuator = `[[actuators]]
name = "haproxy"
kind = "haproxy"
listPath = "${haproxy.listPath}"
socket = "${setting.socket ?? haproxy.socketPath}"
commandTimeoutMs = 1000
`
  writeFileSync(
    join(rig.dataDir, 'netminder.toml'),
    `[keyserver]
url = "http://127.0.0.1:${port}"
[api]
port = 0
[detection]
maxSources = 1000
${setting.rest ?? ''}
[[sources]]
name = "haproxy"
format = "haproxy"
path = "${setting.log ?? rig.log}"
${setting.actuator ?? actuator}`,
    { mode: 0o600 }
  )
}

async function examine(): Promise<Report & { readonly code: number | null }> {
  const { code, out } = await rig.run(['doctor', '--output', 'json'])
  return { ...(JSON.parse(out) as Report), code }
}

/** Codes of the faults; that no node runs is one of them in most tests here. */
async function faults(): Promise<string[]> {
  const { findings, code, faults: count } = await examine()
  const codes = findings.filter(({ severity }) => severity === 'fault').map((own) => own.code)
  equal([code, codes.length], [codes.length > 0 ? 1 : 0, count])
  for (const { message, cure } of findings) {
    ok(message !== '' && cure !== '' && !message.includes('\n') && !cure.includes('\n'))
  }
  return codes.filter((own) => own !== 'NODE_NOT_RUNNING')
}

function fingerprint(folder: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name)
    const { mode, uid, mtimeMs, ino, size } = statSync(path)
    hash.update(JSON.stringify([name, mode, uid, mtimeMs, ino, size]))
    if (statSync(path).isFile()) hash.update(readFileSync(path))
  }
  return hash.digest('hex')
}

test('no fault at a node that runs as it should: exit 0, and what is only noted says so', async () => {
  await rig.start()
  const { code, findings, checks } = await examine()
  equal(
    findings.filter(({ severity }) => severity === 'fault'),
    []
  )
  is(code, 0)
  ok(findings.some((finding) => finding.code === 'SHADOW_MODE'))
  ok(checks.length >= 10)
  const table = await rig.run(['doctor'])
  is(table.code, 0)
  match(table.out, /^note {2}the mode is shadow.*\n cure {2}look at what/m)
  match(table.out, /checks: 0 faults, \d notes\n$/)
})

test('a stopped node is the one fault, and nothing in its directory is changed by looking', async () => {
  await rig.start()
  await rig.stop()
  const before = fingerprint(rig.dataDir)
  const table = await rig.run(['doctor'])
  is(table.code, 1)
  match(
    table.out,
    /^fault {2}no node runs: nothing answers at .*\n cure {2}netminder start --data-dir /m
  )
  match(table.talk, /1 fault found/)
  is(fingerprint(rig.dataDir), before)
})

test('a node that was killed leaves what its database says to be read all the same', async () => {
  await rig.start()
  await rig.stop('SIGKILL')
  const before = fingerprint(rig.dataDir)
  equal(await faults(), [])
  is(fingerprint(rig.dataDir), before)
})

test('configuration: unknown keys by their path, what depends on it left out, the rest looked at', async () => {
  configure({ rest: 'colour = "blue"' })
  const { findings, code } = await examine()
  is(code, 1)
  const [unknown] = findings.filter((finding) => finding.code === 'CONFIG_UNKNOWN_KEY')
  match(unknown?.message ?? '', /netminder\.toml: detection\.colour: /)
  match(unknown?.cure ?? '', /remove detection\.colour from /)
})

test('data directory and token: missing, open, foreign', async () => {
  equal(await faults(), [])
  chmodSync(join(rig.dataDir, 'admin.token'), 0o644)
  chmodSync(rig.dataDir, 0o755)
  equal(await faults(), ['DATA_DIR_MODE', 'TOKEN_EXPOSED'])
  rmSync(rig.dataDir, { recursive: true })
  ok((await faults()).includes('DATA_DIR_MISSING'))
})

test('log: missing, a directory, a FIFO, in an unknown format', async () => {
  const at = async (name: string) => {
    configure({ log: join(rig.dir, name) })
    return await faults()
  }
  equal(await at('none.log'), ['LOG_MISSING'])
  mkdirSync(join(rig.dir, 'folder.log'))
  equal(await at('folder.log'), ['LOG_IS_DIRECTORY'])
  execFileSync('mkfifo', [join(rig.dir, 'fifo.log')])
  equal(await at('fifo.log'), ['LOG_WRONG_KIND'])
  writeFileSync(join(rig.dir, 'json.log'), '{"status":200}\n'.repeat(50))
  equal(await at('json.log'), ['LOG_FORMAT_UNKNOWN'])
  const { findings } = await examine()
  ok(findings.some(({ cure }) => cure.includes('HAP_LOG_FORMAT=')))
})

test('HAProxy: not there, silent, other list, other table', async () => {
  configure({ socket: join(rig.dir, 'gone.sock') })
  equal(await faults(), ['HAPROXY_UNREACHABLE'])
  const proxy = await FalseProxy.open(join(rig.dir, 'false.sock'), MISBEHAVIOURS.answersNothing)
  try {
    configure({ socket: proxy.path })
    equal(await faults(), ['HAPROXY_TIMED_OUT'])
  } finally {
    await proxy.dispose()
  }
  const other = (line: string) =>
    `[[actuators]]\nname = "h"\nkind = "haproxy"\nlistPath = "${haproxy.listPath}"\nsocket = "${haproxy.socketPath}"\n${line}\n`
  configure({ actuator: other('listPathInProxy = "/elsewhere/blacklist.list"') })
  equal(await faults(), ['HAPROXY_SETUP_MISSING'])
  configure({ actuator: other('throttleTable = "st_none"') })
  equal(await faults(), ['HAPROXY_SETUP_MISSING'])
  configure({ actuator: other('') })
  equal(await faults(), [])
})

test('a keyserver that never answers is a fault in good time', async () => {
  hasStatistics = false
  const startMs = performance.now()
  equal(await faults(), ['KEYSERVER_UNREACHABLE'])
  ok(performance.now() - startMs < 15_000)
})

test('database: of a newer version, damaged, tampered with; doctor leaves it as it is', async () => {
  await rig.start()
  await rig.run(['mode', 'enforce', '--yes'])
  await rig.stop()
  const file = join(rig.dataDir, 'netminder.db')
  const sound = readFileSync(file)
  const newer = Buffer.from(sound)
  newer.writeUInt32BE(9_999, 60)
  writeFileSync(file, newer)
  equal(await faults(), ['DATABASE_NEWER'])
  writeFileSync(file, sound)
  const head = readFileSync(join(rig.dataDir, 'audit-head.json'), 'utf8')
  const count = Number(/"count":(\d+)/.exec(head)?.[1])
  writeFileSync(
    join(rig.dataDir, 'audit-head.json'),
    head.replace(/"count":\d+/, `"count":${count + 3}`)
  )
  equal(await faults(), ['AUDIT_BROKEN'])
  writeFileSync(join(rig.dataDir, 'audit-head.json'), head)
  equal(await faults(), [])
  truncateSync(file, sound.length - 8_192)
  equal(await faults(), ['DATABASE_CORRUPT'])
  is(statSync(file).size, sound.length - 8_192)
})

test('enforce without a place to enforce at', async () => {
  await rig.start()
  await rig.run(['mode', 'enforce', '--yes'])
  await rig.stop()
  configure({ actuator: '' })
  equal(await faults(), ['NOTHING_TO_ENFORCE'])
})

test(
  'root sees what the user of the node may not: log, admin socket, list',
  async () => {
    await rig.run(['init'])
    chmodSync(rig.dir, 0o711)
    for (const name of ['', 'netminder.toml', 'admin.token']) {
      chownSync(join(rig.dataDir, name), NOBODY, NOBODY)
    }
    chmodSync(rig.log, 0o600)
    equal(await faults(), ['LOG_NOT_READABLE', 'LIST_UNWRITABLE', 'SOCKET_NOT_WRITABLE'])
    const { findings } = await examine()
    match(
      findings.find(({ code }) => code === 'LOG_NOT_READABLE')?.cure ?? '',
      /setfacl -m u:nobody:r /
    )
    chmodSync(rig.log, 0o644)
    ok(!(await faults()).includes('LOG_NOT_READABLE'))
    chownSync(join(rig.dataDir, 'admin.token'), 0, 0)
    ok((await faults()).includes('DATA_DIR_FILE_OWNER'))
  },
  { skip: notRoot }
)

test(
  'a plain user is told what he may not look at, and how he can',
  async () => {
    chmodSync(rig.dir, 0o711)
    const { code, out } = await rig.run(['doctor'], { spawn: { uid: NOBODY, gid: NOBODY } })
    is(code, 1)
    match(out, /may not be entered by this user\n cure {2}run doctor as its owner: sudo -u root/)
  },
  { skip: notRoot }
)
