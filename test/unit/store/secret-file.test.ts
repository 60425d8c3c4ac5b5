import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { equal, is, throws } from 'uvu/assert'
import { NetminderError } from '../../../src/base/index.ts'
import { readOrCreateSecret, readSecret } from '../../../src/store/index.ts'
import { makeDataDir, removeDataDir } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('secret files')
let dataDir: string
let file: string

test.beforeEach(() => {
  dataDir = makeDataDir()
  file = join(dataDir, 'admin.token')
})
test.afterEach(() => removeDataDir(dataDir))

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof NetminderError && error.code === code
}

test('makes a secret once, for its owner only, and leaves nothing else behind', () => {
  equal(
    readOrCreateSecret(file, () => 'first'),
    { text: 'first', isNew: true }
  )
  equal(
    readOrCreateSecret(file, () => 'second'),
    { text: 'first', isNew: false }
  )
  is(statSync(file).mode & 0o777, 0o600)
  is(readFileSync(file, 'utf8'), 'first\n')
  equal(readdirSync(dataDir), ['admin.token'])
})

test('keeps the secret of whoever was first where two start at once', () => {
  const { text, isNew } = readOrCreateSecret(file, () => {
    writeFileSync(file, 'other\n', { mode: 0o600 })
    return 'mine'
  })
  equal({ text, isNew }, { text: 'other', isNew: false })
})

for (const mode of [0o604, 0o602, 0o601, 0o620, 0o666]) {
  test(`refuses a secret of mode 0${mode.toString(8)}`, () => {
    writeFileSync(file, 'known\n')
    chmodSync(file, mode)
    throws(() => readSecret(file), hasCode('SECRET_FILE_EXPOSED'))
    throws(() => readOrCreateSecret(file, () => 'new'), hasCode('SECRET_FILE_EXPOSED'))
    is(readFileSync(file, 'utf8'), 'known\n')
  })
}

test('refuses a secret of another user, unless the directory is his', () => {
  writeFileSync(file, 'known\n', { mode: 0o600 })
  is(readSecret(file), 'known')
  // Nobody else can give a file away.
  if (process.getuid?.() !== 0) return
  chownSync(file, 12_345, -1)
  throws(() => readSecret(file), hasCode('SECRET_FILE_EXPOSED'))
  chownSync(dataDir, 12_345, -1)
  is(readSecret(file), 'known')
  chownSync(file, 0, -1)
  is(readSecret(file), 'known')
})

test('accepts a secret that the group may read', () => {
  writeFileSync(file, 'known\n')
  chmodSync(file, 0o640)
  is(readSecret(file), 'known')
})

test('refuses what holds no secret', () => {
  throws(() => readSecret(file), hasCode('SECRET_FILE_UNUSABLE'))
  writeFileSync(file, ' \n', { mode: 0o600 })
  throws(() => readSecret(file), hasCode('SECRET_FILE_UNUSABLE'))
  writeFileSync(file, 'x'.repeat(5_000))
  throws(() => readSecret(file), hasCode('SECRET_FILE_UNUSABLE'))
  mkdirSync(join(dataDir, 'folder'), { mode: 0o700 })
  throws(() => readSecret(join(dataDir, 'folder')), hasCode('SECRET_FILE_UNUSABLE'))
})

test('says so where no secret can be made', () => {
  throws(
    () => readOrCreateSecret(join(dataDir, 'gone', 'admin.token'), () => 'x'),
    hasCode('DATA_DIRECTORY_UNUSABLE')
  )
})
