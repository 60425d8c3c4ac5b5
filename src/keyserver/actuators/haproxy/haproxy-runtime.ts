/** What HAProxy holds while it runs: reads the list and the table, and changes them by the smallest means. */
import { basename, dirname } from 'node:path'
import { messageOf, type PrefixText } from '../../../base/index.ts'
import { KeyserverError } from '../../errors.ts'
import {
  type AclList,
  parseAclEntries,
  parseAclLists,
  parseInfo,
  parsePreparedVersion,
  parseTable,
  quote,
  shown,
  tableKey
} from './answers.ts'
import {
  byPrefix,
  changesMeanwhile,
  changesOfList,
  changesOfTable,
  isReplaceable,
  type ListChanges,
  listAfter,
  type RunningGoal,
  type RunningState,
  singleCommands
} from './list-changes.ts'
import { parseSessions, sessionsFrom } from './open-sessions.ts'
import { isSingle } from './places.ts'
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

export interface RunningReport {
  readonly list: ListChanges
  readonly table: ListChanges
  /** What went wrong without hindering the work. */
  readonly warnings: readonly string[]
}

interface Work {
  readonly state: RunningState
  readonly list: ListChanges
  readonly table: ListChanges
  readonly aclList: AclList | undefined
  /** The whole list is replaced in one commit. */
  readonly isReplacement: boolean
}

/** Above this many changes the whole list is replaced in one commit. */
const SINGLE_CHANGES_MAX = 500
/** The stock rule denies from `gpc0 > 5` on. */
const CRAWLER_COUNT = 6
/** An entry that is not there any more is what a removal wants. */
const GONE = /^Key not found\.$/
/** HAProxy keeps an entry that a request is using; it has been set to zero by then. */
const IN_USE = /^Entry currently in use/
/** A session that has ended by itself. */
const ENDED = /^No such session/
/** Some 30 000 sessions of 260 bytes, which HAProxy 2.6 lists in a quarter of a second (measured: 4000 in 30 ms). */
const SESSIONS_BYTES_MAX = 8 * 1024 * 1024
/** Sessions ended at once: what is left has its requests, but no further connection. */
const SESSIONS_ENDED_MAX = 1_000

export class HaproxyRuntime {
  readonly #options: HaproxyRuntimeOptions
  readonly #client: RuntimeClient
  readonly #sessionClient: RuntimeClient

  constructor(options: HaproxyRuntimeOptions) {
    this.#options = options
    this.#client = new RuntimeClient(options)
    this.#sessionClient = new RuntimeClient({ ...options, answerBytesMax: SESSIONS_BYTES_MAX })
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
    const others = lists.map((list) => list.file).filter((file) => file !== '')
    throw new KeyserverError(
      'HAPROXY_SETUP_MISSING',
      `expected HAProxy to have loaded ${path} for an acl, got ${
        others.length === 0 ? 'no list at all' : shown(others.join(', '))
      }; set listPathInProxy to the name in its configuration`,
      { context: { path } }
    )
  }

  /** What is in force now. @throws {KeyserverError} of the client, or HAPROXY_SETUP_MISSING */
  async held(signal: AbortSignal): Promise<{
    readonly listed: ReadonlySet<PrefixText>
    readonly throttled: ReadonlySet<PrefixText>
  }> {
    const { listed, throttled } = (await this.#read(signal)).state
    return { listed: new Set(byPrefix(listed).keys()), throttled }
  }

  async #read(signal: AbortSignal) {
    const aclList = this.#options.listPath === undefined ? undefined : await this.findList(signal)
    const listed = aclList === undefined ? [] : await this.#readList(aclList, signal)
    const throttled = await this.#readTable(signal)
    return { aclList, state: { listed, throttled } satisfies RunningState }
  }

