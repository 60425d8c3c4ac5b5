/** `netminder train`, `predict` and `evaluate` as a person runs them, on files of his own. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { equal, is, match, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { type CliResult, CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('models by the command line', { timeoutMs: 120_000 })
const rig = new CliRig()
test.after(() => rig.dispose())

type Line = Readonly<Record<string, unknown>>

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

/** Two classes that a line and a word part, with noise, missing cells, and sites of 20 rows. */
function makeCsv(rows: number, seed: number): string {
  const random = seededRandom(seed)
  const lines = Array.from({ length: rows }, (_, row) => {
    const [x, y] = [random.next() * 10, random.next() * 10]
    const client = ['gpg', 'curl', 'browser'][Math.floor(random.next() * 3)] ?? 'gpg'
    const score = x - y + (client === 'curl' ? 3 : 0) + random.next() * 2 - 1
    const shown = random.next() < 0.05 ? '' : x.toFixed(3)
    return `${shown},${y.toFixed(3)},${client},site-${Math.floor(row / 20)},${score > 1 ? 'abuse' : 'benign'}`
  })
  return `x,y,client,site,label\n${lines.join('\n')}\n`
}

const trainFile = inDir('train.csv', makeCsv(1_200, 1))
const testFile = inDir('test.csv', makeCsv(600, 2))
const model = join(rig.dir, 'model')
const TRAIN = ['train', '--data', trainFile, '--label', 'label', '--group', 'site']

test.before(async () => {
  const made = await rig.run([...TRAIN, '--out', model])
  if (made.code !== 0) throw new Error(made.talk)
})

for (const [kind, least] of [
  ['gradient-boosting', 0.93],
  ['random-forest', 0.93],
  ['isolation-forest', 0.2],
  ['stack', 0.93]
] as const) {
  test(`${kind}: trains, and its package says of new rows what the training promised`, async () => {
    const out = join(rig.dir, `kind-${kind}`)
    const trained = await rig.run([...TRAIN, '--model', kind, '--out', out, '--cv', 'grouped:4'])
    is(trained.code, 0, trained.talk)
    is(linesOf(trained, 'check').length, 7)
    is(linesOf(trained, 'fold').length, 4)
    equal(
      linesOf(trained, 'feature')
        .map(({ feature }) => feature)
        .sort(),
      ['client', 'x', 'y']
    )
    const [result] = linesOf(trained, 'result')
    ok(result)
    const promised = result['validation'] as Record<string, number>
    equal(result['classes'], ['benign', 'abuse'])
    const evaluated = await rig.run([
      'evaluate',
      '--package',
      out,
      '--data',
      testFile,
      '--label',
      'label'
    ])
    is(evaluated.code, 0, evaluated.talk)
    const [figures, ...more] = linesOf(evaluated)
    ok(figures)
    equal(more, [])
    for (const field of [
      'accuracy',
      'auc',
      'log_loss',
      'ece',
      'tpr_at_fpr_01',
      'tpr_at_fpr_001',
      'seconds'
    ]) {
      is(typeof figures[field], 'number', field)
    }
    is(figures['rows'], 600)
    const confusion = figures['confusion'] as number[][]
    is(
      confusion.flat().reduce((sum, count) => sum + count, 0),
      600
    )
    ok(Number(figures['auc']) > least, String(figures['auc']))
    ok(Math.abs(Number(figures['auc']) - (promised['auc'] ?? 0)) < 0.08)
  })
}

