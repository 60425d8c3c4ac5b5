/** One log: whether it is there, may be read by those who must, is alive, and is written in a form that can be read. */
import { dirname } from 'node:path'
import { formatDuration } from '../../base/index.ts'
import type { SourceConfig } from '../../config/index.ts'
import type { UnparsedCause } from '../../keyserver/index.ts'
import { type Finding, fault, note, shellWord } from './finding.ts'
import type { LogReading, LogTail } from './log-tail.ts'
import type { DoctorScene } from './places.ts'
import { mayAccess } from './service-account.ts'

export interface LogFacts {
  readonly source: SourceConfig
  readonly tail: LogTail
  /** By the user of the node; undefined if that cannot be found out. */
  readonly isReadable: boolean | undefined
  readonly serviceName: string
  readonly nowMs: number
}

const GIB = 1_073_741_824
/** Stock rotation keeps a log far below this; one that is larger is rotated by nobody. */
const SIZE_MAX = 4 * GIB
/** A public keyserver is asked every few seconds, and its peers ask for statistics all day. */
const SILENCE_MAX_MS = 6 * 3_600_000
const SHARE_BAD = 0.5
const SHARE_DOUBTFUL = 0.95
/** Fewer lines say nothing. */
const LINES_MIN = 3

/** What Hockeypuck's standalone deployment sets (its mksite.bash). */
export const STOCK_LOG_FORMAT =
  '%ci:%cp [%t] %ft %b/%s %Tq/%Tw/%Tc/%Tr/%Tt %ST %U/%B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r'

export async function checkLog(
  source: SourceConfig,
  tail: Promise<LogTail>,
  how: { readonly scene: DoctorScene; readonly signal: AbortSignal }
): Promise<readonly Finding[]> {
  const { service, ports } = how.scene
  const access = { service, command: ports.command, signal: how.signal }
  return judgeLog({
    source,
    tail: await tail,
    isReadable: await mayAccess(source.path ?? '', 'read', access),
    serviceName: service.name,
    nowMs: ports.clock.nowMs()
  })
}

export function judgeLog(facts: LogFacts): readonly Finding[] {
  const { source, tail } = facts
  const path = source.path ?? ''
  const option = source.format === 'hockeypuck' ? '--hockeypuck-log' : '--log'
  const install = `sudo scripts/install.sh ${option} ${shellWord(path)}`
  switch (tail.kind) {
    case 'missing':
      return [
        fault(
          'LOG_MISSING',
          `${source.name}: expected the log at ${path}, got nothing`,
          `let ${writerOf(source)} write there, or correct its path in [[sources]] of netminder.toml (docker inspect --format '{{.LogPath}}' CONTAINER tells that of a container)`
        )
      ]
    case 'directory':
      return [
        fault(
          'LOG_IS_DIRECTORY',
          `${source.name}: expected a log file at ${path}, got a directory (Docker makes one where a mounted file was missing)`,
          `rmdir ${shellWord(path)}, then restart ${writerOf(source)}; or correct path in [[sources]] of netminder.toml`
        )
      ]
    case 'fifo':
    case 'other':
      if (source.kind === 'pipe' && tail.kind === 'fifo') break
      return [
        fault(
          'LOG_WRONG_KIND',
          `${source.name}: expected a log file at ${path}, got a ${tail.kind === 'fifo' ? 'FIFO' : 'device or socket'}`,
          tail.kind === 'fifo'
            ? 'set in its [[sources]] of netminder.toml: kind = "pipe"'
            : 'correct path in [[sources]] of netminder.toml'
        )
      ]
    case 'file':
      if (source.kind !== 'pipe') break
      return [
        fault(
          'LOG_WRONG_KIND',
          `${source.name}: expected a FIFO at ${path}, got a file`,
          'set in its [[sources]] of netminder.toml: kind = "file"'
        )
      ]
    case 'failed':
      return [
        fault(
          'LOG_FAILED',
          `${source.name}: ${path} cannot be opened: ${tail.detail}`,
          `ls -lZ ${shellWord(path)}`
        )
      ]
    case 'denied':
      break
  }
  return [...judgeAccess(facts, install), ...judgeLife(facts), ...judgeReading(facts)]
}

