import { equal, is } from 'uvu/assert'
import { confirm } from '../../../src/cli/confirm.ts'
import { CliError } from '../../../src/cli/errors.ts'
import { FakeIo } from '../../support/fake-cli.ts'
import { suite } from '../../support/suite.ts'

const test = suite('confirmation')
const never = new AbortController().signal

async function answer(input: string, isInteractive = true): Promise<string> {
  const io = new FakeIo({ input, isInteractive })
  try {
    await confirm(io, 'Really?', never)
    return 'yes'
  } catch (error) {
    return error instanceof CliError ? error.code : String(error)
  }
}

for (const input of ['y\n', 'Y\n', ' yes \nno\n', 'YES']) {
  test(`${JSON.stringify(input)} is a yes`, async () => is(await answer(input), 'yes'))
}

for (const input of ['n\n', '\n', '', 'yo\n', 'no\nyes\n']) {
  test(`${JSON.stringify(input)} is a no`, async () => {
    is(await answer(input), 'CLI_NOT_CONFIRMED')
  })
}

test('nobody is asked where nobody sits, and nothing goes ahead', async () => {
  const io = new FakeIo({ input: 'y\n' })
  is(await answer('y\n', false), 'CLI_NOT_CONFIRMED')
  equal(io.said, '')
})
