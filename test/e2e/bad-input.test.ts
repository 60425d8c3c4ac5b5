/** What must not harm a running node: lines, logs, clocks, disks, databases, proxies and clients gone wrong. The real program, end to end. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, not, ok } from 'uvu/assert'
import { CliRig } from '../support/cli-rig.ts'
import { FalseProxy, MISBEHAVIOURS } from '../support/false-proxy.ts'
import { front } from '../support/log-lines.ts'
import { rawConnection } from '../support/raw-http.ts'
import { suite } from '../support/suite.ts'

const test = suite('bad input to a running node', { timeoutMs: 90_000 })
const MIB = 1_048_576
const DAY_MS = 86_400_000

const scene = async (body: (rig: CliRig) => Promise<void>) => {
  const rig = new CliRig()
  try {
    await body(rig)
  } finally {
    await rig.dispose()
  }
}

interface Status {
  readonly components: readonly { name: string; state: string; detail: string }[]
}
interface Decision {
  readonly value: string
  readonly until: string
}

const bannedBy = async (rig: CliRig) =>
  (await rig.json<readonly Decision[]>('decisions', 'list', '--type', 'ban')).map(
    ({ value }) => value
  )
const seesScanner = async (rig: CliRig, client: string) => {
  rig.scan(client)
  await rig.until(
    () => bannedBy(rig),
    (values) => values.includes(client)
  )
}
const sourceOf = async (rig: CliRig) =>
  (await rig.json<Status>('status')).components.find(({ name }) => name === 'source haproxy')
const isSource = (rig: CliRig, isOk: boolean, detail: RegExp) =>
  rig.until(
    () => sourceOf(rig),
    (source) =>
      source !== undefined && (source.state === 'ok') === isOk && detail.test(source.detail)
  )
const unparsed = async (rig: CliRig) => {
  const { url } = JSON.parse(readFileSync(join(rig.dataDir, 'api.json'), 'utf8')) as { url: string }
  const token = readFileSync(join(rig.dataDir, 'admin.token'), 'utf8').trim()
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  return Object.fromEntries(
    [...(await answer.text()).matchAll(/unparsed\w*\{[^}]*cause="([\w-]+)"[^}]*\} (\d+)/g)]
      .map(([, cause = '', count = '']): [string, number] => [cause, Number(count)])
      .filter(([, count]) => count > 0)
  )
}

test('malformed, torn, binary and 30 MB long lines are counted by cause, and the next scanner is seen', () =>
  scene(async (rig) => {
    await rig.start()
    const good = front({ client: '198.51.100.9', atMs: Date.now() })
    appendFileSync(rig.log, `lorem ipsum\n${good.slice(0, good.indexOf('{'))}\n`)
    appendFileSync(rig.log, Buffer.from([1, 2, 255, 254, 27, 10]))
    const file = openSync(rig.log, 'a')
    for (let count = 0; count < 30; count++) writeSync(file, Buffer.alloc(MIB, 'A'))
    writeSync(file, '\n')
    closeSync(file)
    await seesScanner(rig, '198.51.100.66')
    equal(await unparsed(rig), { 'unknown-format': 1, truncated: 1, binary: 1, 'too-long': 1 })
    is((await sourceOf(rig))?.state, 'ok')
    not.match(rig.nodeTalk, /lorem|AAAA/)
    is(await rig.stop(), 0)
  }))

test('lines from long ago and from the future neither move the node’s time nor blind it', () =>
  scene(async (rig) => {
    await rig.start()
    for (const awayMs of [-3 * DAY_MS, 300 * DAY_MS, -20 * 365 * DAY_MS]) {
      rig.request('198.51.100.8', 'GET / HTTP/1.1', { atMs: Date.now() + awayMs })
    }
    await seesScanner(rig, '198.51.100.66')
    const [decision] = await rig.json<readonly Decision[]>('decisions', 'list', '--type', 'ban')
    const leftMs = Date.parse(decision?.until ?? '') - Date.now()
    ok(leftMs > 0 && leftMs <= 30 * 60_000, `${leftMs} ms left`)
  }))

test('a log that vanishes, is a directory, then a FIFO: each is said, and reading goes on', () =>
  scene(async (rig) => {
    await rig.start()
    await seesScanner(rig, '198.51.100.66')
    renameSync(rig.log, `${rig.log}.1`)
    await isSource(rig, false, /ENOENT/)
    mkdirSync(rig.log)
    await isSource(rig, false, /got a directory/)
    rmdirSync(rig.log)
    execFileSync('mkfifo', [rig.log])
    await isSource(rig, false, /got a FIFO/)
    unlinkSync(rig.log)
    await seesScanner(rig, '198.51.100.67')
    await isSource(rig, true, /lines read/)
    match(rig.nodeTalk, /SOURCE_MISSING[\s\S]*SOURCE_IS_DIRECTORY[\s\S]*SOURCE_WRONG_KIND/)
    is(await rig.stop(), 0)
  }))

for (const name of ['drips', 'answersNothing', 'closesInTheMiddle'] as const) {
  test(`a HAProxy that ${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: the ban stands in its list, the node goes on and drains`, () =>
    scene(async (rig) => {
      const proxy = await FalseProxy.open(join(rig.dir, 'admin.sock'), MISBEHAVIOURS[name])
      try {
        await rig.run(['init', '--haproxy-log', rig.log, '--haproxy-list', rig.list])
        const config = join(rig.dataDir, 'netminder.toml')
        appendFileSync(config, `socket = "${proxy.path}"\ncommandTimeoutMs = 500\n`)
        await rig.start('--api-port', '0')
        equal((await rig.run(['mode', 'enforce', '--yes'])).code, 0)
        await seesScanner(rig, '198.51.100.66')
        await rig.until(
          async () => (existsSync(rig.list) ? readFileSync(rig.list, 'utf8') : ''),
          (text) => text.includes('198.51.100.66')
        )
        await rig.until(
          () => rig.json<Status>('status'),
          ({ components }) =>
            components.some((part) => part.name.startsWith('actuator') && part.state !== 'ok')
        )
        await seesScanner(rig, '198.51.100.67')
        const began = performance.now()
        is(await rig.stop(), 0)
        ok(performance.now() - began < 15_000)
      } finally {
        await proxy.dispose()
      }
    }))
}

test('a database of a newer version is refused with exit 65 and stays as it is', () =>
  scene(async (rig) => {
    await rig.start()
    await rig.stop()
    const file = join(rig.dataDir, 'netminder.db')
    const newer = readFileSync(file)
    newer.writeUInt32BE(9_999, 60)
    writeFileSync(file, newer)
    const { code, talk } = await rig.run(['start'])
    is(code, 65)
    match(talk, /got 9999: it was not touched; install the netminder that wrote it.*DATABASE_NEWER/)
    ok(readFileSync(file).equals(newer))
  }))

test('a damaged database is kept aside to the byte, said aloud and audited, and the node guards on', () =>
  scene(async (rig) => {
    await rig.start()
    await seesScanner(rig, '198.51.100.66')
    await rig.stop()
    const file = join(rig.dataDir, 'netminder.db')
    const damaged = readFileSync(file)
    damaged.fill(0x55, 8_192, 40_960)
    writeFileSync(file, damaged)
    rig.nodeTalk = ''
    await rig.start()
    match(rig.nodeTalk, /the database was damaged and is kept aside/)
    const aside = readdirSync(rig.dataDir).find((name) => /\.db\.corrupt-[\dTZ-]+$/.test(name))
    ok(readFileSync(join(rig.dataDir, aside ?? '')).equals(damaged))
    const audit = await rig.json<readonly { action: string }[]>('audit', 'list')
    ok(audit.some(({ action }) => action === 'store.set-aside'))
    await seesScanner(rig, '198.51.100.67')
  }))

const small = (dir: string, ...options: readonly string[]) =>
  spawnSync('mount', [...options, 'tmpfs', dir]).status === 0
const mounts = (() => {
  const dir = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim()
  const isMounted = small(dir, '-t', 'tmpfs', '-o', 'size=1m')
  if (isMounted) spawnSync('umount', ['-l', dir])
  rmdirSync(dir)
  return isMounted ? undefined : 'mount (of a small tmpfs) is not permitted'
})()

test(
  'a full disk: the node says so, judges on, and stores what it decided when there is room; nothing acknowledged is lost',
  () =>
    scene(async (rig) => {
      mkdirSync(rig.dataDir)
      ok(small(rig.dataDir, '-t', 'tmpfs', '-o', 'size=24m,mode=700'))
      try {
        await rig.start()
        await seesScanner(rig, '198.51.100.66')
        const filler = join(rig.dataDir, 'filler')
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1k'])
        rig.scan('198.51.100.67')
        await rig.until(
          () => Promise.resolve(rig.nodeTalk),
          (talk) => /got a full disk: free some space.*could not store decisions/.test(talk)
        )
        is((await rig.run(['status'])).code, 0)
        const refused = await rig.run(['mode', 'enforce', '--yes'])
        ok(refused.code !== 0)
        not.match(refused.talk, /mistake of netminder/)
        unlinkSync(filler)
        await rig.until(
          () => Promise.resolve(rig.nodeTalk),
          (talk) => talk.includes('decisions are stored again')
        )
        is(await rig.stop('SIGKILL'), null)
        const verified = await rig.run(['audit', 'verify'])
        equal([verified.code, /is whole/.test(verified.out)], [0, true])
        rig.nodeTalk = ''
        await rig.start()
        equal((await bannedBy(rig)).sort(), ['198.51.100.66', '198.51.100.67'])
        is(await rig.stop(), 0)

        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1k'])
        const full = await rig.run(['start'])
        is(full.code, 74)
        match(full.talk, /got a full disk: free some space.*\(DISK_FULL\)/)
        unlinkSync(filler)

        ok(small(rig.dataDir, '-o', 'remount,ro'))
        const readOnly = await rig.run(['start'])
        is(readOnly.code, 77)
        match(readOnly.talk, /read-only/)
        not.match(readOnly.talk, /mistake of netminder/)
      } finally {
        await rig.stop('SIGKILL')
        spawnSync('umount', ['-l', rig.dataDir])
      }
    }),
  { skip: mounts }
)

test('clients without token, with a wrong host, a gigabyte, or hardly a byte are turned away; others are served', () =>
  scene(async (rig) => {
    await rig.run(['init', '--haproxy-log', rig.log, '--api-port', '0'])
    const config = join(rig.dataDir, 'netminder.toml')
    const text = readFileSync(config, 'utf8')
    writeFileSync(config, text.replace('[api]', '[api]\nrequestTimeoutMs = 1000'))
    await rig.start()
    const { url } = JSON.parse(readFileSync(join(rig.dataDir, 'api.json'), 'utf8')) as {
      url: string
    }
    const token = readFileSync(join(rig.dataDir, 'admin.token'), 'utf8').trim()
    const port = Number(new URL(url).port)
    const ask = async (request: string) => {
      const client = await rawConnection({ port })
      client.socket.write(request)
      await client.closed
      client.socket.destroy()
      return client.received()
    }
    const head = (line: string, ...fields: readonly string[]) =>
      [`${line} HTTP/1.1`, ...fields, 'Connection: close', '', ''].join('\r\n')
    const post = 'POST /api/defense/blocklist'
    const giant = ['Content-Type: application/json', `Content-Length: ${1024 * MIB}`]
    match(
      await ask(head('GET /api/status', 'Host: localhost')),
      /^HTTP\/1\.1 401 [\s\S]*TOKEN_MISSING/
    )
    match(
      await ask(head('GET /healthz', 'Host: evil.example')),
      /^HTTP\/1\.1 403 [\s\S]*HOST_NOT_ALLOWED/
    )
    match(
      await ask(head(post, 'Host: localhost', `Authorization: Bearer ${token}`, ...giant)),
      /^HTTP\/1\.1 413 [\s\S]*BODY_TOO_LONG/
    )
    match(await ask(head(post, 'Host: localhost', ...giant)), /^HTTP\/1\.1 401 /)
    match(await ask('GET /healthz HTTP/1.1\r\nHost: loc'), /^HTTP\/1\.1 408 /)

    const reader = await rawConnection({ port })
    reader.socket.pause()
    reader.socket.write(
      head('GET /api/events', 'Host: localhost', `Authorization: Bearer ${token}`)
    )
    await seesScanner(rig, '198.51.100.66')
    is((await rig.run(['status'])).code, 0)
    const began = performance.now()
    is(await rig.stop(), 0)
    ok(performance.now() - began < 15_000)
    reader.socket.destroy()
  }))