test('predict prints a row, scores and a label for each row, and evaluate counts the same', async () => {
  const predicted = await rig.run(['predict', '--package', model, '--data', testFile])
  is(predicted.code, 0, predicted.talk)
  const lines = linesOf(predicted)
  is(lines.length, 600)
  const labels = readFileSync(testFile, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').at(-1))
  let hits = 0
  for (const [index, line] of lines.entries()) {
    equal(Object.keys(line), ['row', 'scores', 'label'])
    is(line['row'], index)
    const scores = line['scores'] as Record<string, number>
    equal(Object.keys(scores), ['benign', 'abuse'])
    ok(Math.abs((scores['benign'] ?? 0) + (scores['abuse'] ?? 0) - 1) < 1e-6)
    is(line['label'], (scores['abuse'] ?? 0) > 0.5 ? 'abuse' : 'benign')
    if (line['label'] === labels[index]) hits++
  }
  const [figures] = linesOf(
    await rig.run(['evaluate', '--package', model, '--data', testFile, '--label', 'label'])
  )
  is(figures?.['accuracy'], hits / 600)
  match(predicted.talk, /warning: 2 columns that the model does not ask for: site, label\n/)
})

test('a gzip file, standard input, columns in another order and NDJSON give the same', async () => {
  const text = readFileSync(testFile, 'utf8')
  const [header = '', ...rows] = text.trimEnd().split('\n')
  const turned = [header, ...rows].map((line) => line.split(',').reverse().join(',')).join('\n')
  const names = header.split(',')
  const ndjson = rows
    .map((line) => {
      const cells = line
        .split(',')
        .map((cell, index) => [names[index], index > 1 ? cell : cell === '' ? null : Number(cell)])
      return JSON.stringify(Object.fromEntries(cells))
    })
    .join('\n')
  const predict = ['predict', '--package', model, '--data']
  const results = [
    await rig.run([...predict, testFile]),
    await rig.run([...predict, inDir('test.csv.gz', gzipSync(text))]),
    await rig.run([...predict, '-'], { input: text }),
    await rig.run([...predict, inDir('turned.csv', turned)]),
    await rig.run([...predict, inDir('test.ndjson', ndjson)]),
    await rig.run([...predict, '-', '--format', 'ndjson'], { input: ndjson })
  ]
  for (const result of results) {
    is(result.code, 0, result.talk)
    ok(result.out === results[0]?.out)
  }
})

test('the same seed makes the same model; a package holds what it should and nothing else', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => join(rig.dir, name))
  ok(one && two && three)
  const args = [...TRAIN, '--params', '{"trees":30,"subsample":0.7}']
  for (const [out, seed] of [
    [one, '7'],
    [two, '7'],
    [three, '8']
  ] as const) {
    is((await rig.run([...args, '--out', out, '--seed', seed])).code, 0)
  }
  const bytes = (dir: string) => readFileSync(join(dir, 'boosting.onnx')).toString('base64')
  is(bytes(one), bytes(two))
  ok(bytes(one) !== bytes(three))
  equal(readdirSync(one).sort(), [
    'MODEL_CARD.md',
    'boosting.onnx',
    'golden.json',
    'manifest.json',
    'stack.json'
  ])
  const manifest = JSON.parse(readFileSync(join(one, 'manifest.json'), 'utf8'))
  equal(
    [manifest.name, manifest.version, manifest.kind, manifest.seed],
    ['one', '1.0.0', 'boosting', 7]
  )
  is(manifest.data.rows, 1_200)
  ok(manifest.metrics.gap.auc !== undefined)
  is(manifest.metrics.checks.length, 7)
  match(
    readFileSync(join(one, 'MODEL_CARD.md'), 'utf8'),
    /^# one 1\.0\.0\n[\s\S]*## Data[\s\S]*## Features[\s\S]*`client`/
  )
})

test('a search, a budget of false positives and calibration are in the manifest and the card', async () => {
  const out = join(rig.dir, 'searched')
  const result = await rig.run([
    ...TRAIN,
    ...[
      '--search',
      '3',
      '--cv',
      'grouped:3',
      '--calibration',
      'isotonic',
      '--false-positives',
      '0.01'
    ],
    ...[
      '--params',
      '{"trees":20}',
      '--out',
      out,
      '--name',
      'abuse',
      '--package-version',
      '2.1.0',
      '--synthetic'
    ]
  ])
  is(result.code, 0, result.talk)
  is(linesOf(result, 'trial').length, 4)
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  equal([manifest.name, manifest.version, manifest.data.synthetic], ['abuse', '2.1.0', true])
  ok(manifest.thresholds.decision > 0.5)
  is(manifest.metrics.trials.length, 4)
  const stack = JSON.parse(readFileSync(join(out, 'stack.json'), 'utf8'))
  is(stack.calibration[0].kind, 'isotonic')
  const [figures] = linesOf(
    await rig.run(['evaluate', '--package', out, '--data', testFile, '--label', 'label'])
  )
  const [[, wrong = 0] = []] = (figures?.['confusion'] ?? []) as number[][]
  ok(wrong < 20, String(wrong))
})

