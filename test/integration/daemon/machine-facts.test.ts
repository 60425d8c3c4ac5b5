/** What is protected while the sources of that knowledge fail: statistics over a loopback socket, names by a fake resolver. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { equal, is, match } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { MachineFacts } from '../../../src/daemon/machine-facts.ts'
import { type Logger, NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('facts about the machine')
const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
const START_MS = 1_000 * DAY_MS

/** Says when the watch of partners has worked an answer off: it is the only one that sleeps. */
class SleepCountingClock extends ManualClock {
  sleeps = 0

  override sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    this.sleeps++
    return super.sleep(durationMs, signal)
  }
}

class Scene {
  readonly dir = mkdtempSync(join(tmpdir(), 'netminder-facts-'))
  readonly clock = new SleepCountingClock(START_MS)
  readonly names = new Map<string, readonly string[]>()
  readonly warnings: string[] = []
  partners: readonly string[] = []
  isUp = true
  asked = 0
  facts: MachineFacts | undefined
  readonly #server = createServer((_request, answer) => {
    this.asked++
    answer.statusCode = this.isUp ? 200 : 502
    const peers = this.partners.map((host) => ({ Name: host, ReconAddr: `${host}:11370` }))
    answer.end(JSON.stringify({ Peers: peers }))
  })

  async start(): Promise<void> {
    if (!this.#server.listening) {
      this.#server.listen(0, '127.0.0.1')
      await new Promise((resolve) => this.#server.once('listening', resolve))
    }
    const { port } = this.#server.address() as AddressInfo
    const { sleeps } = this.clock
    const logger: Logger = {
      ...NULL_LOGGER,
      warn: (fields) => {
        this.warnings.push(`${fields['what']}: ${fields['reason']}`)
      }
    }
    this.facts = new MachineFacts(
      {
        protect: [],
        monitoring: [],
        sshPorts: [],
        intervalMs: MINUTE_MS,
        statsUrl: `http://127.0.0.1:${port}`,
        statsIntervalMs: 15 * MINUTE_MS,
        statsTimeoutMs: 5_000,
        partnersFile: join(this.dir, 'recon-partners.json'),
        procDir: join(this.dir, 'proc'),
        etcDir: join(this.dir, 'etc'),
        runDir: join(this.dir, 'run')
      },
      {
        clock: this.clock,
        logger,
        resolveName: async (name) => {
          const found = this.names.get(name)
          if (found === undefined) throw new Error('ENOTFOUND')
          return found
        }
      }
    )
    await this.facts.start()
    while (this.clock.sleeps === sleeps) await turn()
  }

  /** Moves the clock by so much, and waits until the statistics were worked off if they are due. */
  async pass(durationMs: number, isAsked = true): Promise<void> {
    const { asked } = this
    const { sleeps } = this.clock
    await this.clock.advance(durationMs)
    while (isAsked && this.clock.sleeps === sleeps) await turn()
    is(this.asked > asked, isAsked, `asked after ${durationMs} ms`)
  }

  of(kind: string): string[] {
    return (this.facts?.current().entries ?? [])
      .filter((entry) => entry.kind === kind)
      .map(({ prefix }) => prefix)
  }

  async close(): Promise<void> {
    await this.facts?.stop()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.dir, { recursive: true, force: true })
  }
}

async function inScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = new Scene()
  try {
    await work(scene)
  } finally {
    await scene.close()
  }
}

test('partners stay protected while DNS fails, which is said once and tried again soon', () =>
  inScene(async (scene) => {
    scene.partners = ['a.example', 'b.example', '9.9.9.7']
    scene.names.set('a.example', ['9.9.9.1']).set('b.example', ['9.9.9.2', '2600::2'])
    await scene.start()
    const all = ['9.9.9.1/32', '9.9.9.2/32', '2600::2/128', '9.9.9.7/32']
    equal(scene.of('recon-partner'), all)
    scene.names.clear()
    await scene.pass(15 * MINUTE_MS)
    equal(scene.of('recon-partner'), all)
    await scene.pass(10_000)
    await scene.pass(10_000, false)
    await scene.pass(10_000)
    equal(scene.of('recon-partner'), all)
    equal(scene.warnings, ['names of recon partners: 2 of 3 names did not resolve'])
    scene.names.set('a.example', ['9.9.9.3']).set('b.example', ['9.9.9.2'])
    await scene.pass(40_000)
    equal(scene.of('recon-partner'), ['9.9.9.3/32', '9.9.9.2/32', '9.9.9.7/32'])
    await scene.pass(14 * MINUTE_MS, false)
  }))

test('partners are known at once after a restart, though neither keyserver nor DNS answer', () =>
  inScene(async (scene) => {
    scene.partners = ['a.example']
    scene.names.set('a.example', ['9.9.9.1'])
    await scene.start()
    await scene.facts?.stop()
    is(existsSync(join(scene.dir, 'recon-partners.json')), true)
    scene.names.clear()
    scene.isUp = false
    await scene.start()
    equal(scene.of('recon-partner'), ['9.9.9.1/32'])
    await scene.pass(10_000)
    equal(scene.of('recon-partner'), ['9.9.9.1/32'])
    is(scene.warnings.length, 1)
    match(scene.warnings[0] ?? '', 'status 502')
    scene.isUp = true
    await scene.pass(20_000)
    equal(scene.of('recon-partner'), ['9.9.9.1/32'])
    await scene.facts?.stop()
    scene.clock.jumpTo(START_MS + 31 * DAY_MS)
    await scene.start()
    equal(scene.of('recon-partner'), [])
  }))

test('a damaged file of partners is said and written anew', () =>
  inScene(async (scene) => {
    writeFileSync(join(scene.dir, 'recon-partners.json'), '{"format":1,"part')
    scene.partners = ['9.9.9.7']
    await scene.start()
    match(scene.warnings.join(), /^file of partners: /)
    equal(scene.of('recon-partner'), ['9.9.9.7/32'])
    await scene.facts?.stop()
    scene.isUp = false
    await scene.start()
    equal(scene.of('recon-partner'), ['9.9.9.7/32'])
  }))

test('protects the resolvers behind the stub of systemd-resolved', () =>
  inScene(async (scene) => {
    mkdirSync(join(scene.dir, 'etc'))
    mkdirSync(join(scene.dir, 'run', 'systemd', 'resolve'), { recursive: true })
    writeFileSync(join(scene.dir, 'etc', 'resolv.conf'), 'nameserver 127.0.0.53\n')
    writeFileSync(
      join(scene.dir, 'run', 'systemd', 'resolve', 'resolv.conf'),
      '# real ones\nnameserver 9.9.9.9\nnameserver fe80::1%eth0\nnameserver 127.0.0.53\n'
    )
    await scene.start()
    equal(scene.of('resolver'), ['127.0.0.53/32', '9.9.9.9/32', 'fe80::1/128'])
  }))
