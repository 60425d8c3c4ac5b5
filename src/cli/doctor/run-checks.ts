/** Runs checks side by side, each with a deadline of its own: one that hangs is a finding, and holds up none of the others. */
import { type Clock, messageOf } from '../../base/index.ts'
import { type Finding, fault } from './finding.ts'

export interface Check {
  /** What is looked at, as a person would say it: `log haproxy`, `database`. */
  readonly name: string
  run(signal: AbortSignal): Promise<readonly Finding[]>
}

export interface CheckResult {
  readonly name: string
  readonly findings: readonly Finding[]
}

export async function runChecks(
  checks: readonly Check[],
  how: { readonly deadlineMs: number; readonly clock: Clock; readonly signal: AbortSignal }
): Promise<readonly CheckResult[]> {
  return await Promise.all(
    checks.map(async (check) => ({ name: check.name, findings: await runOne(check, how) }))
  )
}

async function runOne(
  check: Check,
  how: { readonly deadlineMs: number; readonly clock: Clock; readonly signal: AbortSignal }
): Promise<readonly Finding[]> {
  const ended = new AbortController()
  const late = new AbortController()
  const signal = AbortSignal.any([how.signal, late.signal])
  const overdue = how.clock.sleep(how.deadlineMs, AbortSignal.any([how.signal, ended.signal])).then(
    () => {
      late.abort()
      return [unanswered(check.name, how.deadlineMs)]
    },
    () => new Promise<never>(() => undefined)
  )
  const interrupted = new Promise<never>((_, reject) => {
    how.signal.addEventListener('abort', () => reject(how.signal.reason), { once: true })
  })
  try {
    how.signal.throwIfAborted()
    return await Promise.race([check.run(signal), overdue, interrupted])
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason
    return late.signal.aborted
      ? [unanswered(check.name, how.deadlineMs)]
      : [fault('CHECK_FAILED', `${check.name}: could not be checked: ${messageOf(error)}`, CAUSE)]
  } finally {
    ended.abort()
  }
}

const CAUSE = 'mend what the message names, then: netminder doctor'

function unanswered(name: string, deadlineMs: number): Finding {
  return fault(
    'CHECK_TIMED_OUT',
    `${name}: expected an answer within ${deadlineMs / 1_000} s, got none (a dead disk or network file system, a program that hangs)`,
    'see what hangs: ps -eo pid,state,wchan:30,cmd | grep -w D'
  )
}
