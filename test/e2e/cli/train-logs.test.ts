/** `netminder train --log … --labels …` as an operator runs it: a model of behaviour out, or one sentence that says what is missing. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('behaviour by the command line', { timeoutMs: 300_000 })
const rig = new CliRig()
test.after(() => rig.dispose())

const folder = join(import.meta.dirname, '../../fixtures/traffic')
const haproxy = join(folder, 'haproxy.log.gz')
const LOGS = ['--log', haproxy, '--hockeypuck-log', join(folder, 'hockeypuck.log.gz')]
const TRUTH = ['--labels', join(folder, 'truth.jsonl')]

function inDir(name: string, content: string): string {
  const path = join(rig.dir, name)
  writeFileSync(path, content)
  return path
}

const labels = (name: string, rows: string) =>
  inDir(name, `source,label,class,from,to,campaign\n${rows}`)

test('makes a package from logs and labels that judges logs, and tells how good it is by class', async () => {
  const out = join(rig.dir, 'behaviour')
  const {
    code,
    out: text,
    talk
  } = await rig.run([
    ...['train', ...LOGS, ...TRUTH, '--out', out, '--cv', 'grouped:3', '--seed', '2'],
    ...['--checkpoint', join(rig.dir, 'checkpoint'), '--package-version', '7']
  ])
  is(code, 0, talk)
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
  const of = (type: string) => lines.filter((line) => line['type'] === type)
  const [rows] = of('rows')
  equal(rows?.['sources'], { abuse: 65, benign: 444 })
  equal(
    of('check').map(({ check }) => check),
    ['schema', 'ranges', 'missing', 'duplicates', 'label-conflicts', 'dominance', 'classes']
  )
  is(of('fold').length, 3)
  const classes = of('class')
  ok(
    classes.some((line) => line['class'] === 'A8') && classes.some((line) => line['class'] === 'N3')
  )
  is(
    classes.reduce((sum, { sources }) => sum + Number(sources), 0),
    65 + 444
  )
  const [result] = of('result')
  const validation = result?.['validation'] as { readonly auc: number } | undefined
  ok(validation !== undefined && validation.auc > 0.9, JSON.stringify(validation))
  match(talk, /of campaigns that it had not seen it finds \d/)
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  equal([manifest.task, manifest.kind, manifest.version], ['behaviour', 'forest-stack', '7'])
  is(manifest.data.synthetic, false)
  match(readFileSync(join(out, 'MODEL_CARD.md'), 'utf8'), /recorded logs and labels/)
  const replay = await rig.run([
    ...['replay', '--haproxy-log', haproxy, '--model', out],
    ...['--treat-as-public', '127.0.0.0/8']
  ])
  is(replay.code, 0, replay.talk)
  ok(replay.out.includes('"model":"behaviour@7"'))
  ok(existsSync(join(rig.dir, 'checkpoint')))
})

const faults: readonly {
  readonly title: string
  readonly args: () => readonly string[]
  readonly code: number
  readonly talk: RegExp
}[] = [
  {
    title: 'nothing at all',
    args: () => [],
    code: 64,
    talk: /--log FILE with --labels FILE, got neither/
  },
  {
    title: 'a log without labels',
    args: () => LOGS,
    code: 64,
    talk: /with --labels FILE, got --log/
  },
  {
    title: 'labels without a log',
    args: () => TRUTH,
    code: 64,
    talk: /expected a log .*got --labels alone/
  },
  {
    title: 'a table beside logs',
    args: () => [...LOGS, ...TRUTH, '--data', 'x.csv'],
    code: 64,
    talk: /expected --data for a training from a table only/
  },
  {
    title: 'another model',
    args: () => [...LOGS, ...TRUTH, '--model', 'random-forest'],
    code: 64,
    talk: /no --model from logs, or stack, got random-forest/
  },
  {
    title: 'a log that is not there',
    args: () => ['--log', join(rig.dir, 'absent.log'), ...TRUTH],
    code: 66,
    talk: /absent\.log/
  },
  {
    title: 'a log that is none',
    args: () => ['--log', inDir('noise.log', 'hello\n'), ...TRUTH],
    code: 65,
    talk: /got 1 lines of which none could be read/
  },
  {
    title: 'labels that are not there',
    args: () => [...LOGS, '--labels', join(rig.dir, 'absent.csv')],
    code: 66,
    talk: /could not read the labels/
  },
  {
    title: 'labels that are none',
    args: () => [...LOGS, '--labels', inDir('none.csv', 'a,b\n1,2\n')],
    code: 65,
    talk: /none\.csv, line 1: expected JSON objects, or the columns source and label/
  },
  {
    title: 'labels of others',
    args: () => [...LOGS, '--labels', labels('others.csv', '192.0.2.1,abuse,A8,,,\n')],
    code: 65,
    talk: /expected a labelled source in the logs, got none of 1/
  },
  {
    title: 'labels of another time',
    args: () => [
      ...[...LOGS, '--labels'],
      labels('old.csv', '127.40.52.25,benign,N7,2020-01-01T00:00:00Z,2020-01-02T00:00:00Z,\n')
    ],
    code: 65,
    talk: /expected labels for the time of the logs \(2026-11-23T.*got 1 that all hold at other times/
  },
  {
    title: 'one class',
    args: () => [...LOGS, '--labels', labels('one.csv', '127.40.52.25,benign,N7,,,\n')],
    code: 65,
    talk: /at least two classes, got "benign" alone/
  }
]
for (const { title, args, code, talk } of faults) {
  test(`says in one sentence what is wrong with ${title}`, async () => {
    const result = await rig.run(['train', ...args()])
    is(result.code, code, result.talk)
    match(result.talk, talk)
    is(result.out, '')
    const said = result.talk.trimEnd().split('\n')
    is(said.filter((line) => !line.startsWith('netminder: warning')).length, 1)
  })
}
