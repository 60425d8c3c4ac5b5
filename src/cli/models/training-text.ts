/** Trainings for a person. */
import type { OperationResponse } from '../../api/index.ts'
import { type Column, plain, relativeTime, utcTime } from '../output.ts'

type Training = OperationResponse<'showTraining'>

const MIB = 1_048_576

export function jobColumns(nowMs: number): readonly Column<Training>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'MODEL', value: ({ name, version }) => `${name}@${version}` },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'DONE', value: ({ progress }) => `${Math.floor(progress * 100)} %` },
    { title: 'ASKED', value: (row) => relativeTime(row.created_at, nowMs) },
    { title: 'STEP', value: (row) => row.failure?.message ?? row.step, isFlexible: true }
  ]
}

/** Seconds as a person says them. */
export function leftText(seconds: number | null): string {
  if (seconds === null) return ''
  if (seconds < 90) return `${Math.round(seconds)} s left`
  return seconds < 5_400
    ? `${Math.round(seconds / 60)} min left`
    : `${(seconds / 3_600).toFixed(1)} h left`
}

export function jobText(job: Training): string {
  const { failure, model, parent, report } = job
  const done = `${Math.floor(job.progress * 100)} %`
  const step =
    job.state === 'running'
      ? ` (${job.step}; ${leftText(job.eta_seconds) || 'time not known yet'})`
      : ''
  const lines: (readonly [string, string])[] = [
    ['Training', job.id],
    ['Model', `${job.name}@${job.version} (${job.kind})`],
    ['State', `${job.state}, ${done}${step}`],
    ['Asked', `${utcTime(job.created_at)} by ${job.created_by}`],
    ...(job.started_at === null ? [] : [['Began', utcTime(job.started_at)] as const]),
    ...(job.ended_at === null ? [] : [['Ended', utcTime(job.ended_at)] as const]),
    [
      'Took',
      `${job.cpu_seconds} s of a core, ${Math.round(job.memory_bytes_max / MIB)} MiB at most, ${job.checkpoints} checkpoints, went on ${job.resumes} times`
    ],
    ...job.notes.map((note) => ['Note', note] as const),
    ...(failure === null ? [] : [['Failed', `${failure.message} (${failure.code})`] as const]),
    ...(model === null ? [] : [['Candidate', model] as const]),
    ...(parent === null ? [] : [['Beside', parent] as const])
  ]
  const facts = lines.map(([title, text]) => `${`${title}:`.padEnd(11)}${plain(text)}\n`)
  return `${facts.join('')}${gateText(report?.['gate'])}`
}

/** What the gate of a training said, as it stands in a job's report and in a manifest's metrics. */
export function gateText(gate: unknown): string {
  if (typeof gate !== 'object' || gate === null) return ''
  const { passed, checks } = gate as Readonly<Record<string, unknown>>
  const lines = (Array.isArray(checks) ? checks : []).map(
    (own: Readonly<Record<string, unknown>>) =>
      `  ${own['passed'] === true ? 'ok    ' : 'FAILED'}  ${plain(`${own['check']}: ${own['sentence']}`)}\n`
  )
  const head = passed === true ? 'passed' : 'failed: it is promoted only with --force and a reason'
  return `\nGate: ${head}\n${lines.join('')}`
}