test('three classes whose names are numbers: scores of each, and figures of one against the rest', async () => {
  const random = seededRandom(5)
  const rows = Array.from({ length: 900 }, () => {
    const [x, y] = [random.next() * 3, random.next()]
    return `${x.toFixed(4)},${y.toFixed(4)},${[10, 2, 33][Math.floor(x * 0.9 + y * 0.3)] ?? 33}`
  })
  const data = inDir('three.csv', `x,y,kind\n${rows.join('\n')}\n`)
  const out = join(rig.dir, 'three')
  for (const kind of ['gradient-boosting', 'random-forest']) {
    const made = await rig.run([
      'train',
      '--data',
      data,
      '--label',
      'kind',
      '--model',
      kind,
      '--out',
      out
    ])
    is(made.code, 0, made.talk)
    const [figures] = linesOf(
      await rig.run(['evaluate', '--package', out, '--data', data, '--label', 'kind'])
    )
    equal(figures?.['classes'], ['2', '10', '33'])
    ok(Number(figures?.['auc']) > 0.99)
    is(figures?.['tpr_at_fpr_01'], null)
    const [line] = linesOf(await rig.run(['predict', '--package', out, '--data', data]))
    const scores = line?.['scores'] as Record<string, number>
    equal(Object.keys(scores).sort(), ['10', '2', '33'])
    ok(Math.abs(Object.values(scores).reduce((sum, p) => sum + p, 0) - 1) < 1e-6)
  }
  const refused = await rig.run([
    'train',
    '--data',
    data,
    '--label',
    'kind',
    '--model',
    'isolation-forest'
  ])
  is(refused.code, 65)
  match(refused.talk, /expected two classes for an isolation forest/)
})

test('a model of the node is found by its name, the newest version first', async () => {
  const place = join(rig.dataDir, 'models', 'traffic')
  mkdirSync(place, { recursive: true })
  for (const version of ['1.2.0', '1.10.0']) {
    is(
      (
        await rig.run([
          ...TRAIN,
          '--name',
          'traffic',
          '--package-version',
          version,
          '--out',
          join(place, version)
        ])
      ).code,
      0
    )
  }
  const evaluate = (name: string) =>
    rig.run(['evaluate', '--model', name, '--data', testFile, '--label', 'label'])
  is(linesOf(await evaluate('traffic'))[0]?.['model'], 'traffic@1.10.0')
  is(linesOf(await evaluate('traffic@1.2.0'))[0]?.['model'], 'traffic@1.2.0')
  const absent = await evaluate('traffic@3')
  is(absent.code, 66)
  match(absent.talk, /expected a model "traffic@3"/)
})

test('what is odd about rows is said once, and they are judged all the same', async () => {
  const odd = inDir('odd.csv', 'x,y,client\n1,2,gpg\n1e12,2,telnet\n,3,\n5,5,telnet\n')
  const { code, out, talk } = await rig.run(['predict', '--package', model, '--data', odd])
  is(code, 0)
  is(out.trimEnd().split('\n').length, 4)
  match(talk, /warning: values far from all that the model has seen: x \(1 row\)/)
  match(talk, /warning: words that the model has never seen, taken as missing: client \(2 rows\)/)
})

test('Ctrl-C ends a training at once, and leaves nothing behind', async () => {
  const out = join(rig.dir, 'interrupted')
  const child = rig.spawn([...TRAIN, '--params', '{"trees":100000}', '--out', out])
  let seen = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    // The checks are done: it trains.
    if (!seen.includes('classes') && `${seen}${text}`.includes('classes'))
      setTimeout(() => child.kill('SIGINT'), 300)
    seen += text
  })
  let talk = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    talk += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  is(code, 130, talk)
  ok(!talk.includes('mistake of netminder'), talk)
  ok(!existsSync(out))
  ok(!readdirSync(rig.dir).some((name) => name.includes('interrupted')))
})

test('a reader that goes away ends predict quietly', async () => {
  const many = inDir('many.csv', `x,y,client\n${'1,2,gpg\n'.repeat(200_000)}`)
  const child = rig.spawn(['predict', '--package', model, '--data', many])
  child.stdout?.once('data', () => child.stdout?.destroy())
  let talk = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    talk += text
  })
  is(await new Promise((resolve) => child.on('close', resolve)), 0, talk)
  is(talk, '')
})

