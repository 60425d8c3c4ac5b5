/** One prefix a line in a file of its own, for whatever reads such files (nftables scripts, nginx includes, other proxies). */
import { dirname } from 'node:path'
import { displayPrefix, findPrefix, type PrefixText } from '../../base/index.ts'
import type {
  Actuator,
  ActuatorAction,
  ActuatorEntry,
  ActuatorProblem,
  ApplyReport,
  ProtectionCheck
} from './actuator.ts'
import { HeldRecord } from './held-record.ts'
import { isWritableDirectory, readListFile, writeListFile } from './list-file.ts'

export interface PlainListOptions {
  readonly name: string
  readonly listPath: string
  readonly action: ActuatorAction
  readonly recordPath: string
}

export interface PlainListPorts {
  readonly findProtection: ProtectionCheck
  readonly nowMs: () => number
}

export class PlainListActuator implements Actuator {
  readonly kind = 'plain-list'
  readonly name: string
  readonly actions: readonly ActuatorAction[]
  readonly #options: PlainListOptions
  readonly #ports: PlainListPorts
  readonly #record: HeldRecord

  constructor(options: PlainListOptions, ports: PlainListPorts) {
    this.name = options.name
    this.actions = [options.action]
    this.#options = options
    this.#ports = ports
    this.#record = new HeldRecord(options.recordPath)
  }

  async apply(desired: readonly ActuatorEntry[]): Promise<ApplyReport> {
    const { wanted, refused } = this.#plan(desired)
    const known = new Set((await this.#record.read()).map((entry) => entry.prefix))
    await this.#record.write([...wanted.values()])
    const contents = await readListFile(this.#options.listPath)
    const own = new Set(contents.own)
    const added = [...wanted.keys()].filter((prefix) => !own.has(prefix))
    const removed = [...own].filter((prefix) => !wanted.has(prefix))
    if (added.length + removed.length > 0) {
      const { foreignLines } = contents
      await writeListFile(this.#options.listPath, { foreignLines, own: [...wanted.keys()] })
    }
    const mended = added.filter((prefix) => known.has(prefix)).length
    return { added: added.length, removed: removed.length, mended, refused }
  }

  async held(): Promise<readonly ActuatorEntry[]> {
    const own = new Set((await readListFile(this.#options.listPath)).own)
    return (await this.#record.read()).filter((entry) => own.has(entry.prefix))
  }

  async dryRun(desired: readonly ActuatorEntry[]): Promise<readonly string[]> {
    const { wanted, refused } = this.#plan(desired)
    const own = new Set((await readListFile(this.#options.listPath)).own)
    const { listPath } = this.#options
    return [
      ...refused.map(({ prefix, reason }) => `refuse ${prefix}: ${reason}`),
      ...[...wanted.keys()]
        .filter((prefix) => !own.has(prefix))
        .map((prefix) => `${listPath}: + ${prefix}`),
      ...[...own]
        .filter((prefix) => !wanted.has(prefix))
        .map((prefix) => `${listPath}: - ${prefix}`)
    ]
  }

  async check(): Promise<readonly ActuatorProblem[]> {
    if (await isWritableDirectory(dirname(this.#options.listPath))) return []
    return [
      {
        code: 'LIST_UNWRITABLE',
        message: `${this.name}: the directory of ${this.#options.listPath} cannot be written`,
        cure: 'make the directory and give the user of netminder write access to it'
      }
    ]
  }

  describe(entry: ActuatorEntry): string {
    const prefix = findPrefix(entry.prefix)
    const shown = prefix === undefined ? entry.prefix : displayPrefix(prefix)
    return entry.action === this.#options.action
      ? `${this.name}: ${shown} stands in ${this.#options.listPath} until ${new Date(entry.untilMs).toISOString()}`
      : `${this.name}: holds no entries of type ${entry.action}`
  }

  #plan(desired: readonly ActuatorEntry[]) {
    const wanted = new Map<PrefixText, ActuatorEntry>()
    const refused: { prefix: PrefixText; reason: string }[] = []
    for (const entry of desired) {
      if (entry.action !== this.#options.action || entry.untilMs <= this.#ports.nowMs()) continue
      const reason = this.#ports.findProtection(entry.prefix)
      if (reason === undefined) wanted.set(entry.prefix, entry)
      else refused.push({ prefix: entry.prefix, reason })
    }
    return { wanted, refused }
  }
}
