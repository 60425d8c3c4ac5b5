/** `netminder replay`: what a policy would have done on recorded logs. Touches neither network nor actuators nor the node's database. */
import { type Command, Option } from 'commander'
import { readLabels } from '../../datasets/index.ts'
import { evaluate } from '../../defense/index.ts'
import { POLICY_NAMES, type PolicyName } from '../../detection/index.ts'
import { collectPrefix, leaf, parseWholeNumber } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { plural } from '../output.ts'
import { decisionLine, evaluationLine, sourceLine, summaryLine } from '../replay/replay-lines.ts'
import { type ReplayOutcome, runReplay } from '../replay/run-replay.ts'

interface GivenOptions {
  readonly haproxyLog?: string
  readonly hockeypuckLog?: string
  readonly nginxLog?: string
  readonly policy: PolicyName
  readonly truth?: string
  readonly treatAsPublic?: readonly string[]
  readonly allow?: readonly string[]
  readonly timeZone?: string
  readonly events?: true
  readonly state?: string
  readonly model?: string
  readonly seed: number
}

const SEED_MAX = 2 ** 32 - 1
/** Written at once: a write for each of a million lines takes longer than the replay. */
const BATCH_CHARACTERS = 65_536

export function addReplayCommand(program: Command, context: CliContext): void {
  leaf(program.command('replay'), {
    summary: 'read recorded logs and print what would have been decided, one JSON object a line',
    examples: [
      ['replay --haproxy-log haproxy.log', "last week's traffic, judged as a fresh install would"],
      [
        'replay --haproxy-log haproxy.log.1.gz --hockeypuck-log hockeypuck.log.1.gz',
        'with uploads'
      ],
      ['replay --haproxy-log - --events < haproxy.log', 'decisions as they happen'],
      [
        'replay --haproxy-log haproxy.log --truth truth.jsonl --policy haproxy-stock',
        "HAProxy's own limits against the truth"
      ],
      [
        'replay --haproxy-log haproxy.log --allow 192.0.2.0/24',
        'with a partner that is never judged'
      ]
    ]
  })
    .option('--haproxy-log <file>', 'log of HAProxy; - reads standard input, gzip is unpacked')
    .option('--hockeypuck-log <file>', "Hockeypuck's own log of the same time")
    .option('--nginx-log <file>', 'access log of nginx in the combined format')
    .addOption(new Option('--policy <name>', 'who judges').choices(POLICY_NAMES).default('default'))
    .option(
      '--model <dir>',
      'package of a model that judges under `default` in the place of the shipped one'
    )
    .option('--truth <file>', 'what the sources really were; prints an evaluation')
    .option(
      '--treat-as-public <prefix>',
      'reserved addresses that are judged like public ones, for recordings; repeatable',
      collectPrefix
    )
    .option(
      '--allow <prefix>',
      'addresses that are never judged: partners and allowlist; repeatable',
      collectPrefix
    )
    .option(
      '--time-zone <zone>',
      "zone of HAProxy's times (default: found by --hockeypuck-log, else that of this machine)"
    )
    .option('--events', 'print each decision when it is made')
    .option('--state <dir>', 'go on from what was learned there, and keep there what is learned')
    .option(
      '--seed <n>',
      'for policies that draw at random (b2, b3)',
      parseWholeNumber(0, SEED_MAX),
      1
    )
    .action((options: GivenOptions) => replay(options, context))
}

async function replay(options: GivenOptions, context: CliContext): Promise<void> {
  const { io, clock, signal } = context
  const { haproxyLog: haproxy, hockeypuckLog: hockeypuck, nginxLog: nginx, timeZone } = options
  if (haproxy === undefined && hockeypuck === undefined && nginx === undefined) {
    throw new CliError(
      'CLI_USAGE',
      'expected a log to read (--haproxy-log, --hockeypuck-log or --nginx-log), got none'
    )
  }
  if (options.model !== undefined && options.policy !== 'default') {
    throw new CliError(
      'CLI_USAGE',
      `expected --model with the policy default, got ${options.policy}`
    )
  }
  const truth =
    options.truth === undefined ? undefined : await readLabels(options.truth, { isTruth: true })
  const { policy } = options
  const out = new LineBatch((text) => io.write(text))
  const outcome = await runReplay(
    {
      logs: { haproxy, hockeypuck, nginx, timeZone },
      policy,
      treatAsPublic: options.treatAsPublic ?? [],
      allow: options.allow ?? [],
      seed: options.seed,
      stateDir: options.state,
      modelDir: options.model
    },
    {
      clock,
      signal,
      stdin: io.stdin,
      onDecision:
        options.events === true ? (decision) => out.add(decisionLine(decision)) : undefined,
      drain: () => out.flush()
    }
  )
  const sources = outcome.run.sources()
  for (const [source, record] of sources) {
    signal.throwIfAborted()
    out.add(sourceLine(source, record))
    if (out.isFull) await out.flush()
  }
  const { report, seconds, model } = outcome
  out.add(summaryLine({ report, policy, model, sources: sources.size, seconds }))
  if (truth !== undefined) out.add(evaluationLine(evaluate(truth, { policy, sources })))
  await out.flush()
  for (const problem of outcome.modelProblems) io.talk(`netminder: not used: ${problem}`)
  io.talk(talkOf(outcome))
}

/** Lines that wait to be written together. */
class LineBatch {
  readonly #write: (text: string) => Promise<void>
  #lines: string[] = []
  #characters = 0

  constructor(write: (text: string) => Promise<void>) {
    this.#write = write
  }

  get isFull(): boolean {
    return this.#characters >= BATCH_CHARACTERS
  }

  add(line: string): void {
    this.#lines.push(line)
    this.#characters += line.length
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return
    const text = this.#lines.join('')
    this.#lines = []
    this.#characters = 0
    await this.#write(text)
  }
}

function talkOf({ run, report, seconds, model }: ReplayOutcome): string {
  const count = { ban: 0, throttle: 0, watch: 0, benign: 0 }
  for (const { level } of run.sources().values()) count[level]++
  const unread = report.lines - report.parsed
  const unreadText = unread === 0 ? '' : `, of which ${unread} could not be read`
  return `netminder: ${plural(report.lines, 'line')} in ${seconds.toFixed(1)} s${unreadText}; of ${plural(run.sourcesTotal, 'address', 'addresses')} ${count.ban} banned, ${count.throttle} throttled, ${count.watch} watched${model === undefined ? '' : `; judged by ${model} and the rules`}`
}
