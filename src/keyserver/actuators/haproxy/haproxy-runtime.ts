/** What HAProxy holds while it runs: reads the list and the table, and changes them by the smallest means. */
import { basename, dirname } from 'node:path'
import { displayPrefix, findPrefix, type PrefixText } from '../../../base/index.ts'
import { KeyserverError } from '../../errors.ts'
import {
  type AclList,
  parseAclEntries,
  parseAclLists,
  parseInfo,
  parsePreparedVersion,
  parseTable,
  tableKey
} from './answers.ts'
import { RuntimeClient } from './runtime-client.ts'

export interface HaproxyRuntimeOptions {
  readonly socket: string
  readonly timeoutMs: number
  /** Undefined: bans are not carried out here. */
  readonly listPath: string | undefined
  /** False: the path may differ in front (a container); the last two parts decide. */
  readonly isListPathExact: boolean
  readonly throttleTable: string | undefined
}

export interface RunningState {
  /** Prefix as HAProxy spells it, by canonical prefix. */
  readonly listed: ReadonlyMap<PrefixText, string>
  readonly throttled: ReadonlySet<PrefixText>
}

export interface RunningGoal {
  readonly listed: ReadonlySet<PrefixText>
  readonly throttled: ReadonlySet<PrefixText>
  /** Entries that we had put in place. */
  readonly ownListed: ReadonlySet<PrefixText>
  readonly ownThrottled: ReadonlySet<PrefixText>
  /** Entries of the operator's own lines: never removed. */
  readonly foreign: ReadonlySet<PrefixText>
}

export interface RunningReport {
  readonly added: number
  readonly removed: number
  /** Entries of ours that had vanished (a reload empties the running list down to the file). */
  readonly mended: number
  readonly commands: readonly string[]
}

/** Above this many changes the whole list is replaced in one commit. */
const SINGLE_CHANGES_MAX = 500
/** The stock rule denies from `gpc0 > 5` on. */
const CRAWLER_COUNT = 6

export class HaproxyRuntime {
  readonly #options: HaproxyRuntimeOptions
  readonly #client: RuntimeClient

  constructor(options: HaproxyRuntimeOptions) {
    this.#options = options
    this.#client = new RuntimeClient(options)
  }