function judgeAccess(
  { source, tail, isReadable, serviceName }: LogFacts,
  install: string
): Finding[] {
  const path = source.path ?? ''
  const findings: Finding[] = []
  if (isReadable === false) {
    const who = serviceName === '' ? 'the user of the node' : serviceName
    findings.push(
      fault(
        'LOG_NOT_READABLE',
        `${source.name}: ${path} may not be read by ${who}, who runs the node`,
        `${install}; or by hand: setfacl -m u:${who}:rx ${shellWord(dirname(path))} && setfacl -m u:${who}:r ${shellWord(path)}`
      )
    )
  } else if (tail.kind === 'denied') {
    findings.push(
      note(
        'LOG_NOT_LOOKED_AT',
        `${source.name}: ${path} may not be read by you, so its lines were not looked at`,
        'run doctor as root: sudo netminder doctor'
      )
    )
  }
  return findings
}

function judgeLife({ source, tail, nowMs }: LogFacts): Finding[] {
  if (tail.kind !== 'file') return []
  const path = source.path ?? ''
  const findings: Finding[] = []
  if (tail.sizeBytes > SIZE_MAX) {
    findings.push(
      note(
        'LOG_NOT_ROTATED',
        `${source.name}: ${path} has grown to ${Math.floor(tail.sizeBytes / GIB)} GiB: nothing rotates it`,
        source.kind === 'docker-json'
          ? 'set in /etc/docker/daemon.json: "log-opts": {"max-size": "100m", "max-file": "5"}, then make the container anew'
          : `echo '${path} { daily rotate 14 compress delaycompress missingok notifempty copytruncate }' > /etc/logrotate.d/keyserver`
      )
    )
  }
  const silentMs = nowMs - tail.modifiedMs
  if (tail.sizeBytes === 0 || silentMs > SILENCE_MAX_MS) {
    findings.push(
      note(
        'LOG_SILENT',
        tail.sizeBytes === 0
          ? `${source.name}: ${path} is empty`
          : `${source.name}: nothing was written to ${path} for ${formatDuration(silentMs)}`,
        source.format === 'haproxy'
          ? 'see where HAProxy logs: grep -rn "^[[:space:]]*log " /etc/haproxy/ (rsyslog must be installed for log /dev/log); its reload keeps old targets: systemctl reload haproxy'
          : `see whether ${writerOf(source)} runs and logs there: ls -l ${shellWord(path)}*`
      )
    )
  }
  return findings
}

function judgeReading({ source, tail }: LogFacts): Finding[] {
  const { reading } = tail
  if (reading === undefined) return []
  const lines = reading.lines - (reading.unparsedByCause.empty ?? 0)
  const share = reading.parsed / lines
  if (lines < LINES_MIN || share >= SHARE_DOUBTFUL) return []
  const message = `${source.name}: ${reading.parsed} of the last ${lines} lines of ${source.path ?? ''} can be read as ${source.format} (${Math.floor(share * 100)} %); the others: ${causesOf(reading)}`
  if (share >= SHARE_BAD) {
    return [
      note(
        'LOG_PARTLY_READABLE',
        message,
        'see which lines these are: netminder start --log-level debug'
      )
    ]
  }
  return [fault('LOG_FORMAT_UNKNOWN', message, formatCure(source, reading))]
}

function causesOf({ unparsedByCause, examples }: LogReading): string {
  return Object.entries(unparsedByCause)
    .filter(([cause]) => cause !== 'empty')
    .sort(([, a], [, b]) => b - a)
    .map(
      ([cause, count]) => `${count} ${cause}, such as "${examples[cause as UnparsedCause] ?? ''}"`
    )
    .join('; ')
}

function formatCure(source: SourceConfig, { otherFormat }: LogReading): string {
  if (otherFormat !== undefined) {
    return `set in the [[sources]] "${source.name}" of netminder.toml: format = "${otherFormat}"`
  }
  switch (source.format) {
    case 'haproxy':
      return `let HAProxy write the stock format: HAP_LOG_FORMAT="${STOCK_LOG_FORMAT}" in .env of the standalone deployment (docker-compose up -d), or log-format with the same text, or "option httplog", in haproxy.cfg`
    case 'nginx':
      return 'let nginx write the combined format: access_log /var/log/nginx/access.log combined;'
    case 'hockeypuck':
      return "leave Hockeypuck's log as it is by default (logrus text, one line each), and follow its own file, not that of a supervisor"
  }
}

function writerOf(source: SourceConfig): string {
  return { haproxy: 'HAProxy', nginx: 'nginx', hockeypuck: 'Hockeypuck' }[source.format]
}