function tampered(name: string, change: (dir: string) => void): string {
  const dir = join(rig.dir, name)
  cpSync(model, dir, { recursive: true })
  change(dir)
  return dir
}

const wide = Array.from({ length: 1_000_000 }, (_, index) => `c${index}`).join(',')
const TRAIN_ON = (path: string, ...args: readonly string[]) => [
  'train',
  '--data',
  path,
  '--label',
  'label',
  ...args
]
const PREDICT = ['predict', '--data', testFile, '--package']

const faults: readonly {
  title: string
  args: () => readonly string[]
  code: number
  talk: RegExp
}[] = [
  ...['mlp', 'cnn', 'gru', 'lstm', 'transformer'].map((name) => ({
    title: `a ${name}`,
    args: () => [...TRAIN, '--model', name],
    code: 64,
    talk: new RegExp(`got ${name}: networks are trained by a later release`)
  })),
  {
    title: 'a kind that nobody knows',
    args: () => [...TRAIN, '--model', 'svm'],
    code: 64,
    talk: /--model: expected one of gradient-boosting/
  },
  { title: 'no label', args: () => ['train', '--data', trainFile], code: 64, talk: /--label/ },
  {
    title: 'a label that is no column',
    args: () => ['train', '--data', trainFile, '--label', 'class'],
    code: 65,
    talk: /expected a column "class", got x, y, client/
  },
  {
    title: 'params that are no JSON',
    args: () => [...TRAIN, '--params', 'trees=5'],
    code: 64,
    talk: /--params: expected a JSON object/
  },
  {
    title: 'params that nobody knows',
    args: () => [...TRAIN, '--params', '{"depth":5}'],
    code: 64,
    talk: /got "depth"/
  },
  {
    title: 'folds that are none',
    args: () => [...TRAIN, '--cv', '5'],
    code: 64,
    talk: /--cv: expected grouped:K/
  },
  {
    title: 'more folds than groups',
    args: () => TRAIN_ON(inDir('few.csv', makeCsv(60, 3)), '--group', 'site', '--cv', 'grouped:5'),
    code: 65,
    talk: /at least 5 groups for 5 folds, got 3/
  },
  {
    title: 'a column to drop that is not there',
    args: () => [...TRAIN, '--drop', 'z'],
    code: 65,
    talk: /expected a column "z"/
  },
  {
    title: 'a file that is missing',
    args: () => TRAIN_ON(join(rig.dir, 'absent.csv')),
    code: 66,
    talk: /could not read .*absent\.csv/
  },
  {
    title: 'a folder',
    args: () => TRAIN_ON(rig.dir),
    code: 66,
    talk: /expected a file, got the directory/
  },
  {
    title: 'a file without header',
    args: () => TRAIN_ON(inDir('bare.csv', '1,2,3\n4,5,6\n')),
    code: 65,
    talk: /names of the columns, got numbers/
  },
  {
    title: 'an empty file',
    args: () => TRAIN_ON(inDir('empty.csv', '')),
    code: 65,
    talk: /got an empty file/
  },
  {
    title: 'a stack with params of no member',
    args: () => [...TRAIN, '--model', 'stack', '--params', '{"trees":3}'],
    code: 64,
    talk: /by member \(boosting, forest, isolation\)/
  },
  {
    title: 'a stack that is searched for',
    args: () => [...TRAIN, '--model', 'stack', '--search', '3'],
    code: 64,
    talk: /expected --search for a training of one forest only/
  },
  {
    title: 'a word among numbers',
    args: () => {
      const numbers = Array.from({ length: 200 }, (_, index) => `${index},${index % 2 ? 'a' : 'b'}`)
      return TRAIN_ON(inDir('word.csv', `x,label\n${numbers.join('\n')}\n?,a\n`))
    },
    code: 65,
    talk: /numbers alone in column "x", got something else in 1 of 201 cells, the first "\?" in line 202/
  },
  {
    title: 'two rows',
    args: () => TRAIN_ON(inDir('two.csv', 'x,label\n1,a\n2,b\n')),
    code: 65,
    talk: /two classes beside those that are held out, got one: .* too few rows/
  },
  {
    title: 'one class',
    args: () => TRAIN_ON(inDir('one.csv', 'x,label\n1,a\n2,a\n3,a\n')),
    code: 65,
    talk: /at least two classes, got "a" alone/
  },
  {
    title: 'a column of nothing but NaN',
    args: () => TRAIN_ON(inDir('nan.csv', `x,label\n${'NaN,a\nNaN,b\n'.repeat(20)}`)),
    code: 65,
    talk: /schema: expected a column that varies/
  },
  {
    title: 'a million columns',
    args: () => TRAIN_ON(inDir('wide.csv', `${wide}\n${wide}\n`)),
    code: 65,
    talk: /at most 4096 columns/
  },
  {
    title: 'a file that is cut off',
    args: () => TRAIN_ON(inDir('cut.csv.gz', gzipSync(makeCsv(5_000, 1)).subarray(0, 20_000))),
    code: 65,
    talk: /could not unpack/
  },
  {
    title: 'a label without a value',
    args: () => TRAIN_ON(inDir('gap.csv', 'x,label\n1,a\n2,\n')),
    code: 65,
    talk: /empty cell in line 3/
  },
  {
    title: 'ranges that are none',
    args: () => [...TRAIN, '--ranges', inDir('ranges.json', '{"x":5}')],
    code: 65,
    talk: /"column":\[least,greatest\]/
  },
  {
    title: 'values out of their declared range',
    args: () => [...TRAIN, '--ranges', inDir('tight.json', '{"x":[0,5]}')],
    code: 65,
    talk: /ranges: has values out of range: x/
  },
  {
    title: 'a place where something else is',
    args: () => [...TRAIN, '--out', rig.dir],
    code: 73,
    talk: /could not write the package/
  },
  {
    title: 'no model to use',
    args: () => ['predict', '--data', testFile],
    code: 64,
    talk: /--package or --model/
  },
  {
    title: 'a package that is missing',
    args: () => [...PREDICT, join(rig.dir, 'absent')],
    code: 66,
    talk: /expected a package in/
  },
  {
    title: 'rows without a column of the model',
    args: () => ['predict', '--package', model, '--data', inDir('less.csv', 'x,y\n1,2\n')],
    code: 65,
    talk: /expected a column "client"/
  },
  {
    title: 'mixed types in a column of numbers',
    args: () => [
      'predict',
      '--package',
      model,
      '--data',
      inDir('mixed.csv', 'x,y,client\n1,2,gpg\nfast,2,gpg\n')
    ],
    code: 65,
    talk: /number in column "x", got "fast" in line 3/
  },
  {
    title: 'a label that the model does not know',
    args: () => [
      'evaluate',
      '--package',
      model,
      '--label',
      'label',
      '--data',
      inDir('third.csv', 'x,y,client,label\n1,2,gpg,spam\n')
    ],
    code: 65,
    talk: /label that the model knows \(benign, abuse\), got "spam"/
  },
  {
    title: 'a package of which a byte has changed',
    args: () => [
      ...PREDICT,
      tampered('bent', (dir) => appendFileSync(join(dir, 'boosting.onnx'), 'x'))
    ],
    code: 65,
    talk: /HASH_MISMATCH/
  },
  {
    title: 'a package without its golden predictions',
    args: () => [...PREDICT, tampered('blind', (dir) => truncateSync(join(dir, 'golden.json'), 0))],
    code: 65,
    talk: /HASH_MISMATCH/
  }
]

for (const { title, args, code, talk } of faults) {
  test(`refuses ${title} with one sentence and ${code}`, async () => {
    const result = await rig.run(args())
    is(result.code, code, result.talk)
    match(result.talk, talk)
    is(
      result.talk
        .trimEnd()
        .split('\n')
        .filter((line) => !line.includes('warning:')).length,
      1,
      result.talk
    )
  })
}

test('a table of 5 GB is refused after its first rows', async () => {
  const row = `${Array.from({ length: 40 }, (_, index) => (index * 1.37).toFixed(3)).join(',')},a\n`
  const header = `${Array.from({ length: 40 }, (_, index) => `c${index}`).join(',')},label\n`
  const path = inDir('large.csv', header + row.repeat(12_000))
  // The rest is a hole: it takes no room, and nobody must come to it.
  truncateSync(path, 5_000_000_000)
  const startedAt = performance.now()
  const { code, talk } = await rig.run(TRAIN_ON(path))
  is(code, 65)
  match(talk, /at most 200 million cells, got about \d{3} million in this file: give a sample/)
  ok(performance.now() - startedAt < 20_000)
  truncateSync(path, 0)
})
