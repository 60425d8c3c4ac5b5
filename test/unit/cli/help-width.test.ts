import { equal, ok } from 'uvu/assert'
import { renderCliReference } from '../../../src/cli/reference.ts'
import { suite } from '../../support/suite.ts'

const test = suite('width of help')
const COLUMNS = 100
/** `  $ ` */
const PROMPT_LENGTH = 4
/** What cannot be shorter: a key, and the paths of three files. */
const IS_LONG = /[0-9a-f]{64}|--haproxy-list/

test('examples stand on one line of a terminal of a hundred columns', () => {
  const examples = renderCliReference()
    .split('\n')
    .filter((line) => line.startsWith('netminder ') && !IS_LONG.test(line))
  ok(examples.length > 50)
  equal(
    examples.filter((line) => line.length + PROMPT_LENGTH > COLUMNS),
    []
  )
})