  async info(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return parseInfo(await this.#client.run('show info', signal))
  }

  run(command: string, signal: AbortSignal): Promise<string> {
    return this.#client.run(command, signal)
  }

  /** @throws {HAPROXY_SETUP_MISSING} if HAProxy has not loaded the list */
  async findList(signal: AbortSignal): Promise<AclList> {
    const path = this.#options.listPath ?? ''
    const lists = parseAclLists(await this.#client.run('show acl', signal))
    const exact = lists.find((list) => list.file === path)
    if (exact !== undefined) return exact
    const tail = `/${basename(dirname(path))}/${basename(path)}`
    const similar = this.#options.isListPathExact
      ? []
      : lists.filter((list) => list.file.endsWith(tail))
    const [only] = similar
    if (only !== undefined && similar.length === 1) return only
    throw new KeyserverError(
      'HAPROXY_SETUP_MISSING',
      `expected HAProxy to have loaded ${path} for an acl, got ${lists.filter((list) => list.file !== '').length} other list(s); set listPathInProxy to the name in its configuration`,
      { context: { path } }
    )
  }

  async read(signal: AbortSignal): Promise<RunningState> {
    let listed: ReadonlyMap<PrefixText, string> = new Map()
    if (this.#options.listPath !== undefined) {
      const list = await this.findList(signal)
      listed = parseAclEntries(await this.#client.run(`show acl #${list.id}`, signal))
    }
    return { listed, throttled: await this.#readTable(signal) }
  }

  async #readTable(signal: AbortSignal): Promise<ReadonlySet<PrefixText>> {
    const table = this.#options.throttleTable
    if (table === undefined) return new Set()
    const answer = await this.#client.run(
      `show table ${table} data.gpc0 gt ${CRAWLER_COUNT - 1}`,
      signal
    )
    if (!answer.startsWith('#')) {
      throw new KeyserverError(
        'HAPROXY_SETUP_MISSING',
        `expected HAProxy to have the table ${table} with gpc0, got: ${answer.trim().slice(0, 200)}`,
        { context: { table } }
      )
    }
    return new Set(parseTable(answer).map((entry) => entry.prefix))
  }

  async apply(
    goal: RunningGoal,
    how: { readonly signal: AbortSignal; readonly isDry: boolean }
  ): Promise<RunningReport> {
    const state = await this.read(how.signal)
    const list = this.#applyList(goal, state)
    const table = this.#applyTable(goal, state)
    const commands = [...list.commands, ...table.commands]
    if (!how.isDry) {
      if (list.isReplacement) await this.#replaceList(list.all, how.signal)
      else await this.#client.runQuietly(await this.#named(list.commands, how.signal), how.signal)
      await this.#client.runQuietly(table.commands, how.signal)
    }
    return {
      added: list.added.length + table.added.length,
      removed: list.removed.length + table.removed.length,
      mended:
        list.added.filter((prefix) => goal.ownListed.has(prefix)).length +
        table.added.filter((prefix) => goal.ownThrottled.has(prefix)).length,
      commands
    }
  }

  #applyList(goal: RunningGoal, state: RunningState) {
    const added = [...goal.listed].filter((prefix) => !state.listed.has(prefix))
    const removed = [...goal.ownListed].filter(
      (prefix) => !goal.listed.has(prefix) && !goal.foreign.has(prefix) && state.listed.has(prefix)
    )
    const isReplacement = added.length + removed.length > SINGLE_CHANGES_MAX
    const gone = new Set(removed)
    const all = [...state.listed.keys(), ...added].filter((prefix) => !gone.has(prefix))
    const commands = isReplacement
      ? [
          `prepare acl LIST`,
          `add acl @VERSION LIST … (${all.length} entries)`,
          'commit acl @VERSION LIST'
        ]
      : [
          ...added.map((prefix) => `add acl LIST ${spelled(prefix)}`),
          ...removed.map((prefix) => `del acl LIST ${state.listed.get(prefix) ?? spelled(prefix)}`)
        ]
    return { added, removed, isReplacement, all, commands }
  }

  #applyTable(goal: RunningGoal, state: RunningState) {
    const table = this.#options.throttleTable ?? ''
    const added = [...goal.throttled].filter((prefix) => !state.throttled.has(prefix))
    // Entries that HAProxy's own crawler rule made are not ours to clear.
    const removed = [...goal.ownThrottled].filter(
      (prefix) => !goal.throttled.has(prefix) && state.throttled.has(prefix)
    )
    return {
      added,
      removed,
      commands: [
        ...added.map(
          (prefix) => `set table ${table} key ${tableKey(prefix)} data.gpc0 ${CRAWLER_COUNT}`
        ),
        ...removed.map((prefix) => `clear table ${table} key ${tableKey(prefix)}`)
      ]
    }
  }

  async #named(commands: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    if (commands.length === 0) return commands
    const list = await this.findList(signal)
    return commands.map((command) => command.replace(' LIST ', ` #${list.id} `))
  }

  /** Fills a new version of the list beside the one in use and swaps them: no request sees half a list. */
  async #replaceList(all: readonly PrefixText[], signal: AbortSignal): Promise<void> {
    const { id } = await this.findList(signal)
    const answer = await this.#client.run(`prepare acl #${id}`, signal)
    const version = parsePreparedVersion(answer)
    if (version === undefined) {
      throw new KeyserverError(
        'HAPROXY_REFUSED',
        `expected a new version of the list, got: ${answer.trim().slice(0, 200)}`
      )
    }
    try {
      const commands = all.map((prefix) => `add acl @${version} #${id} ${spelled(prefix)}`)
      await this.#client.runQuietly(commands, signal)
      await this.#client.runQuietly([`commit acl @${version} #${id}`], signal)
    } catch (error) {
      await this.#client.run(`clear acl @${version} #${id}`, signal).catch(() => undefined)
      throw error
    }
  }
}

function spelled(text: PrefixText): string {
  const prefix = findPrefix(text)
  return prefix === undefined ? text : displayPrefix(prefix)
}
