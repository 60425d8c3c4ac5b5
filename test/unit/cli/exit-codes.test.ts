import { is } from 'uvu/assert'
import { EXIT, exitCodeAfter } from '../../../src/cli/exit-codes.ts'
import { suite } from '../../support/suite.ts'

const test = suite('exit codes')

for (const { name, code, isReaderGone, isTerminated, expected } of [
  {
    name: 'Ctrl-C',
    code: EXIT.INTERRUPTED,
    isReaderGone: false,
    isTerminated: false,
    expected: 130
  },
  {
    name: 'SIGTERM',
    code: EXIT.INTERRUPTED,
    isReaderGone: false,
    isTerminated: true,
    expected: 143
  },
  {
    name: 'a reader that left',
    code: EXIT.INTERRUPTED,
    isReaderGone: true,
    isTerminated: false,
    expected: 0
  },
  {
    name: 'work that was done before SIGTERM',
    code: EXIT.OK,
    isReaderGone: false,
    isTerminated: true,
    expected: 0
  },
  { name: 'a mistake', code: EXIT.USAGE, isReaderGone: true, isTerminated: true, expected: 64 }
]) {
  test(`of ${name}`, () => is(exitCodeAfter(code, { isReaderGone, isTerminated }), expected))
}
