import * as assert from 'uvu/assert'
import { judgeKeyFile, type KeyFileFacts } from '../../../src/cli/doctor/key-file-check.ts'
import { suite } from '../../support/suite.ts'

const test = suite('doctor: key file')
const good: KeyFileFacts = { mode: 0o600, uid: 7, directoryUid: 7, text: `${'0a'.repeat(32)}\n` }

for (const [name, facts, code] of [
  ['as it was made', {}, undefined],
  ['readable by the group', { mode: 0o640 }, undefined],
  ['not to be read by whoever looks', { text: undefined }, undefined],
  ['of root', { uid: 0 }, undefined],
  ['readable by everybody', { mode: 0o644 }, 'NETWORK_KEY_EXPOSED'],
  ['writable by the group', { mode: 0o660 }, 'NETWORK_KEY_EXPOSED'],
  ['of another user', { uid: 8 }, 'NETWORK_KEY_EXPOSED'],
  ['empty', { text: '' }, 'NETWORK_KEY_DAMAGED'],
  ['cut', { text: '0a'.repeat(31) }, 'NETWORK_KEY_DAMAGED'],
  ['of other characters', { text: 'xy'.repeat(32) }, 'NETWORK_KEY_DAMAGED']
] as const) {
  test(`a key file ${name}: ${code ?? 'nothing to say'}`, () => {
    const [finding, ...more] = judgeKeyFile('/data dir/network.key', { ...good, ...facts })
    assert.is(finding?.code, code)
    assert.is(more.length, 0)
    if (code !== undefined) assert.match(finding?.message ?? '', '/data dir/network.key')
  })
}
