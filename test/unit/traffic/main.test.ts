import * as assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { suite } from '../../support/suite.ts'

const test = suite('npm run traffic', { timeoutMs: 60_000 })
const root = mkdtempSync(join(tmpdir(), 'traffic-main-'))
const script = join(import.meta.dirname, '../../../scripts/traffic/main.ts')
const run = (...args: string[]) =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })

test.after(() => rmSync(root, { recursive: true, force: true }))

test('says what is wrong with its options and writes nothing', () => {
  const out = join(root, 'wrong')
  const cases = [
    [[], /expected --out DIR/],
    [['--region', 'nowhere'], /expected --region train\|validation\|test/],
    [['--scenario', 'nothing'], /expected --scenario all\|/],
    [['--scenario', 'behind-cdn'], /region train, got behind-cdn, which validation owns/],
    [['--hours', '0'], /expected --hours from/],
    [['--seed', 'x'], /expected --seed from/],
    [['--classes', 'N1,Q9'], /expected classes of .* got Q9/]
  ] as const
  for (const [args, expected] of cases) {
    const { status, stderr } = run(...(args.length === 0 ? [] : ['--out', out, ...args]))
    assert.equal(status, 64, stderr)
    assert.match(stderr, expected)
  }
  assert.equal(existsSync(out), false)
})

test('says that all is synthetic, packs on demand, and makes only the classes asked for', () => {
  const out = join(root, 'some')
  const { status, stderr } = run('--out', out, '--hours', '0.2', '--classes', 'N2,A9', '--gzip')
  assert.equal(status, 0, stderr)
  assert.match(stderr, /^SYNTHETIC/)
  assert.match(readFileSync(join(out, 'README.md'), 'utf8'), /SYNTHETIC/)
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  assert.deepEqual(Object.keys(manifest.classes), ['A9', 'N2'])
  assert.match(gunzipSync(readFileSync(join(out, 'haproxy.log.gz'))).toString(), /fe_http_handler/)
})
