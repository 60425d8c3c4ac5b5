/** The door of the benchmarks, without measuring: names, options, exit codes, and that no figure was forgotten. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import { FIGURES } from '../../scripts/bench/registry.ts'
import { suite } from '../support/suite.ts'

const test = suite('bench door')
const bench = join(import.meta.dirname, '..', '..', 'scripts', 'bench')

function run(...args: readonly string[]): { code: number | null; out: string; talk: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(bench, 'main.ts'), ...args],
    { encoding: 'utf8' }
  )
  return { code: status, out: stdout, talk: stderr }
}

test('every figure in the folder is registered under its own name', async () => {
  const files = readdirSync(join(bench, 'figures')).map((file) => basename(file, '.ts'))
  equal([...FIGURES.keys()].sort(), files.sort())
  for (const [name, load] of FIGURES) {
    const { figure } = await load()
    is(figure.name, name)
    ok(figure.goal !== '')
  }
})

test('--list names every figure and its goal, one JSON object a line', () => {
  const { code, out, talk } = run('--list')
  is(code, 0)
  is(talk, '')
  const lines = out.trimEnd().split('\n')
  equal(
    lines.map((line) => Object.keys(JSON.parse(line))),
    [...FIGURES].map(() => ['figure', 'goal'])
  )
})

for (const [args, expected] of [
  [['nonsense'], /^bench: expected the name of a figure \(.+\), got "nonsense"\n$/],
  [['log-linesx.p50'], /got "log-linesx\.p50"\n$/],
  [['--bogus'], /^bench: Unknown option '--bogus'\n$/],
  [['--seed', 'x'], /^bench: expected a whole number after --seed, got "x"\n$/],
  [['--seed'], /^bench: .*--seed.*\n$/]
] as const) {
  test(`refuses ${args.join(' ')} in one sentence`, () => {
    const { code, out, talk } = run(...args)
    is(code, 64)
    is(out, '')
    match(talk, expected)
  })
}
