/** What runs the node: Node itself, the unit, the sweep that ends blocks when the daemon is dead, and whether the clock is kept right. */
import { SYSTEM_DATA_DIR } from '../../config/index.ts'
import { type Finding, fault, note } from './finding.ts'
import type { DoctorScene } from './places.ts'
import type { ServiceAccount } from './service-account.ts'
import { parseProperties } from './system-command.ts'

/** Since then libp2p and better-sqlite3 run; npm installs a newer one beside the program. */
const OLDEST_NODE = [22, 12] as const

export function judgeNode(version: string): readonly Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return []
  return [
    fault(
      'NODE_TOO_OLD',
      `expected Node ${OLDEST_NODE.join('.')} or later, got ${version}`,
      'npm ci (it installs the right one beside the program; run it with install scripts allowed)'
    )
  ]
}

export interface ServiceFacts {
  readonly service: Pick<ServiceAccount, 'unit' | 'timer' | 'isSystemd'>
  readonly dataDir: string
  /** The node puts entries at places where they outlive it. */
  readonly hasActuators: boolean
}

export function judgeService({ service, dataDir, hasActuators }: ServiceFacts): readonly Finding[] {
  const { unit, timer, isSystemd } = service
  if (unit === undefined) {
    const findings: Finding[] = []
    if (isSystemd && dataDir === SYSTEM_DATA_DIR) {
      findings.push(
        fault(
          'SERVICE_MISSING',
          'netminder is not installed as a service: it does not start with the machine',
          'sudo scripts/install.sh --log /var/log/haproxy.log'
        )
      )
    }
    if (hasActuators) findings.push(withoutSweep(dataDir))
    return findings
  }
  const findings: Finding[] = []
  if (!isEnabled(unit)) {
    findings.push(
      fault(
        'SERVICE_DISABLED',
        `netminder.service is ${unit.get('UnitFileState') || 'not enabled'}: it does not start with the machine`,
        'systemctl enable netminder.service'
      )
    )
  }
  if (unit.get('ActiveState') === 'failed') {
    findings.push(
      fault(
        'SERVICE_FAILED',
        `netminder.service has failed (${unit.get('Result') || 'no reason given'})`,
        'journalctl -u netminder.service -n 50 --no-pager; then: systemctl restart netminder.service'
      )
    )
  }
  if (timer?.get('LoadState') !== 'loaded') {
    findings.push(
      fault(
        'SWEEP_MISSING',
        'netminder-sweep.timer is not installed: if the daemon dies, its blocks do not end',
        'sudo scripts/install.sh (it is safe to repeat)'
      )
    )
  } else if (!isEnabled(timer) || timer.get('ActiveState') !== 'active') {
    findings.push(
      fault(
        'SWEEP_STOPPED',
        'netminder-sweep.timer does not run: if the daemon dies, its blocks do not end',
        'systemctl enable --now netminder-sweep.timer'
      )
    )
  }
  return findings
}

function withoutSweep(dataDir: string): Finding {
  return note(
    'SWEEP_ABSENT',
    'no timer sweeps this data directory: if the daemon dies, its blocks stay until it runs again',
    `add to the crontab of the node's user: * * * * * netminder actuators sweep --data-dir ${dataDir}`
  )
}

function isEnabled(unit: ReadonlyMap<string, string>): boolean {
  return ['enabled', 'enabled-runtime', 'static', 'alias'].includes(unit.get('UnitFileState') ?? '')
}

export async function checkClockSync(
  { ports }: DoctorScene,
  signal: AbortSignal
): Promise<readonly Finding[]> {
  const properties = ['--property=NTPSynchronized', '--property=NTP', '--property=CanNTP']
  const { code, stdout } = await ports.command('timedatectl', ['show', ...properties], signal)
  return code === 0 ? judgeClockSync(parseProperties(stdout)) : []
}

/** Answers of `timedatectl show`; in a container there is none, and the clock is the host's. */
export function judgeClockSync(properties: ReadonlyMap<string, string>): readonly Finding[] {
  if (properties.get('NTPSynchronized') !== 'no') return []
  return properties.get('NTP') === 'yes'
    ? [
        note(
          'CLOCK_UNSYNCHRONISED',
          'the clock of this machine is not synchronised at the moment',
          'see why: timedatectl timesync-status'
        )
      ]
    : [
        note(
          'CLOCK_UNSYNCHRONISED',
          'nothing keeps the clock of this machine right',
          properties.get('CanNTP') === 'no'
            ? 'apt install systemd-timesyncd && timedatectl set-ntp true'
            : 'timedatectl set-ntp true'
        )
      ]
}
