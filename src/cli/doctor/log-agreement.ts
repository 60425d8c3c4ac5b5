/** Logs compared with each other and with the clock: zone of times without one, clock skew, uploads that Hockeypuck does not tell of. */
import { formatDuration } from '../../base/index.ts'
import type { SourceConfig } from '../../config/index.ts'
import {
  findTimeOffset,
  type RequestEvent,
  SubmissionJoin,
  type TrafficEvent
} from '../../keyserver/index.ts'
import { type Finding, fault, note } from './finding.ts'
import type { LogReading, LogTail } from './log-tail.ts'

export interface SeenLog {
  readonly source: SourceConfig
  readonly tail: LogTail
}

export interface AgreementFacts {
  readonly logs: readonly SeenLog[]
  /** Zone of this machine, by name. */
  readonly machineZone: string
}

const QUARTER_HOUR_MS = 900_000
/** UTC-12 to UTC+14: what is further apart is no zone. */
const ZONE_SPAN_MS = 26 * 3_600_000
const SKEW_MAX_MS = 60_000
/** Requests of one kept connection are dated when it began: a line may be this much older than its writing. */
const LATE_LINE_MS = 180_000
const UPLOAD_PATHS = ['/pks/add', '/pks/v2/certs', '/pks/replace', '/pks/delete']
/** One upload may have been ignored without a word. */
const UPLOADS_TELLING = 2

/** Pure. */
export function judgeAgreement(facts: AgreementFacts): readonly Finding[] {
  const hockeypuck = facts.logs.find(({ source }) => source.format === 'hockeypuck')
  const findings: Finding[] = []
  for (const log of facts.logs) {
    const reading = log.tail.reading
    if (reading === undefined || reading.newestMs === 0) continue
    findings.push(...judgeTimes(log, reading, { hockeypuck, machineZone: facts.machineZone }))
  }
  const proxy = facts.logs.find(({ source }) => source.format !== 'hockeypuck')
  if (proxy?.tail.reading !== undefined && hockeypuck?.tail.reading !== undefined) {
    findings.push(...judgeUploads(proxy.tail.reading, hockeypuck.tail.reading))
  }
  return findings
}

function judgeTimes(
  log: SeenLog,
  reading: LogReading,
  how: { readonly hockeypuck: SeenLog | undefined; readonly machineZone: string }
): Finding[] {
  const { source, tail } = log
  const appliedMs = source.format === 'haproxy' ? reading.newestAsUtcMs - reading.newestMs : 0
  if (source.format === 'haproxy') {
    const known = how.hockeypuck?.tail.reading
    const found = known && findTimeOffset(reading.rawLines, known.rawLines)
    if (found !== undefined) {
      return found.offsetMs === appliedMs
        ? []
        : [
            wrongZone(
              source,
              appliedMs,
              found.offsetMs,
              'the same requests in the log of Hockeypuck'
            )
          ]
    }
  }
  // A file is written when its newest line is: the kernel's clock needs no zone.
  const aheadMs = reading.newestMs - tail.modifiedMs
  const quarters = Math.round(aheadMs / QUARTER_HOUR_MS)
  const restMs = Math.abs(aheadMs - quarters * QUARTER_HOUR_MS)
  if (
    source.format === 'haproxy' &&
    quarters !== 0 &&
    restMs < SKEW_MAX_MS &&
    Math.abs(aheadMs) <= ZONE_SPAN_MS
  ) {
    return [
      wrongZone(
        source,
        appliedMs,
        appliedMs + quarters * QUARTER_HOUR_MS,
        'the time at which its file was written'
      )
    ]
  }
  if (aheadMs > SKEW_MAX_MS || aheadMs < -SKEW_MAX_MS - LATE_LINE_MS) {
    return [
      fault(
        'LOG_CLOCK_SKEW',
        `${source.name}: the newest line is dated ${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'after' : 'before'} its file was written: the clock of its writer or its zone is wrong`,
        'compare both: date -u; docker exec CONTAINER date -u; and keep them right: timedatectl set-ntp true'
      )
    ]
  }
  if (
    source.format === 'haproxy' &&
    source.timeZone === '' &&
    source.kind === 'docker-json' &&
    !isUtc(how.machineZone)
  ) {
    return [
      note(
        'LOG_ZONE_UNKNOWN',
        `${source.name}: HAProxy's times carry no zone and are read in that of this machine (${how.machineZone}), while containers run in UTC`,
        `set in the [[sources]] "${source.name}" of netminder.toml: timeZone = "UTC"`
      )
    ]
  }
  return []
}