  async #readList({ file }: AclList, signal: AbortSignal) {
    const answer = await this.#client.run(`show acl ${quote(file)}`, signal)
    const { entries, others } = parseAclEntries(answer)
    if (others.length > 0) throw refused(others[0] ?? '')
    return entries
  }

  async #readTable(signal: AbortSignal): Promise<ReadonlySet<PrefixText>> {
    const table = this.#options.throttleTable
    if (table === undefined) return new Set()
    const answer = await this.#client.run(
      `show table ${quote(table)} data.gpc0 gt ${CRAWLER_COUNT - 1}`,
      signal
    )
    if (!answer.startsWith('#')) {
      throw new KeyserverError(
        'HAPROXY_SETUP_MISSING',
        `expected HAProxy to have the table ${table} with gpc0, got: ${shown(answer)}`,
        { context: { table } }
      )
    }
    return new Set(parseTable(answer).map((entry) => entry.prefix))
  }

  async apply(goal: RunningGoal, signal: AbortSignal): Promise<RunningReport> {
    const work = await this.#plan(goal, signal)
    const { aclList } = work
    if (aclList !== undefined) {
      if (work.isReplacement) await this.#replaceList(aclList, work, signal)
      else {
        const commands = singleCommands(quote(aclList.file), work.list, work.state)
        await this.#client.runQuietly(commands, signal, GONE)
      }
    }
    await this.#client.runQuietly(this.#tableCommands(work.table), signal, IN_USE)
    const warnings = await this.#endSessions(work.list.added, signal)
    return { list: work.list, table: work.table, warnings }
  }

  /** By the time of this call the list refuses new ones. Never a reason to fail: the block itself is in place. */
  async #endSessions(added: readonly PrefixText[], signal: AbortSignal): Promise<string[]> {
    try {
      await this.#client.runQuietly(await this.#sessionCommands(added, signal), signal, ENDED)
      return []
    } catch (error) {
      if (signal.aborted) throw error
      return [
        `could not end the open connections of newly refused prefixes, which go on until they close: ${messageOf(error)}`
      ]
    }
  }

  /** The table holds single addresses; open connections of a prefix are ended once, when the list begins to refuse it. */
  async #sessionCommands(
    added: readonly PrefixText[],
    signal: AbortSignal
  ): Promise<readonly string[]> {
    const prefixes = added.filter((prefix) => !isSingle(prefix))
    if (prefixes.length === 0) return []
    const sessions = parseSessions(await this.#sessionClient.run('show sess', signal))
    return sessionsFrom(prefixes, sessions)
      .slice(0, SESSIONS_ENDED_MAX)
      .map(({ id }) => `shutdown session ${id}`)
  }

  /** The commands that `apply` would send now, reading ones aside. */
  async dryRun(goal: RunningGoal, signal: AbortSignal): Promise<readonly string[]> {
    const work = await this.#plan(goal, signal)
    const { aclList } = work
    const tableCommands = this.#tableCommands(work.table)
    if (aclList === undefined) return tableCommands
    const name = quote(aclList.file)
    const sessionCommands = await this.#sessionCommands(work.list.added, signal).catch(() => [])
    if (!work.isReplacement) {
      return [...singleCommands(name, work.list, work.state), ...tableCommands, ...sessionCommands]
    }
    const version = String(aclList.nextVersion + 1)
    return [
      `prepare acl ${name}`,
      ...addCommands(name, version, listAfter(work.list, work.state)),
      `commit acl @${version} ${name}`,
      ...tableCommands,
      ...sessionCommands
    ]
  }

  async #plan(goal: RunningGoal, signal: AbortSignal): Promise<Work> {
    const { aclList, state } = await this.#read(signal)
    const list = changesOfList(goal, state)
    const count = list.added.length + list.removed.length
    return {
      aclList,
      state,
      list,
      table: changesOfTable(goal, state),
      isReplacement: count > SINGLE_CHANGES_MAX && isReplaceable(state)
    }
  }

  #tableCommands(changes: ListChanges): readonly string[] {
    const table = quote(this.#options.throttleTable ?? '')
    return [
      ...changes.added.map(
        (prefix) => `set table ${table} key ${tableKey(prefix)} data.gpc0 ${CRAWLER_COUNT}`
      ),
      // An entry in use cannot be cleared, and a client that keeps asking keeps it in use: the count is what denies.
      ...changes.removed.flatMap((prefix) => [
        `set table ${table} key ${tableKey(prefix)} data.gpc0 0`,
        `clear table ${table} key ${tableKey(prefix)}`
      ])
    ]
  }

  /**
   * Fills a new version of the list beside the one in use and swaps them: no request sees half a list. The version in use is
   * read in the same breath as it is given up, so that what somebody else changed in the meantime is changed again after it.
   */
  async #replaceList(aclList: AclList, work: Work, signal: AbortSignal): Promise<void> {
    const name = quote(aclList.file)
    const answer = await this.#client.run(`prepare acl ${name}`, signal)
    const version = parsePreparedVersion(answer)
    if (version === undefined) throw refused(answer)
    try {
      const commands = addCommands(name, version, listAfter(work.list, work.state))
      await this.#client.runQuietly(commands, signal)
      const [replaced = '', complaint = ''] = await this.#client.runTogether(
        [`show acl ${name}`, `commit acl @${version} ${name}`],
        signal
      )
      if (complaint !== '') throw refused(complaint)
      const { entries } = parseAclEntries(replaced)
      const { came, went } = changesMeanwhile(work.state.listed, entries)
      const again = [
        ...came.map((text) => `add acl ${name} ${quote(text)}`),
        ...went.map((text) => `del acl ${name} ${quote(text)}`)
      ]
      await this.#client.runQuietly(again, signal, GONE)
    } catch (error) {
      // Also after an abort: HAProxy would keep what was filled until the next commit.
      const cleanup = AbortSignal.timeout(this.#options.timeoutMs)
      await this.#client.run(`clear acl @${version} ${name}`, cleanup).catch(() => undefined)
      throw error
    }
  }
}

function addCommands(name: string, version: string, texts: readonly string[]): readonly string[] {
  return texts.map((text) => `add acl @${version} ${name} ${quote(text)}`)
}

function refused(answer: string): KeyserverError {
  return new KeyserverError('HAPROXY_REFUSED', `expected HAProxy to obey, got: ${shown(answer)}`)
}
