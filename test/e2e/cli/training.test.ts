/** Trainings of a running node by the command line: from a table and from logs, killed with the node, and what their gate lets through. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { equal, is, match, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { readTar } from '../../../src/registry/index.ts'
import { CliRig } from '../../support/cli-rig.ts'
import { inPieces } from '../../support/model-packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Trainings of a node by the command line', { timeoutMs: 240_000 })
const rig = new CliRig()
const tables = join(rig.dir, 'tables')
const table = join(tables, 'spam.csv')
const FIXTURE = join(import.meta.dirname, '..', '..', 'fixtures', 'traffic')

interface Training {
  readonly id: string
  readonly state: string
  readonly progress: number
  readonly checkpoints: number
  readonly resumes: number
  readonly model: string | null
  readonly notes: readonly string[]
  readonly report: { readonly gate: { readonly passed: boolean } } | null
}

test.before(async () => {
  mkdirSync(tables)
  writeFileSync(table, rowsOf(1_500))
  await rig.start()
  await rig.stop()
  appendFileSync(
    join(rig.dataDir, 'netminder.toml'),
    `\n[training]\ngivesWay = false\ncores = 4\ncheckpointIntervalMs = 100\nreadFrom = [${JSON.stringify(tables)}]\n`
  )
  await rig.start()
})
test.after(() => rig.dispose())

/** Two numbers tell the classes apart, with noise. */
function rowsOf(count: number): string {
  const random = seededRandom(3)
  const lines = Array.from({ length: count }, () => {
    const [a, b, c] = [random.next(), random.next(), random.next()]
    const isSpam = a + 0.5 * b + 0.3 * random.next() > 0.9
    return [a, b, c].map((value) => value.toFixed(4)).concat(isSpam ? 'spam' : 'ham')
  })
  return `a,b,c,class\n${lines.map((line) => line.join(',')).join('\n')}\n`
}

const trainArgs = (name: string, params: object, ...more: readonly string[]) => [
  ...['models', 'train', name, '--table', table, '--label', 'class'],
  ...['--params', JSON.stringify(params), ...more]
]
const show = (id: string) => rig.json<Training>('models', 'jobs', 'show', id)

async function modelFilesOf(model: string): Promise<Record<string, string>> {
  const tar = join(rig.dir, `${model}.tar`)
  const { code, talk } = await rig.run(['models', 'export', model, '--file', tar])
  is(code, 0, talk)
  const files = await readTar(inPieces(readFileSync(tar)))
  const names = [...files.keys()].filter((name) => !/manifest|CARD/.test(name))
  return Object.fromEntries(
    names.map((name) => [name, Buffer.from(files.get(name) ?? []).toString('base64')])
  )
}

test('a table becomes a candidate, with lines of progress, and models show says what the gate found', async () => {
  const { code, out, talk } = await rig.run(
    trainArgs('spam', { trees: 30 }, '--calibration', 'isotonic')
  )
  is(code, 0, talk)
  match(talk, /netminder: \d+ %, /)
  match(out, /Candidate: +spam@1\n/)
  match(out, /\nGate: passed\n {2}ok +rows: 300 rows were held out/)
  const shown = await rig.run(['models', 'show', 'spam@1'])
  match(shown.out, /Stage: +candidate\n/)
  match(shown.out, /\nGate: passed\n/)
  const deployed = await rig.run(['models', 'deploy', 'spam@1'])
  is(deployed.code, 0, deployed.talk)
  const audit = (await rig.run(['audit', 'list'])).out
  for (const action of ['training.create', 'training.end', 'model.install']) {
    ok(audit.includes(action), action)
  }
})

test('what is worse than the champion is promoted only by force and with a reason', async () => {
  const { code, out, talk } = await rig.run(trainArgs('spam', { trees: 1, maxDepth: 1 }))
  is(code, 0, talk)
  match(out, /Beside: +spam@1\n[\s\S]*Gate: failed[\s\S]*FAILED +quality: /)
  for (const words of [[], ['--force'], ['--reason', 'I like it']]) {
    const refused = await rig.run(['models', 'deploy', 'spam@2', ...words])
    is(refused.code, 1, refused.talk)
    match(refused.talk, /expected a model that passed its gate/)
  }
  const forced = await rig.run(['models', 'deploy', 'spam@2', '--force', '--reason', 'I like it'])
  is(forced.code, 0, forced.talk)
})

