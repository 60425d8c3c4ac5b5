/** Documents say what is true: links, paths, commands, TOML, metrics, codes, keys and API paths exist. And the checks do find faults. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type Command, CommanderError } from 'commander'
import { equal, is, match, ok } from 'uvu/assert'
import { FIGURES } from '../../scripts/bench/registry.ts'
import { API_ERRORS, CONTRACT } from '../../src/api/index.ts'
import { ManualClock } from '../../src/base/index.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { configSchema } from '../../src/config/index.ts'
import { configShape, propertiesOf } from '../../src/config/shape.ts'
import { collectMetrics } from '../../src/daemon/index.ts'
import { NullMetricsRegister } from '../../src/telemetry/index.ts'
import {
  type Document,
  type Facts,
  type Files,
  findBadToml,
  findBrokenLinks,
  findMissingPaths,
  findUnknownApiPaths,
  findUnknownCodes,
  findUnknownKeys,
  findUnknownMetrics,
  inlineCode,
  netminderArguments,
  shellCommands,
  splitBlocks
} from '../support/documents.ts'
import { suite } from '../support/suite.ts'

const test = suite('documents')
const root = join(import.meta.dirname, '..', '..')
const files: Files = {
  exists: (path) => existsSync(join(root, path)),
  read: (path) => readFileSync(join(root, path), 'utf8')
}
const documents: readonly Document[] = globSync(
  ['*.md', 'docs/**/*.md', 'protocols/**/*.md', 'test/**/*.md'],
  { cwd: root }
)
  .sort()
  .map((path) => ({ path, text: files.read(path) }))
const boards = globSync('docs/dashboards/*.json', { cwd: root })

function metricNames(): ReadonlySet<string> {
  const register = new NullMetricsRegister()
  for (const declare of collectMetrics()) declare(register)
  return new Set(register.declarations.map(({ name }) => name))
}

/** Codes are literals of the sources: members of the unions in `errors.ts`, keys of tables, and `code: '…'` of what doctor finds. */
function errorCodes(): ReadonlySet<string> {
  const sources = globSync('src/**/*.ts', { cwd: root }).map(files.read)
  const literals = sources.flatMap((text) =>
    [...text.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].map((found) => found[1] ?? '')
  )
  return new Set([...Object.keys(API_ERRORS), ...literals])
}

function configKeys(): ReadonlySet<string> {
  const keys: string[] = []
  for (const [section, shape] of propertiesOf(configShape())) {
    for (const key of propertiesOf(shape.items ?? shape).keys()) keys.push(`${section}.${key}`)
  }
  return new Set(keys)
}

const facts: Facts = {
  metrics: metricNames(),
  errorCodes: errorCodes(),
  configKeys: configKeys(),
  apiPaths: new Set(Object.values(CONTRACT).map(({ path }) => path))
}

/** The real commands, of which none does anything: what is left is what commander itself refuses. */
function describedProgram(): Command {
  const unused = (): never => {
    throw new Error('expected that no command runs')
  }
  const io = {
    write: unused,
    talk: unused,
    progress: unused,
    stdin: new PassThrough(),
    isInteractive: false,
    columns: undefined
  }
  const daemon = { init: unused, start: unused, sweep: unused, checkActuators: unused }
  const signal = new AbortController().signal
  const program = buildProgram(
    { io, daemon, clock: new ManualClock(), signal, executable: '' },
    { writeOut: () => undefined, writeErr: () => undefined }
  )
  disarm(program)
  return program
}

function disarm(command: Command): void {
  if (command.commands.length === 0) command.action(() => undefined)
  command.commands.forEach(disarm)
}

/** Why the program would not take these words; undefined if it would. */
async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  try {
    await describedProgram().parseAsync([...words], { from: 'user' })
    return undefined
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? undefined : error.message
  }
}

async function findBadCommands(document: Document): Promise<readonly string[]> {
  const faults: string[] = []
  for (const words of shellCommands(document.text)) {
    const asked = netminderArguments(words)
    const refusal = asked === undefined ? findBadScript(words) : await refusalOf(asked)
    if (refusal !== undefined) faults.push(`shows "${words.join(' ')}": ${refusal}`)
  }
  return faults
}

