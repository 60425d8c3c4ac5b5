/** What the two programs write without being asked: health checks, notices at start and reload, gossip's own rounds, incidents. */
import type { Draw } from './draw.ts'
import { reloadNotices, startNotices } from './haproxy/haproxy-writer.ts'
import { accessLine, endpoint, infoLine } from './keyserver/hockeypuck-writer.ts'
import type { KeyserverModel } from './keyserver/keyserver-model.ts'
import type { LineQueue } from './output/line-queue.ts'
import type { Incident } from './scenario.ts'
import type { World } from './world.ts'

export interface Timed {
  readonly atMs: number
  readonly run: () => void
}

export interface BackgroundPorts {
  readonly haproxyLog: LineQueue
  readonly hockeypuckLog: LineQueue
  readonly keyserver: KeyserverModel
  readonly draw: Draw
}

const HEALTH_EVERY_MS = 5_000
/** HAProxy checks each of its two back ends. */
const HEALTH_CHECKS = 2
const RELOAD_EVERY_MS = 1_800_000
const GOSSIP_MS = 60_000

export function backgroundOf(
  world: World,
  facts: { readonly incidents: readonly Incident[]; readonly capacity: number },
  ports: BackgroundPorts
): readonly Iterator<Timed>[] {
  return [
    healthChecks(world, ports),
    reloads(world, ports),
    gossip(world, ports),
    incidents(facts, ports.keyserver)
  ]
}

function* healthChecks(world: World, { hockeypuckLog, draw }: BackgroundPorts): Generator<Timed> {
  const { fromMs, toMs } = world.span
  for (let atMs = fromMs; atMs < toMs; atMs += HEALTH_EVERY_MS / HEALTH_CHECKS) {
    const durationMs = draw.logNormal(0.037, 0.4)
    const access = {
      method: 'GET',
      target: '/pks/health',
      host: world.host,
      status: 200,
      durationMs
    }
    yield { atMs, run: () => hockeypuckLog.push(atMs, accessLine(atMs, access)) }
  }
}

function* reloads(
  world: World,
  { haproxyLog, hockeypuckLog, draw }: BackgroundPorts
): Generator<Timed> {
  const { fromMs, toMs } = world.span
  const master = draw.between(1_200, 9_000)
  let worker = master + draw.between(12, 40)
  const push = (atMs: number, lines: readonly string[]) => {
    for (const line of lines) haproxyLog.push(atMs, line)
  }
  yield {
    atMs: fromMs,
    run: () => {
      push(fromMs, startNotices(master, worker))
      hockeypuckLog.push(fromMs, infoLine(fromMs, 'metrics: starting'))
    }
  }
  for (let atMs = fromMs + RELOAD_EVERY_MS; atMs < toMs; atMs += RELOAD_EVERY_MS) {
    const next = worker + draw.between(400, 14_000)
    const facts = { master, worker, next, requests: draw.between(1_000, 60_000) }
    worker = next
    yield { atMs, run: () => push(atMs, reloadNotices(facts)) }
  }
}

/** Our own turn to ask a partner; mostly there is nothing to fetch. */
function* gossip(world: World, { hockeypuckLog, draw }: BackgroundPorts): Generator<Timed> {
  const { fromMs, toMs } = world.span
  const label = ' label="gossip 0.0.0.0:11370"'
  for (
    let atMs = fromMs + draw.uniform(5_000, GOSSIP_MS);
    atMs < toMs;
    atMs += draw.uniform(45_000, 75_000)
  ) {
    const peer = draw.below(3)
    const address = world.places.peers[peer] ?? ''
    const name = `peer${peer + 1}.example`
    const remote = ` remoteAddr="${endpoint(address, 11_370)}"`
    const next = draw.between(45, 75)
    const waiting = next < 60 ? `${next}s` : `1m${next - 60}s`
    const lines = [
      infoLine(
        atMs,
        `initiating recon to [recon=${name}:11370, http=${name}:11371, weight=0, addr=${endpoint(address, 11_370)}, ips=[${address}]]`,
        label
      ),
      infoLine(atMs, 'reconciliation done', label + remote),
      infoLine(atMs, `waiting ${waiting} for next gossip attempt`, label)
    ]
    yield {
      atMs,
      run: () => {
        for (const line of lines) hockeypuckLog.push(atMs, line)
      }
    }
  }
}

function* incidents(
  facts: { readonly incidents: readonly Incident[]; readonly capacity: number },
  keyserver: KeyserverModel
): Generator<Timed> {
  const changes = facts.incidents.flatMap(({ fromMs, toMs, capacity }) => [
    { atMs: fromMs, capacity },
    { atMs: toMs, capacity: facts.capacity }
  ])
  for (const { atMs, capacity } of changes.sort((a, b) => a.atMs - b.atMs)) {
    yield { atMs, run: () => keyserver.setCapacity(capacity) }
  }
}
