/** `netminder replay` as a person runs it, over the traffic fixture. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { equal, is, match, ok } from 'uvu/assert'
import { type CliResult, CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('replay by the command line', { timeoutMs: 120_000 })
const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'traffic')
const HAPROXY = ['--haproxy-log', join(folder, 'haproxy.log.gz')]
const LOGS = [...HAPROXY, '--hockeypuck-log', join(folder, 'hockeypuck.log.gz')]
const TRUTH = ['--truth', join(folder, 'truth.jsonl'), '--treat-as-public', '127.0.0.0/8']
const rig = new CliRig()

test.after(() => rig.dispose())

type Line = Readonly<Record<string, unknown>>

const replay = (...args: readonly string[]): Promise<CliResult> => rig.run(['replay', ...args])

function linesOf({ out }: CliResult, type?: string): Line[] {
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  return type === undefined ? lines : lines.filter((line) => line['type'] === type)
}

function inDir(name: string, content: string | Buffer): string {
  const path = join(rig.dir, name)
  writeFileSync(path, content)
  return path
}

function plainLog(): Buffer {
  return gunzipSync(readFileSync(join(folder, 'haproxy.log.gz')))
}

test('prints a line for each source, a summary and an evaluation, with every field', async () => {
  const result = await replay(...LOGS, ...TRUTH)
  is(result.code, 0, result.talk)
  const lines = linesOf(result)
  const [summary, evaluation] = lines.slice(-2)
  const sources = lines.slice(0, -2)
  ok(sources.every((line) => line['type'] === 'source'))
  for (const field of [
    'source',
    'requests',
    'first_seen',
    'last_seen',
    'verdict',
    'score',
    'category',
    'first_decision_at',
    'requests_before_decision',
    'reasons',
    'model'
  ]) {
    ok(
      sources.every((line) => line[field] !== undefined),
      field
    )
  }
  equal(
    [summary?.['type'], summary?.['lines'], summary?.['parsed'], summary?.['sources']],
    ['summary', 14_079 + 17_749, 14_079 + 17_749, sources.length]
  )
  equal([summary?.['policy'], summary?.['unparsed_by_cause']], ['default', {}])
  for (const field of ['events', 'seconds', 'lines_per_second']) ok(Number(summary?.[field]) > 0)
  is(evaluation?.['type'], 'evaluation')
  equal(evaluation?.['sources'], { abuse: 65, benign: 444 })
  ok(Number(evaluation?.['recall_by_class_mean']) > 0.8, String(evaluation?.['recall']))
  equal(evaluation?.['benign_banned'], 0)
  const requests = sources.reduce((sum, line) => sum + Number(line['requests']), 0)
  is(requests, 7_274)
})

test('stock HAProxy and our rules are not the same, and each says who judged', async () => {
  const found = new Map<string, Line>()
  for (const policy of ['rules', 'haproxy-stock', 'b5']) {
    const result = await replay(...LOGS, ...TRUTH, '--policy', policy)
    is(result.code, 0, result.talk)
    const [evaluation = {}] = linesOf(result, 'evaluation')
    is(evaluation['policy'], policy)
    found.set(policy, evaluation)
  }
  const recall = (policy: string) => Number(found.get(policy)?.['recall_by_class_mean'])
  ok(recall('rules') > recall('haproxy-stock'))
  ok(recall('haproxy-stock') > recall('b5'))
})

test('reads standard input, plain or gzip, to the same result as the file', async () => {
  const plain = inDir('haproxy.log', plainLog())
  const results = [
    await replay('--haproxy-log', plain, '--time-zone', 'UTC', ...TRUTH),
    await rig.run(['replay', '--haproxy-log', '-', '--time-zone', 'UTC', ...TRUTH], {
      input: plainLog().toString('latin1')
    }),
    await replay(...HAPROXY, '--time-zone', 'UTC', ...TRUTH)
  ]
  const comparable = results.map((result) => JSON.stringify(linesOf(result, 'source')))
  ok(comparable.every((text) => text === comparable[0]))
})

test('--events prints each decision when it is made, in the order of time', async () => {
  const result = await replay(...HAPROXY, '--time-zone', 'UTC', ...TRUTH, '--events')
  const decisions = linesOf(result, 'decision')
  ok(decisions.length > 10)
  const times = decisions.map((line) => Date.parse(String(line['at'])))
  ok(times.every((at, index) => index === 0 || at >= (times[index - 1] ?? 0) - 60_000))
  for (const field of ['scope', 'value', 'verdict', 'category', 'score', 'reasons']) {
    ok(
      decisions.every((line) => line[field] !== undefined),
      field
    )
  }
  is(linesOf(result)[0]?.['type'], 'decision')
})

test('the time zone moves every time; without one it is found by the log of Hockeypuck', async () => {
  const firstSeen = async (...args: readonly string[]) =>
    linesOf(await replay(...args), 'source')[0]?.['first_seen']
  is(await firstSeen(...HAPROXY, '--time-zone', '+02:00'), '2026-11-23T01:18:20.234Z')
  const found = await rig.run(['replay', ...LOGS], { env: { TZ: 'Asia/Tokyo' } })
  match(String(linesOf(found, 'source')[0]?.['first_seen']), /^2026-11-23T03:18/)
})

test('--allow spares, and what is reserved is spared without --treat-as-public', async () => {
  const spared = await replay(...HAPROXY, ...TRUTH, '--allow', '127.0.0.0/8')
  const reserved = await replay(...HAPROXY)
  for (const result of [spared, reserved]) {
    ok(linesOf(result, 'source').every((line) => line['verdict'] === 'benign'))
  }
})

test('--state goes on from what was learned, and leaves the node alone', async () => {
  const half = plainLog().toString('latin1').split('\n')
  const first = inDir('first.log', half.slice(0, 7_000).join('\n'))
  const second = inDir('second.log', half.slice(7_000).join('\n'))
  const state = join(rig.dir, 'learned')
  const args = ['--treat-as-public', '127.0.0.0/8', '--time-zone', 'UTC', '--state', state]
  is((await replay('--haproxy-log', first, ...args)).code, 0)
  const learned = linesOf(await replay('--haproxy-log', second, ...args), 'source')
  const afresh = linesOf(await replay('--haproxy-log', second, ...args.slice(0, -2)), 'source')
  const prevented = (lines: readonly Line[]) =>
    lines.reduce((sum, line) => sum + Number(line['requests_prevented']), 0)
  ok(prevented(learned) > prevented(afresh), `${prevented(learned)} > ${prevented(afresh)}`)
  equal(readdirSync(state), ['replay-default.checkpoint'])
  ok(!existsSync(rig.dataDir))
})

test(
  'a full disk behind standard output is said with one sentence and 74',
  async () => {
    const full = openSync('/dev/full', 'w')
    const child = rig.spawn(['replay', ...HAPROXY], {
      spawn: { stdio: ['ignore', full, 'pipe'] }
    })
    let talk = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      talk += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    closeSync(full)
    is(code, 74, talk)
    match(talk, /^netminder: could not write to standard output: .*ENOSPC/)
  },
  { skip: existsSync('/dev/full') ? undefined : 'the device /dev/full is missing' }
)

const faults: readonly {
  readonly title: string
  readonly args: () => readonly string[]
  readonly code: number
  readonly talk: RegExp
}[] = [
  { title: 'no log', args: () => [], code: 64, talk: /expected a log to read/ },
  { title: 'an unknown option', args: () => [...HAPROXY, '--fast'], code: 64, talk: /--fast/ },
  {
    title: 'an unknown policy',
    args: () => [...HAPROXY, '--policy', 'b1'],
    code: 64,
    talk: /--policy: .*default, rules, haproxy-stock, b2, b3, b4, b5/
  },
  {
    title: 'a zone that does not exist',
    args: () => [...HAPROXY, '--time-zone', 'Mars/Base'],
    code: 64,
    talk: /Mars\/Base/
  },
  {
    title: 'a prefix that is none',
    args: () => [...HAPROXY, '--allow', 'everyone'],
    code: 64,
    talk: /--allow: expected an address or a prefix/
  },
  {
    title: 'a seed that is none',
    args: () => [...HAPROXY, '--seed', '-1'],
    code: 64,
    talk: /--seed/
  },
  {
    title: 'standard input for two logs',
    args: () => ['--haproxy-log', '-', '--hockeypuck-log', '-'],
    code: 64,
    talk: /standard input for one log/
  },
  {
    title: 'a log that is missing',
    args: () => ['--haproxy-log', join(rig.dir, 'absent.log')],
    code: 66,
    talk: /absent\.log/
  },
  { title: 'a folder', args: () => ['--haproxy-log', rig.dir], code: 66, talk: /directory/ },
  {
    title: 'a log without one line that can be read',
    args: () => ['--haproxy-log', inDir('noise.log', 'hello\nworld\n')],
    code: 65,
    talk: /noise\.log, got 2 lines of which none could be read/
  },
  {
    title: 'an empty log',
    args: () => ['--haproxy-log', inDir('empty.log', '')],
    code: 65,
    talk: /got 0 lines/
  },
  {
    title: 'a truth that is missing',
    args: () => [...HAPROXY, '--truth', join(rig.dir, 'absent.jsonl')],
    code: 66,
    talk: /could not read the truth/
  },
  {
    title: 'a truth that is no JSON',
    args: () => [...HAPROXY, '--truth', inDir('bad.jsonl', 'yes\n')],
    code: 65,
    talk: /bad\.jsonl, line 1: expected a JSON object, got "yes"/
  },
  {
    title: 'a truth with a wrong label',
    args: () => [
      ...HAPROXY,
      '--truth',
      inDir(
        'label.jsonl',
        '\n{"source":"127.0.0.1","class":"A1","label":"evil","from":"2026-11-23T03:00:00Z"}\n'
      )
    ],
    code: 65,
    talk: /label\.jsonl, line 2: label: expected benign, abuse, mixed, got "evil"/
  },
  {
    title: 'a truth without a beginning',
    args: () => [
      ...HAPROXY,
      '--truth',
      inDir('from.jsonl', '{"source":"127.0.0.1","class":"A1","label":"abuse"}')
    ],
    code: 65,
    talk: /line 1: from: expected a time such as .*, got nothing/
  },
  {
    title: 'a state directory that is a file',
    args: () => [...HAPROXY, '--state', inDir('file', '')],
    code: 73,
    talk: /could not make/
  },
  {
    title: 'a damaged state',
    args: () => {
      const dir = join(rig.dir, 'damaged')
      mkdirSync(dir, { recursive: true })
      writeFileSync(join(dir, 'replay-default.checkpoint'), 'NMCHKPT\nnonsense')
      return [...HAPROXY, '--state', dir]
    },
    code: 65,
    talk: /cannot be used .* it is kept as/
  }
]

for (const { title, args, code, talk } of faults) {
  test(`refuses ${title} with one sentence and ${code}`, async () => {
    const result = await replay(...args())
    equal([result.code, result.out], [code, ''], result.talk)
    match(result.talk, talk)
    is(result.talk.trimEnd().split('\n').length, 1, result.talk)
  })
}