/** npm scripts, figures, and the options of our own scripts. */
function findBadScript(words: readonly string[]): string | undefined {
  const [program = '', verb, name = ''] = words
  if (program === 'npm' && verb === 'run') {
    const { scripts } = JSON.parse(files.read('package.json')) as { scripts: object }
    if (!(name in scripts)) return `package.json has no script ${name}`
    const figures = name === 'bench' ? words.slice(4).filter((word) => !word.startsWith('-')) : []
    const unknown = figures.find((figure) => !FIGURES.has(figure.split('.', 1)[0] ?? ''))
    return unknown === undefined ? undefined : `there is no figure ${unknown}`
  }
  if (!program.startsWith('scripts/')) return undefined
  if (!files.exists(program)) return 'there is no such script'
  const text = files.read(program)
  const unknown = words.slice(1).find((word) => word.startsWith('--') && !text.includes(word))
  return unknown === undefined ? undefined : `the script has no option ${unknown}`
}

/** `netminder mode show|shadow` in running text: the words must lead to commands, and options must be theirs. */
function findBadMentions(document: Document): readonly string[] {
  const mentions = inlineCode(splitBlocks(document.text).prose)
    .map((code) => code.split(' '))
    .filter(([first]) => first === 'netminder')
  return mentions.flatMap((words) => {
    const fault = findBadWords(describedProgram(), words.slice(1))
    return fault === undefined ? [] : [`mentions "${words.join(' ')}": ${fault}`]
  })
}

function findBadWords(command: Command, words: readonly string[]): string | undefined {
  const [word, ...rest] = words
  if (word === undefined || word === '…' || word.startsWith('<')) return undefined
  if (word.startsWith('-')) {
    for (let at: Command | null = command; at !== null; at = at.parent) {
      if (at.options.some(({ long, short }) => long === word || short === word)) {
        return findBadWords(command, rest)
      }
    }
    return `there is no option ${word}`
  }
  if (command.commands.length === 0) return findBadWords(command, rest)
  for (const name of word.split('|')) {
    const next = command.commands.find((candidate) => candidate.name() === name)
    if (next === undefined) return `there is no command ${name}`
    const fault = findBadWords(next, rest)
    if (fault !== undefined) return fault
  }
  return undefined
}

const checkToml = (table: unknown) => void configSchema.parse(table)

const checks: readonly (readonly [
  string,
  (document: Document) => readonly string[] | Promise<readonly string[]>
])[] = [
  ['every link leads somewhere', (document) => findBrokenLinks(document, files)],
  ['every path is there', (document) => findMissingPaths(document, files)],
  ['every command line is one that the program takes', findBadCommands],
  ['every command that is mentioned exists', findBadMentions],
  ['every TOML block is a configuration', (document) => findBadToml(document, checkToml)],
  ['every metric exists', (document) => findUnknownMetrics(document.text, facts)],
  ['every error code exists', (document) => findUnknownCodes(document, facts)],
  ['every key exists', (document) => findUnknownKeys(document, facts)],
  ['every API path exists', (document) => findUnknownApiPaths(document, facts)]
]

for (const [title, check] of checks) {
  test(title, async () => {
    const faults: string[] = []
    for (const document of documents) {
      for (const fault of await check(document)) faults.push(`${document.path} ${fault}`)
    }
    is(faults.length, 0, faults.join('\n'))
  })
}

test('the documents that a newcomer expects are there', () => {
  const expected = ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/OPERATIONS.md']
  for (const path of expected)
    ok(
      documents.some((document) => document.path === path),
      path
    )
})

test('boards ask for metrics that exist, and are JSON', () => {
  ok(boards.length > 0)
  for (const path of boards) {
    const text = files.read(path)
    ok(typeof JSON.parse(text) === 'object')
    equal(findUnknownMetrics(text, facts), [])
    ok(text.includes('netminder_'))
  }
})

