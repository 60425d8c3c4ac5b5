/** A few of the events that `npm run sim:forgery` makes by the million. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { equal, is, ok } from 'uvu/assert'
import { suite } from '../../support/suite.ts'

const test = suite('sim:forgery', { timeoutMs: 120_000 })
const program = join(import.meta.dirname, '..', '..', '..', 'scripts', 'sim', 'forgery.ts')

function run(...args: readonly string[]) {
  const node = ['--disable-warning=ExperimentalWarning', program, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' })
  return { code: status, out: stdout, talk: stderr }
}

test('accepts none of three thousand forged, mutated, replayed, reordered, cross-topic and cross-network events', () => {
  const { code, out, talk } = run('--events', '3000', '--seed', '7')
  is(code, 0, talk)
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const attacks = lines.slice(0, -1)
  ok(attacks.length >= 10)
  for (const { name, sent, accepted } of attacks) {
    ok(sent > 100, name)
    is(accepted, 0, name)
  }
  const { figure, value, met, samples } = lines.at(-1)
  equal([figure, value, met, samples], ['forgery.accepted', 0, true, 3_000])
})

for (const args of [['--events', '0'], ['--events', 'x'], ['--bogus'], ['--seed', '-1']]) {
  test(`refuses ${args.join(' ')} in one sentence`, () => {
    const { code, out, talk } = run(...args)
    is(code, 64)
    is(out, '')
    is(talk.trimEnd().split('\n').length, 1)
  })
}
