/** What the demo says before and after: where everything is, how to ask further, and which steps happened. */
import { allItems } from '../node-client.ts'
import type { Stage } from './follow.ts'
import type { DemoHaproxy } from './haproxy.ts'
import { DEMO_TTL_MS, type Sandbox } from './sandbox.ts'
import type { Screen } from './screen.ts'
import { isApplied } from './wording.ts'

export async function introduce(
  screen: Screen,
  facts: {
    readonly sandbox: Sandbox
    readonly haproxy: DemoHaproxy | undefined
    readonly speed: number
  }
): Promise<void> {
  const { sandbox, haproxy, speed } = facts
  await screen.text('netminder demo: a keyserver under attack', 'strong')
  await screen.blank()
  await screen.text(
    'The log lines were recorded from a real Hockeypuck behind a real HAProxy, with harmless visitors and attackers. Only their times are changed. One node follows them here as it would follow yours; the nodes of other operators are warned by it.'
  )
  await screen.blank()
  await screen.field('traffic', `played ${speed} times as fast as it was recorded`)
  await screen.field(
    'HAProxy',
    haproxy === undefined
      ? `none here: decisions go into list files in ${sandbox.folder}`
      : `${haproxy.version}, started for the demo on ${haproxy.url} with rules of the stock shape`
  )
  await screen.field(
    'directory',
    `${sandbox.dataDir} (${sandbox.isKept ? 'stays' : 'removed at the end; --keep keeps it'})`
  )
  await screen.field(
    'times',
    `a block stands ${DEMO_TTL_MS / 1_000} s here, so that you see it end (by default 10 min and more)`
  )
}

export async function introduceCommands(
  screen: Screen,
  commandFor: (words: string) => string
): Promise<void> {
  await screen.blank()
  await screen.text('Ask the attacked node from another terminal, while it runs:')
  for (const words of [
    'status',
    'network peers',
    'decisions list',
    'decisions explain ADDRESS',
    'audit list'
  ]) {
    await screen.command(commandFor(words))
  }
  await screen.blank()
}

export interface Truth {
  readonly harmless: ReadonlySet<string>
  readonly speed: number
  /** False: somebody ended it when he had seen enough, and what did not happen is no fault. */
  readonly mustBeComplete: boolean
}

/** The end: what can only be known now, and the list of steps. @returns titles of those that did not happen */
export async function concludeOn(stage: Stage, truth: Truth): Promise<readonly string[]> {
  const { client, steps } = stage
  await judgeByTruth(stage, truth)
  const audit = await client.call('verifyAudit', {})
  if (audit.is_intact) steps.note('audited', `${audit.rows} rows`)
  await listSteps(stage, truth.mustBeComplete)
  return steps.missing()
}

/** Whom the node blocked, beside who they were. */
async function judgeByTruth({ client, screen, steps }: Stage, truth: Truth): Promise<void> {
  const wronged = { ban: new Set<string>(), throttle: new Set<string>() }
  let blocks = 0
  const pages = (page: { limit: number; cursor?: string }) =>
    client.call('listDecisions', { query: page })
  for await (const decision of allItems(pages)) {
    if (!isApplied(decision)) continue
    blocks++
    for (const prefix of decision.prefixes) {
      const address = prefix.replace(/\/(?:32|128)$/, '')
      if (truth.harmless.has(address)) wronged[decision.type].add(address)
    }
  }
  const { ban, throttle } = wronged
  if (ban.size === 0) {
    const total = truth.harmless.size
    steps.note('harmless', `${blocks} blocks; none of ${total} harmless addresses banned`)
  } else {
    await screen.text(`Banned without cause: ${[...ban].join(', ')}`, 'alarm')
  }
  if (throttle.size === 0) return
  const faster =
    truth.speed > 1
      ? `; played ${truth.speed} times as fast, harmless traffic too comes faster than it did (--speed 1 is the recorded pace)`
      : ''
  await screen.text(`Slowed down without cause: ${throttle.size} addresses${faster}.`, 'caution')
}

async function listSteps({ screen, steps }: Stage, mustBeComplete: boolean): Promise<void> {
  const absent = mustBeComplete ? 'alarm' : 'faint'
  await screen.blank()
  await screen.text('Steps', 'strong')
  for (const { title, seen } of steps.all()) {
    if (seen === undefined)
      await screen.field(mustBeComplete ? 'missing' : 'not yet', title, absent)
    else await screen.item('done', title, seen)
  }
  const missing = steps.missing().length
  const total = steps.all().length
  await screen.blank()
  await screen.text(
    missing === 0
      ? `All ${total} steps happened.`
      : `${total - missing} of ${total} steps happened.`,
    missing === 0 ? 'good' : absent
  )
}
