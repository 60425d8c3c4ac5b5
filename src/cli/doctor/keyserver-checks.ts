/** The keyserver beside the node: whether it tells its statistics, from which the recon partners come, and what its clock says. */
import { formatDuration, messageOf } from '../../base/index.ts'
import { type Finding, fault, shellWord } from './finding.ts'
import type { DoctorScene } from './places.ts'

export interface KeyserverFacts {
  readonly url: string
  readonly answer:
    | {
        readonly status: number
        readonly isJson: boolean
        /** Of its Date header; NaN without one. */
        readonly dateMs: number
      }
    /** Why there is none. */
    | string
  readonly nowMs: number
}

const TIMEOUT_MS = 5_000
const BYTES_MAX = 4 * 1_048_576
/** A Date header has whole seconds, and the answer may take a moment. */
const SKEW_MAX_MS = 10_000

export async function checkKeyserver(
  { config, ports }: DoctorScene,
  signal: AbortSignal
): Promise<readonly Finding[]> {
  if (config === undefined) return []
  const { url } = config.keyserver
  const answer = await askStatistics(
    url,
    AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  )
  return judgeKeyserver({ url, answer, nowMs: ports.clock.nowMs() })
}

async function askStatistics(url: string, signal: AbortSignal): Promise<KeyserverFacts['answer']> {
  try {
    const address = new URL('/pks/lookup?op=stats&options=mr', url)
    const response = await fetch(address, { signal, redirect: 'error' })
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of response.body ?? []) {
      length += chunk.length
      if (length > BYTES_MAX) throw new Error(`expected at most ${BYTES_MAX} bytes, got more`)
      chunks.push(chunk)
    }
    return {
      status: response.status,
      isJson: isJsonObject(Buffer.concat(chunks).toString('utf8')),
      dateMs: Date.parse(response.headers.get('date') ?? '')
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return messageOf(cause)
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

export function judgeKeyserver({ url, answer, nowMs }: KeyserverFacts): readonly Finding[] {
  const ask = `curl -sv ${shellWord(new URL('/pks/lookup?op=stats&options=mr', url).href)}`
  if (typeof answer === 'string') {
    return [
      fault(
        'KEYSERVER_UNREACHABLE',
        `the keyserver does not answer at ${url} (${answer}): its recon partners stay unknown and are protected by nothing but the allowlist`,
        `set in [keyserver] of netminder.toml the address at which this answers: ${ask}`
      )
    ]
  }
  const findings: Finding[] = []
  if (answer.status !== 200 || !answer.isJson) {
    findings.push(
      fault(
        'STATISTICS_MISSING',
        `${url} answers op=stats with ${answer.status === 200 ? 'something else than JSON' : `status ${answer.status}`}: its recon partners stay unknown`,
        `point url in [keyserver] of netminder.toml at Hockeypuck itself, and see what it says: ${ask}`
      )
    )
  }
  const aheadMs = answer.dateMs - nowMs
  if (Math.abs(aheadMs) > SKEW_MAX_MS) {
    findings.push(
      fault(
        'KEYSERVER_CLOCK_SKEW',
        `the clock of the keyserver is ${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`,
        'timedatectl set-ntp true (on both machines)'
      )
    )
  }
  return findings
}
