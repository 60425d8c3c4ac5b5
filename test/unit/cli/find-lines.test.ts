import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { equal, is } from 'uvu/assert'
import { findLines } from '../../../src/cli/commands/find-lines.ts'
import { CliError } from '../../../src/cli/errors.ts'
import { suite } from '../../support/suite.ts'

const test = suite('lines by their hashes')
const dir = mkdtempSync(join(tmpdir(), 'netminder-lines-'))
const digits = (line: string) => hash('sha256', line, 'hex').slice(0, 16)
const wanted = new Set([digits('second'), digits('third'), digits('absent')])
const never = new AbortController().signal

test.after(() => rmSync(dir, { recursive: true, force: true }))

for (const { name, bytes } of [
  { name: 'plain.log', bytes: 'first\nsecond\r\nthird' },
  { name: 'rotated.log.gz', bytes: gzipSync('first\nsecond\nthird\n') }
]) {
  test(`finds them in ${name}`, async () => {
    const file = join(dir, name)
    writeFileSync(file, bytes)
    equal(
      [...(await findLines(file, wanted, never))],
      [
        [digits('second'), 'second'],
        [digits('third'), 'third']
      ]
    )
  })
}

test('a log that is none ends in one sentence', async () => {
  writeFileSync(join(dir, 'broken.gz'), 'no gzip')
  for (const name of ['absent.log', 'absent.gz', 'broken.gz', '.']) {
    const code = await findLines(join(dir, name), wanted, never).then(
      () => 'found',
      (error: unknown) => (error instanceof CliError ? error.code : String(error))
    )
    is(code, 'CLI_INPUT_MISSING', name)
  }
})
