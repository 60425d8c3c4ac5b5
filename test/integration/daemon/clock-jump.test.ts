/** The clock of the machine is set while a whole node runs: what stands keeps the time it had left, and the next attack is seen. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { equal, is, ok } from 'uvu/assert'
import { ApiClient } from '../../../src/api/index.ts'
import { SystemClock } from '../../../src/base/index.ts'
import { loadConfig } from '../../../src/config/index.ts'
import { NetminderNode } from '../../../src/daemon/node.ts'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { back, front } from '../../support/log-lines.ts'
import { suite } from '../../support/suite.ts'

const test = suite('a clock that is set while the node runs', { timeoutMs: 60_000 })
const HOUR_MS = 3_600_000
const BAN_MS = 30 * 60_000
const DEADLINE_MS = 15_000

/** The system's clock as an administrator would set it; the monotonic one is out of his reach. */
class SetClock extends SystemClock {
  offsetMs = 0

  override nowMs(): number {
    return super.nowMs() + this.offsetMs
  }
}

const CONFIG = (log: string) => `[api]
port = 0
[detection]
treatAsPublic = ["198.51.100.0/24"]
[[sources]]
name = "haproxy"
format = "haproxy"
path = "${log}"
timeZone = "UTC"
`

for (const { name, jumpMs } of [
  { name: 'forward by a day', jumpMs: 24 * HOUR_MS },
  { name: 'back by three hours', jumpMs: -3 * HOUR_MS }
]) {
  test(`set ${name}`, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'netminder-clock-'))
    const log = join(dataDir, 'haproxy.log')
    writeFileSync(log, '')
    writeFileSync(join(dataDir, 'netminder.toml'), CONFIG(log))
    const clock = new SetClock()
    const node = new NetminderNode(
      {
        dataDir,
        config: loadConfig({ dataDir, environment: {} }).config,
        service: { wantsNotification: false, watchdogMs: undefined }
      },
      { clock, logger: NULL_LOGGER }
    )
    let port = 20_000
    const scan = (client: string) => {
      for (const path of ['/wp-login.php', '/.env', '/.git/config', '/phpmyadmin/index.php']) {
        const request = `GET ${path} HTTP/1.1`
        const fields = { client, port: port++, atMs: clock.nowMs(), request, status: 404 }
        appendFileSync(log, `${back(fields)}\n${front(fields)}\n`)
      }
    }
    try {
      await node.start(new AbortController().signal)
      const token = readFileSync(join(dataDir, 'admin.token'), 'utf8').trim()
      const api = new ApiClient({ url: node.url, token })
      const bans = async () =>
        (await api.call('listDecisions', { query: { type: 'ban' } })).items.map((decision) => ({
          value: decision.value,
          leftMs: Date.parse(decision.until) - clock.nowMs()
        }))
      const until = async (count: number) => {
        const deadlineMs = performance.now() + DEADLINE_MS
        for (;;) {
          const found = await bans()
          if (found.length === count || performance.now() > deadlineMs) return found
          await wait(50)
        }
      }
      scan('198.51.100.66')
      is((await until(1)).length, 1)
      clock.offsetMs += jumpMs
      // Some ticks, each of which could end what stands or give it another day.
      await wait(2_500)
      scan('198.51.100.67')
      const found = await until(2)
      equal(found.map(({ value }) => value).sort(), ['198.51.100.66', '198.51.100.67'])
      for (const { value, leftMs } of found) {
        ok(leftMs > BAN_MS - 60_000 && leftMs <= BAN_MS + 5_000, `${value}: ${leftMs} ms left`)
      }
    } finally {
      await node.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
}