test('killed with its node at any moment it goes on, and makes the same model to the last bit', async () => {
  const params = { trees: 250, maxDepth: 5 }
  const first = await rig.run(trainArgs('whole', params, '--output', 'json'))
  is(first.code, 0, first.talk)
  const started = await rig.run(trainArgs('killed', params, '--detach', '--output', 'json'))
  const { id } = JSON.parse(started.out) as Training
  for (const share of [0.1, 0.5, 0.8]) {
    const job = await rig.until(
      () => show(id),
      ({ progress, checkpoints }) => progress >= share && checkpoints > 0
    )
    const pidFile = join(rig.dataDir, 'training', id, 'pid')
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : undefined
    await rig.stop('SIGKILL')
    // Nobody is left to work for: the process ends by itself.
    for (let tries = 0; pid !== undefined && isThere(pid); tries++) {
      ok(tries < 200, 'expected the process to end with its node')
      await wait(50)
    }
    await rig.start()
    if (job.state === 'done') break
  }
  const job = await rig.until(
    () => show(id),
    ({ state }) => state !== 'running'
  )
  is(job.state, 'done', JSON.stringify(job))
  ok(job.resumes > 0)
  equal(await modelFilesOf('killed@1'), await modelFilesOf('whole@1'))
  is(existsSync(join(rig.dataDir, 'training', id)), false)
})

function isThere(pid: number): boolean {
  try {
    // One that has ended and that nobody has waited for yet is no process any more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('logs and labels become a stack that was compared with the shipped champion', async () => {
  for (const name of ['haproxy.log.gz', 'hockeypuck.log.gz', 'truth.jsonl']) {
    copyFileSync(join(FIXTURE, name), join(tables, name))
  }
  const small = { boosting: { trees: 20 }, forest: { trees: 8 }, isolation: { trees: 16 } }
  const { code, out, talk } = await rig.run([
    ...['models', 'train', 'mine', '--params', JSON.stringify(small), '--output', 'json'],
    ...['--haproxy-log', join(tables, 'haproxy.log.gz'), '--labels', join(tables, 'truth.jsonl')],
    ...['--hockeypuck-log', join(tables, 'hockeypuck.log.gz')]
  ])
  is(code, 0, talk)
  const job = JSON.parse(out) as Training & { readonly parent: string | null }
  is(job.model, 'mine@1')
  const [champion] = await rig.json<{ id: string }[]>(
    'models',
    'list',
    '--stage',
    'champion',
    '--task',
    'behaviour'
  )
  is(job.parent, champion?.id ?? null)
  ok(job.report !== null && typeof job.report.gate.passed === 'boolean')
})

test('a node without a label has nothing to learn from, and says so', async () => {
  const { code, talk } = await rig.run(['models', 'train', 'own'])
  is(code, 1, talk)
  ok(talk.includes('labelled'), talk)
  match(talk, /expected rows of sources that somebody has labelled, got none/)
})

test('what the node saw of its clients becomes a candidate, as soon as they are labelled', async () => {
  for (let client = 1; client <= 40; client++) {
    // The upper half asks for one key; the lower half looks for holes.
    if (client > 20)
      rig.request(`198.51.100.${128 + client}`, 'GET /pks/lookup?op=get&search=a HTTP/1.1')
    else rig.scan(`198.51.100.${client}`)
  }
  for (const [prefix, word] of [
    ['198.51.100.0/25', 'abuse'],
    ['198.51.100.128/25', 'benign']
  ] as const) {
    const said = await rig.run(['label', prefix, word])
    is(said.code, 0, said.talk)
  }
  const small = { boosting: { trees: 10 }, forest: { trees: 5 }, isolation: { trees: 8 } }
  const args = ['models', 'train', 'local', '--params', JSON.stringify(small), '--output', 'json']
  // Rows are kept a moment after they were seen.
  const { out } = await rig.until(
    () => rig.run(args),
    ({ code, out: said }) => code === 0 && (JSON.parse(said) as Training & Rows).report.rows >= 32
  )
  const job = JSON.parse(out) as Training & Rows
  match(job.model ?? '', /^local@\d+$/)
  is(job.report.gate.passed, false)
})

interface Rows {
  readonly report: { readonly rows: number; readonly gate: { readonly passed: boolean } }
}

test('what cannot be asked for is refused at once', async () => {
  const cases = [
    {
      args: ['models', 'train', 'x', '--table', '/etc/passwd', '--label', 'a'],
      says: /PATH_FORBIDDEN/,
      code: 1
    },
    { args: ['models', 'train', 'x', '--table', table], says: /--label with --table/, code: 64 },
    {
      args: ['models', 'train', 'x', '--haproxy-log', table],
      says: /--labels with logs/,
      code: 64
    },
    {
      args: ['models', 'train', 'x', '--model', 'random-forest'],
      says: /expected the model stack/,
      code: 64
    },
    { args: ['models', 'jobs', 'show', 'nobody'], says: /JOB_NOT_FOUND/, code: 1 }
  ]
  for (const { args, says, code } of cases) {
    const answer = await rig.run(args)
    is(answer.code, code, answer.talk)
    match(answer.talk, says)
  }
})
