/**
 * What this machine is connected to and may therefore never block: its own addresses, gateways, resolvers, the peers of its SSH
 * sessions, recon partners, monitoring. Refreshed by the clock; a source that fails keeps what it knew last.
 */
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { type Clock, type Component, findPrefix, messageOf, TaskGroup } from '../base/index.ts'
import type { ProtectedEntry, ProtectedFacts } from '../defense/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { parsePartners } from './recon-partners.ts'
import {
  parseIpv4Gateways,
  parseIpv6Gateways,
  parseResolvers,
  parseTcpPeers
} from './system-tables.ts'

export interface MachineFactsOptions {
  /** Checked configuration: further prefixes that are never acted on. */
  readonly protect: readonly string[]
  readonly monitoring: readonly string[]
  readonly sshPorts: readonly number[]
  readonly intervalMs: number
  readonly statsUrl: string
  readonly statsIntervalMs: number
  readonly statsTimeoutMs: number
  /** @default '/proc' and '/etc': other folders in tests */
  readonly procDir?: string
  readonly etcDir?: string
}

export interface MachineFactsPorts {
  readonly clock: Clock
  readonly logger: Logger
}

type Group = 'machine' | 'partners'
const STATS_BYTES_MAX = 4 * 1024 * 1024
const DNS_TIMEOUT_MS = 5_000
const PARTNERS_MAX = 1_000

export class MachineFacts implements Component {
  readonly name = 'machine-facts'
  readonly #options: MachineFactsOptions
  readonly #ports: MachineFactsPorts
  readonly #listeners = new Set<() => void>()
  readonly #tasks: TaskGroup
  readonly #groups = new Map<Group, readonly ProtectedEntry[]>()
  readonly #failed = new Set<string>()
  #facts: ProtectedFacts
  #stopped = new AbortController()

  constructor(options: MachineFactsOptions, ports: MachineFactsPorts) {
    this.#options = options
    this.#ports = ports
    this.#tasks = new TaskGroup((error) => this.#report('refresh', error))
    this.#facts = { entries: this.#configured() }
  }

  /** The machine's own facts are known before anything is decided; partners follow as soon as the keyserver answers. */
  async start(): Promise<void> {
    this.#stopped = new AbortController()
    const { signal } = this.#stopped
    await this.#readMachine()
    this.#tasks.run(() => this.#readPartners())
    this.#ports.clock.every(this.#options.intervalMs, () => this.#readMachine(), signal)
    this.#ports.clock.every(this.#options.statsIntervalMs, () => this.#readPartners(), signal)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#tasks.drained()
  }

  current(): ProtectedFacts {
    return this.#facts
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  #configured(): ProtectedEntry[] {
    return [
      ...entriesOf('operator-protected', this.#options.protect, 'defense.protect'),
      ...entriesOf('monitoring', this.#options.monitoring, 'defense.monitoring')
    ]
  }

  #put(group: Group, entries: readonly ProtectedEntry[]): void {
    const before = JSON.stringify(this.#groups.get(group) ?? [])
    this.#groups.set(group, entries)
    if (JSON.stringify(entries) === before) return
    this.#facts = { entries: [...this.#configured(), ...[...this.#groups.values()].flat()] }
    for (const listener of this.#listeners) listener()
  }

  async #readMachine(): Promise<void> {
    const own = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
      (addresses ?? []).map(({ address }) => ({ address, name }))
    )
    const entries: ProtectedEntry[] = []
    for (const { address, name } of own) {
      entries.push(...entriesOf('own-address', [address], `interface ${name}`))
    }
    const proc = this.#options.procDir ?? '/proc'
    const etc = this.#options.etcDir ?? '/etc'
    const gateways = [
      ...parseIpv4Gateways(await this.#read(`${proc}/net/route`)),
      ...parseIpv6Gateways(await this.#read(`${proc}/net/ipv6_route`))
    ]
    entries.push(...entriesOf('gateway', gateways, 'default route'))
    const resolvers = parseResolvers(await this.#read(`${etc}/resolv.conf`))
    entries.push(...entriesOf('resolver', resolvers, 'resolv.conf'))
    for (const table of ['tcp', 'tcp6']) {
      const text = await this.#read(`${proc}/net/${table}`)
      const peers = parseTcpPeers(text, this.#options.sshPorts)
      entries.push(...entriesOf('ssh-peer', peers, 'connected over SSH now'))
    }
    this.#put('machine', entries)
  }

  /** A file that is not there (IPv6 turned off, another system) tells nothing. */
  async #read(path: string): Promise<string> {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      this.#ports.logger.debug({ path, reason: messageOf(error) }, 'could not read system table')
      return ''
    }
  }

  async #readPartners(): Promise<void> {
    try {
      const partners = parsePartners(await this.#fetchStats()).slice(0, PARTNERS_MAX)
      const entries: ProtectedEntry[] = []
      for (const partner of partners) {
        const addresses = await resolveHost(partner.host)
        entries.push(...entriesOf('recon-partner', addresses, partner.name || partner.host))
      }
      this.#failed.delete('recon partners')
      this.#put('partners', entries)
    } catch (error) {
      this.#report('recon partners', error)
    }
  }

  async #fetchStats(): Promise<string> {
    const url = new URL('/pks/lookup?op=stats&options=mr', this.#options.statsUrl)
    const signal = AbortSignal.any([
      this.#stopped.signal,
      AbortSignal.timeout(this.#options.statsTimeoutMs)
    ])
    const response = await fetch(url, { signal, redirect: 'error' })
    if (!response.ok) {
      throw new Error(`expected statistics from ${url.origin}, got status ${response.status}`)
    }
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > STATS_BYTES_MAX) throw new Error(`expected at most ${STATS_BYTES_MAX} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  /** Once for each failure in a row, not every few minutes. */
  #report(what: string, error: unknown): void {
    if (this.#stopped.signal.aborted || this.#failed.has(what)) return
    this.#failed.add(what)
    const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : ''
    this.#ports.logger.warn(
      { what, reason: messageOf(error), cause },
      'could not refresh protected addresses; what was known stays'
    )
  }
}

function entriesOf(kind: string, addresses: readonly string[], detail: string): ProtectedEntry[] {
  const entries: ProtectedEntry[] = []
  for (const address of new Set(addresses)) {
    const prefix = findPrefix(address.split('%', 1)[0] ?? '')
    // An unconfigured interface shows 0.0.0.0 or ::, which is nobody.
    if (prefix !== undefined && !/^(?:0\.0\.0\.0|::)\//.test(prefix.text)) {
      entries.push({ prefix: prefix.text, kind, detail })
    }
  }
  return entries
}

async function resolveHost(host: string): Promise<readonly string[]> {
  const literal = host.startsWith('[') ? host.slice(1, -1) : host
  if (findPrefix(literal) !== undefined) return [literal]
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<[]>((resolve) => {
    timer = setTimeout(() => resolve([]), DNS_TIMEOUT_MS)
  })
  try {
    const found = await Promise.race([lookup(literal, { all: true }), timeout])
    return found.map(({ address }) => address)
  } catch {
    // A partner whose name does not resolve cannot be protected by name; the others still are.
    return []
  } finally {
    clearTimeout(timer)
  }
}
