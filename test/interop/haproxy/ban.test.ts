/** Bans and throttles at the real HAProxy: who is turned away, who is not, and when it ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is } from 'uvu/assert'
import { type ActuatorEntry, createActuator } from '../../../src/keyserver/index.ts'
import { HaproxyFixture, noHaproxy } from '../../support/haproxy.ts'
import { suite } from '../../support/suite.ts'

const test = suite('HAProxy: bans and throttles', { skip: noHaproxy })
const signal = new AbortController().signal
let haproxy: HaproxyFixture
let records: string

test.before(async () => {
  haproxy = new HaproxyFixture({ list: '# by hand\n127.0.2.99\n' })
  records = mkdtempSync(join(tmpdir(), 'netminder-records-'))
  await haproxy.start()
})
test.after(async () => {
  await haproxy.dispose()
  rmSync(records, { recursive: true, force: true })
})

function actuator() {
  return createActuator(
    {
      kind: 'haproxy',
      name: 'haproxy',
      listPath: haproxy.listPath,
      listPathInProxy: '',
      socket: haproxy.socketPath,
      throttleTable: 'st_info_crawler',
      commandTimeoutMs: 2_000
    },
    { recordDir: records, findProtection: () => undefined, nowMs: () => 1_000 }
  )
}

function ban(address: string): ActuatorEntry {
  return { prefix: `${address}/32`, action: 'ban', untilMs: 61_000, decisionId: 'd' }
}

test('a ban turns its source away and nobody else, and its lift ends it', async () => {
  const report = await actuator().apply([ban('127.0.2.1')], signal)
  equal(report, { added: 1, removed: 0, mended: 0, refused: [] })
  is(await haproxy.status('127.0.2.1'), 403)
  is(await haproxy.status('127.0.2.2'), 200)
  is(await haproxy.status('127.0.2.99'), 403)
  equal((await actuator().apply([], signal)).removed, 1)
  is(await haproxy.status('127.0.2.1'), 200)
  is(await haproxy.status('127.0.2.99'), 403)
  is(haproxy.file(), '# by hand\n127.0.2.99\n')
})
