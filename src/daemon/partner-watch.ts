/**
 * Keeps the book of recon partners current: reads the keyserver's statistics, resolves the names, writes the book down for the
 * next start. What fails is tried again soon; until then what was known last holds.
 */
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { type Clock, findPrefix } from '../base/index.ts'
import { replaceFileSync } from '../store/index.ts'
import { type KnownPartner, PARTNERS_MAX, PartnerBook, type Sighting } from './partner-book.ts'
import { parsePartners } from './recon-partners.ts'

export interface PartnerWatchOptions {
  readonly statsUrl: string
  readonly statsIntervalMs: number
  readonly statsTimeoutMs: number
  /** Where the partners are kept over a restart. */
  readonly partnersFile: string
}

export interface PartnerWatchPorts {
  readonly clock: Clock
  readonly onKnown: (partners: readonly KnownPartner[]) => void
  /** Something failed, or works again: then the error is undefined. */
  readonly onOutcome: (what: string, error: unknown) => void
  /** Addresses of a name; rejects if it does not resolve. @default the system's resolver */
  readonly resolveName?: ((name: string) => Promise<readonly string[]>) | undefined
}

const STATS_BYTES_MAX = 4 * 1024 * 1024
const DNS_TIMEOUT_MS = 5_000
/** For all names of a refresh: behind a resolver that is silent a thousand of them would take more than an hour. */
const NAMES_TIMEOUT_MS = 60_000
const RETRY_FIRST_MS = 10_000

export class PartnerWatch {
  readonly #options: PartnerWatchOptions
  readonly #ports: PartnerWatchPorts
  readonly #book = new PartnerBook()

  constructor(options: PartnerWatchOptions, ports: PartnerWatchPorts) {
    this.#options = options
    this.#ports = ports
  }

  /** What an earlier run knew. */
  async restore(): Promise<void> {
    const { clock, onKnown, onOutcome } = this.#ports
    try {
      this.#book.restore(await readFile(this.#options.partnersFile, 'utf8'), clock.nowMs())
      onKnown(this.#book.known())
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onOutcome('file of partners', error)
    }
  }

  /** Until the signal aborts; then it rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports
    const { statsIntervalMs } = this.#options
    let refreshedAtMs = Number.NEGATIVE_INFINITY
    let retryMs = RETRY_FIRST_MS
    let lastFailure: string | undefined
    for (;;) {
      // A timer may ring a little early.
      const isRetry = clock.monotonicMs() - refreshedAtMs < statsIntervalMs * 0.9
      if (!isRetry) refreshedAtMs = clock.monotonicMs()
      const failure = await this.#refresh(isRetry, signal)
      // Another failure than before, a keyserver that restarts while one name is dead for long, is tried again soon.
      if (failure !== lastFailure) retryMs = RETRY_FIRST_MS
      lastFailure = failure
      const waitMs = failure === undefined ? statsIntervalMs : Math.min(retryMs, statsIntervalMs)
      retryMs = Math.min(retryMs * 2, statsIntervalMs)
      await clock.sleep(waitMs, signal)
    }
  }

  /** What failed; undefined if nothing did. */
  async #refresh(isRetry: boolean, signal: AbortSignal): Promise<string | undefined> {
    const { clock, onKnown, onOutcome } = this.#ports
    let sightings: readonly Sighting[]
    try {
      const partners = parsePartners(await this.#fetchStats(signal)).slice(0, PARTNERS_MAX)
      onOutcome('recon partners', undefined)
      const endMs = clock.monotonicMs() + NAMES_TIMEOUT_MS
      const found: Sighting[] = []
      for (const partner of partners) {
        signal.throwIfAborted()
        const isLate = clock.monotonicMs() > endMs
        const addresses = await this.#resolve(partner.host, isLate)
        found.push({ ...partner, addresses })
      }
      sightings = found
    } catch (error) {
      signal.throwIfAborted()
      onOutcome('recon partners', error)
      return 'statistics'
    }
    this.#book.update(sightings, { nowMs: clock.nowMs(), isRetry })
    onKnown(this.#book.known())
    this.#save()
    const unresolved = sightings.filter(({ addresses }) => addresses === undefined)
    const failure =
      unresolved.length === 0
        ? undefined
        : new Error(`${unresolved.length} of ${sightings.length} names did not resolve`)
    onOutcome('names of recon partners', failure)
    return failure === undefined ? undefined : unresolved.map(({ host }) => host).join(' ')
  }

  #save(): void {
    try {
      replaceFileSync(this.#options.partnersFile, this.#book.render())
      this.#ports.onOutcome('file of partners', undefined)
    } catch (error) {
      this.#ports.onOutcome('file of partners', error)
    }
  }

  async #fetchStats(stopped: AbortSignal): Promise<string> {
    const url = new URL('/pks/lookup?op=stats&options=mr', this.#options.statsUrl)
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(this.#options.statsTimeoutMs)])
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

  async #resolve(host: string, isLate: boolean): Promise<readonly string[] | undefined> {
    const literal = host.startsWith('[') ? host.slice(1, -1) : host
    if (findPrefix(literal) !== undefined) return [literal]
    if (isLate) return undefined
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), DNS_TIMEOUT_MS)
    })
    try {
      const resolveName = this.#ports.resolveName ?? lookupAll
      const found = await Promise.race([resolveName(literal), timeout])
      return found === undefined || found.length === 0 ? undefined : found
    } catch {
      // The others still are protected by their names, and this one by what it was known as.
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }
}

async function lookupAll(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address)
}
