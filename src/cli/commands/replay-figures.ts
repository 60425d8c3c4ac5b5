/** What the node's policy would have done on the logs that lie there already: figures to look at before enforcing. */
import { stat } from 'node:fs/promises'
import type { OperationResponse } from '../../api/index.ts'
import { isAbortError, messageOf, NetminderError } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import { ReplayRun } from '../../defense/index.ts'
import { type BehaviourModel, type Category, createPolicy } from '../../detection/index.ts'
import { type ReplayOptions, replayLogs } from '../../keyserver/index.ts'
import type { CliContext } from '../context.ts'
import { plural, utcTime, wrap } from '../output.ts'

export interface ReplayFigures {
  readonly from: string
  readonly to: string
  readonly sources: number
  readonly requests: number
  readonly banned: number
  readonly throttled: number
  readonly prevented_requests: number
}

/** About a quarter of a million lines, a few seconds of work. */
const REPLAY_BYTES_MAX = 64 * 1_048_576

export type FollowedByNode = Pick<OperationResponse<'showStatus'>, 'follows' | 'treat_as_public'>

/** @returns the figures, or one sentence that says why there are none */
export async function replayFigures(
  config: Config,
  how: {
    readonly category: Category | undefined
    readonly allow: readonly string[]
    /** What the running node says of itself: it may have been started with other options. */
    readonly node: FollowedByNode
    /** The model that judges there beside the rules; undefined: none does. */
    readonly findModel: () => Promise<BehaviourModel | undefined>
  },
  { clock, signal }: CliContext
): Promise<ReplayFigures | string> {
  try {
    const logs = await logsOf(how.node.follows)
    if (typeof logs === 'string') return logs
    const { detection, defense } = config
    const model = detection.policy === 'default' ? await how.findModel() : undefined
    const run = new ReplayRun({
      policy: createPolicy(detection.policy, { sourcesMax: detection.maxSources, model }),
      isFrozen: false,
      treatAsPublic: how.node.treat_as_public,
      allow: how.allow,
      throttleTtlMs: defense.throttleTtlMs,
      banLadderMs: defense.banLadderMs,
      ladderMemoryMs: defense.ladderMemoryMs,
      maxActive: defense.maxActive
    })
    await replayLogs(logs, { sink: (event) => void run.observe(event), clock, signal })
    return figuresOf(run, how.category)
  } catch (error) {
    // The report is a courtesy: a log that this user may not read must not keep him from enforcing.
    if (isAbortError(error) || !(error instanceof NetminderError)) throw error
    return `Nothing was replayed: ${messageOf(error)}.`
  }
}

async function logsOf(follows: FollowedByNode['follows']): Promise<ReplayOptions | string> {
  const replayed = follows.filter(({ kind }) => kind === 'file')
  const pathOf = (format: (typeof follows)[number]['format']) =>
    replayed.find((source) => source.format === format)?.path
  const paths = { haproxy: pathOf('haproxy'), nginx: pathOf('nginx') }
  const named = Object.values(paths).filter((path) => path !== undefined)
  if (named.length === 0) {
    return 'Nothing was replayed: no access log of HAProxy or nginx is followed as a file.'
  }
  let bytes = 0
  for (const path of named) bytes += (await stat(path).catch(() => ({ size: 0 }))).size
  if (bytes > REPLAY_BYTES_MAX) {
    return `Nothing was replayed: ${Math.round(bytes / 1_048_576)} MiB of logs take too long here; see netminder replay --help.`
  }
  const haproxy = replayed.find(({ format }) => format === 'haproxy')
  return {
    ...paths,
    hockeypuck: pathOf('hockeypuck'),
    behindProxy: haproxy?.behind_proxy,
    ...(haproxy === undefined || haproxy.time_zone === '' ? {} : { timeZone: haproxy.time_zone })
  }
}

function figuresOf(run: ReplayRun, category: Category | undefined): ReplayFigures {
  let fromMs = Number.POSITIVE_INFINITY
  let toMs = 0
  let requests = 0
  let banned = 0
  let throttled = 0
  let prevented = 0
  for (const record of run.sources().values()) {
    fromMs = Math.min(fromMs, record.firstSeenMs)
    toMs = Math.max(toMs, record.lastSeenMs)
    requests += record.requests
    if (category !== undefined && record.category !== category) continue
    if (record.level === 'ban') banned++
    if (record.level === 'throttle') throttled++
    prevented += record.prevented
  }
  const isEmpty = toMs === 0
  return {
    from: new Date(isEmpty ? 0 : fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    sources: run.sourcesTotal,
    requests,
    banned,
    throttled,
    prevented_requests: prevented
  }
}

export function replayText(figures: ReplayFigures | string, columns: number | undefined): string {
  const width = columns ?? 100
  if (typeof figures === 'string') return `${wrap(figures, width, '')}\n`
  if (figures.sources === 0) return 'The logs that are followed hold no request to replay.\n'
  const { banned, throttled, prevented_requests: prevented, requests, sources } = figures
  const share = requests === 0 ? 0 : Math.round((prevented / requests) * 100)
  const text = `Replay of the logs that are followed, ${utcTime(figures.from)} to ${utcTime(figures.to)}: of ${plural(sources, 'address', 'addresses')} ${banned.toLocaleString('en')} would have been banned and ${throttled.toLocaleString('en')} throttled; ${prevented.toLocaleString('en')} of ${plural(requests, 'request')} (${share} %) would not have been answered.`
  return `${wrap(text, width, '')}\n`
}
