/**
 * What this machine is connected to and may therefore never block: its own addresses, gateways, resolvers, the peers of its SSH
 * sessions, recon partners, monitoring. Refreshed by the clock; a source that fails keeps what it knew last.
 */
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { type Clock, type Component, findPrefix, messageOf, TaskGroup } from '../base/index.ts'
import type { ProtectedEntry, ProtectedFacts } from '../defense/index.ts'
import type { Logger } from '../telemetry/index.ts'
import type { KnownPartner } from './partner-book.ts'
import { PartnerWatch, type PartnerWatchOptions } from './partner-watch.ts'
import {
  parseIpv4Gateways,
  parseIpv6Gateways,
  parseResolvers,
  parseTcpPeers
} from './system-tables.ts'

export interface MachineFactsOptions extends PartnerWatchOptions {
  /** Checked configuration: further prefixes that are never acted on. */
  readonly protect: readonly string[]
  readonly monitoring: readonly string[]
  readonly sshPorts: readonly number[]
  readonly intervalMs: number
  /** @default '/proc', '/etc' and '/run': other folders in tests */
  readonly procDir?: string
  readonly etcDir?: string
  readonly runDir?: string
}

export interface MachineFactsPorts {
  readonly clock: Clock
  readonly logger: Logger
  /** @default the system's resolver */
  readonly resolveName?: (name: string) => Promise<readonly string[]>
}

type Group = 'machine' | 'partners'

export class MachineFacts implements Component {
  readonly name = 'machine-facts'
  readonly #options: MachineFactsOptions
  readonly #ports: MachineFactsPorts
  readonly #listeners = new Set<() => void>()
  readonly #tasks: TaskGroup
  readonly #partners: PartnerWatch
  readonly #groups = new Map<Group, readonly ProtectedEntry[]>()
  readonly #failed = new Set<string>()
  #facts: ProtectedFacts
  #stopped = new AbortController()

  constructor(options: MachineFactsOptions, ports: MachineFactsPorts) {
    this.#options = options
    this.#ports = ports
    this.#tasks = new TaskGroup((error) => this.#report('refresh', error))
    this.#partners = new PartnerWatch(options, {
      clock: ports.clock,
      resolveName: ports.resolveName,
      onKnown: (partners) => this.#put('partners', partnerEntries(partners)),
      onOutcome: (what, error) => {
        if (error === undefined) this.#failed.delete(what)
        else this.#report(what, error)
      }
    })
    this.#facts = { entries: this.#configured() }
  }

  /**
   * The machine's own facts, and the partners that an earlier run knew, are known before anything is decided; the partners of now
   * follow as soon as the keyserver answers.
   */
  async start(): Promise<void> {
    this.#stopped = new AbortController()
    const { signal } = this.#stopped
    await this.#readMachine()
    await this.#partners.restore()
    this.#tasks.run(() => this.#partners.follow(signal))
    this.#ports.clock.every(this.#options.intervalMs, () => this.#readMachine(), signal)
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
    // Behind its stub at 127.0.0.53 systemd-resolved asks others, which it writes down here (systemd-resolved.service(8)).
    const run = this.#options.runDir ?? '/run'
    const resolvers = [
      ...parseResolvers(await this.#read(`${etc}/resolv.conf`)),
      ...parseResolvers(await this.#read(`${run}/systemd/resolve/resolv.conf`))
    ]
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

function partnerEntries(partners: readonly KnownPartner[]): ProtectedEntry[] {
  return partners.flatMap(({ name, host, addresses }) =>
    entriesOf('recon-partner', addresses, name || host)
  )
}