test('records of decisions are numbered without gaps and say what house rules ask for', () => {
  const records = globSync('docs/adr/[0-9]*.md', { cwd: root }).sort()
  equal(
    records.map((path) => Number(/(\d{4})-/.exec(path)?.[1])),
    records.map((_, index) => index + 1)
  )
  for (const path of records) {
    const headings = [...files.read(path).matchAll(/^## (.+)$/gm)].map((found) => found[1])
    equal(headings, ['Context', 'Decision', 'Price'], path)
    match(files.read(path), /^Status: (?:accepted|superseded by \d{4})\.?$/m)
  }
})

test('the table of rooms says what the tool enforces', () => {
  const { forbidden } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as {
    forbidden: readonly { name: string; to: { pathNot?: string } }[]
  }
  const text = files.read('docs/ARCHITECTURE.md')
  const described = new Map(
    [...text.matchAll(/^\| `(\w+)` \| .+ \| (.+) \|$/gm)].map(([, room = '', allowed = '']) => [
      room,
      [...allowed.matchAll(/`(\w+)`/g)].map((found) => found[1] ?? '')
    ])
  )
  const isThere = (room: string) => files.exists(`src/${room}/index.ts`)
  for (const { name, to } of forbidden) {
    const room = /^(\w+)-imports-downward$/.exec(name)?.[1]
    if (room === undefined || !isThere(room)) continue
    const allowed = /\(\?:(.+)\)/.exec(to.pathNot ?? '')?.[1]?.split('|') ?? []
    equal(
      described.get(room),
      allowed.filter((other) => other !== room && isThere(other)),
      room
    )
  }
})

test('every dependency has its line in a record of a decision, and no other has', () => {
  const { dependencies, devDependencies } = JSON.parse(files.read('package.json')) as Record<
    string,
    Record<string, string>
  >
  const rows = globSync('docs/adr/[0-9]*.md', { cwd: root }).flatMap((path) => [
    ...files.read(path).matchAll(/^\| `([^`]+)` \|.+\|.+\|.+\|$/gm)
  ])
  equal(
    rows.map(([, name]) => name).sort(),
    Object.keys({ ...dependencies, ...devDependencies }).sort()
  )
})

const planted: readonly (readonly [
  string,
  string,
  (document: Document) => readonly string[] | Promise<readonly string[]>
])[] = [
  ['a link to nowhere', '[x](docs/NOWHERE.md)', (it) => findBrokenLinks(it, files)],
  ['a link to no heading', '[x](LICENSE#nothing)', (it) => findBrokenLinks(it, files)],
  ['a reference to nowhere', '[x]: docs/NOWHERE.md', (it) => findBrokenLinks(it, files)],
  ['a missing path', 'see `src/nowhere/file.ts`.', (it) => findMissingPaths(it, files)],
  ['a missing folder', 'see scripts/nowhere/', (it) => findMissingPaths(it, files)],
  ['an unknown command', '```sh\nsudo netminder frobnicate\n```', findBadCommands],
  ['an unknown option', '```sh\nnetminder status --frobnicate\n```', findBadCommands],
  ['a bad choice', '```sh\nnetminder status --output yaml | head\n```', findBadCommands],
  ['a second command of a line', '```sh\nnpm ci && node bin/netminder.js x\n```', findBadCommands],
  ['an option on a second line', '```sh\nnetminder init \\\n  --x\n```', findBadCommands],
  ['an unknown npm script', '```sh\nnpm run nonsense\n```', findBadCommands],
  ['an unknown figure', '```sh\nnpm run bench -- nonsense\n```', findBadCommands],
  ['an option that a script lacks', '```sh\nscripts/install.sh --bogus\n```', findBadCommands],
  ['an unknown noun in the text', 'say `netminder status|nonsense`', findBadMentions],
  ['an unknown option in the text', 'say `netminder status --nonsense`', findBadMentions],
  ['an unknown key in TOML', '```toml\n[api]\nprot = 1\n```', (it) => findBadToml(it, checkToml)],
  ['TOML that is none', '```toml\n[api\n```', (it) => findBadToml(it, checkToml)],
  ['an unknown metric', 'netminder_guard_x_total', (it) => findUnknownMetrics(it.text, facts)],
  ['an unknown code', '`DATABASE_SAD`', (it) => findUnknownCodes(it, facts)],
  ['an unknown key', '`defense.banLadder`', (it) => findUnknownKeys(it, facts)],
  ['an unknown API path', 'GET /api/defense/peers', (it) => findUnknownApiPaths(it, facts)]
]

for (const [name, text, check] of planted) {
  test(`finds ${name}`, async () => {
    is((await check({ path: 'PLANTED.md', text })).length, 1)
  })
}

test('takes what is true for true', async () => {
  const text = [
    '[x](docs/RUNBOOK.md#a-new-dependency) [y](https://example.org/z) [z](#a-heading-of-its-own)',
    '# A heading of its own',
    '`src/base/clock.ts`, (src/base/), scripts/bench/figures/*.ts, https://example.org/src/x',
    '`netminder status --output json` `DATABASE_NEWER` `HAP_LOG_FORMAT` `defense.banLadderMs`',
    '`netminder_api_request_duration_seconds_bucket` /api/defense/decisions/{ip}/explain',
    '```sh',
    '$ NETMINDER_DATA_DIR=/tmp/x netminder init --name "a b" # a word',
    'sudo -u netminder netminder status | head',
    '```',
    '```toml\n[api]\nport = 1\n```'
  ].join('\n')
  for (const [title, check] of checks) {
    const faults = await check({ path: 'TRUE.md', text })
    is(faults.length, 0, `${title}: ${faults.join(', ')}`)
  }
})