function wrongZone(
  source: SourceConfig,
  appliedMs: number,
  foundMs: number,
  evidence: string
): Finding {
  return fault(
    'LOG_ZONE_WRONG',
    `${source.name}: its times are read as ${offsetText(appliedMs)}, and by ${evidence} they are ${offsetText(foundMs)}: everything is dated ${formatDuration(Math.abs(foundMs - appliedMs))} wrong`,
    `set in the [[sources]] "${source.name}" of netminder.toml: timeZone = "${foundMs === 0 ? 'UTC' : offsetText(foundMs)}" (or the name of the zone, which knows summer time)`
  )
}

function offsetText(offsetMs: number): string {
  const minutes = Math.abs(Math.round(offsetMs / 60_000))
  const two = (value: number) => String(value).padStart(2, '0')
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function isUtc(zone: string): boolean {
  return /^(?:Etc\/)?(?:UTC|UCT|Universal|Zulu|GMT)$/.test(zone)
}

/** Uploads that the proxy saw go well, within the time that both logs cover, against what Hockeypuck told of them. */
function judgeUploads(proxy: LogReading, hockeypuck: LogReading): Finding[] {
  const told = hockeypuck.events.filter((event) => event.kind === 'submission')
  const [fromMs, lastMs] = spanOf(hockeypuck.events, hockeypuck.accesses)
  // A log of warnings only ends with its last warning, long before the uploads of which it tells nothing.
  const toMs = told.length === 0 ? Math.max(lastMs, proxy.newestMs) : lastMs
  const uploads = proxy.events.filter(
    (event): event is RequestEvent =>
      event.kind === 'request' &&
      event.method === 'POST' &&
      event.status === 200 &&
      UPLOAD_PATHS.includes(event.target.split('?', 1)[0] ?? '') &&
      event.loggedAtMs >= fromMs &&
      event.loggedAtMs <= toMs
  )
  if (uploads.length < UPLOADS_TELLING) return []
  if (told.length === 0) {
    return [
      fault(
        'UPLOADS_NOT_LOGGED',
        `the proxy saw ${uploads.length} uploads go well and Hockeypuck's log tells of none (no msg=add): what is in them stays unknown`,
        'set in hockeypuck.conf: [hockeypuck] loglevel = "INFO", then: systemctl restart hockeypuck'
      )
    ]
  }
  if (joinedOf(proxy, hockeypuck) > 0) return []
  return [
    fault(
      'UPLOADS_NOT_JOINED',
      `none of ${told.length} uploads in Hockeypuck's log has a request of the same time in the proxy's: the logs are of two keyservers, or their clocks differ`,
      'compare the times of both (date -u on each machine), and see that both paths in [[sources]] belong to the same keyserver'
    )
  ]
}

function joinedOf(proxy: LogReading, hockeypuck: LogReading): number {
  let joined = 0
  const join = new SubmissionJoin({}, (event) => {
    if (event.kind === 'submission' && event.source !== undefined) joined++
  })
  const items = [...proxy.events, ...hockeypuck.events, ...hockeypuck.accesses]
  items.sort((a, b) => a.loggedAtMs - b.loggedAtMs)
  for (const item of items) {
    if ('kind' in item) join.push(item)
    else join.access(item)
  }
  join.flush()
  return joined
}

function spanOf(
  events: readonly TrafficEvent[],
  accesses: readonly { readonly loggedAtMs: number }[]
): readonly [number, number] {
  let fromMs = Number.POSITIVE_INFINITY
  let toMs = Number.NEGATIVE_INFINITY
  for (const { loggedAtMs } of [...events, ...accesses]) {
    fromMs = Math.min(fromMs, loggedAtMs)
    toMs = Math.max(toMs, loggedAtMs)
  }
  return [fromMs, toMs]
}
