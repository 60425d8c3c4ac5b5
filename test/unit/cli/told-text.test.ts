/** What a person reads who has told the networks something. */
import { is, match } from 'uvu/assert'
import { describePublished } from '../../../src/cli/commands/network-lists.ts'
import { describeRefusal, describeUnheard } from '../../../src/cli/commands/told-text.ts'
import { suite } from '../../support/suite.ts'

const test = suite('CLI: what came of telling')
const network = (id: string, isAlone: boolean) => ({ id, name: `name of ${id}`, is_alone: isAlone })

test('a network that refused is named, with why', () => {
  const refusal = { network: 'ab', name: 'north', code: 'EVENT_REFUSED', detail: 'too much' }
  is(describeRefusal(refusal), 'Not told in "north": too much (EVENT_REFUSED)')
  match(describeRefusal({ ...refusal, name: '' }), /in "ab"/)
})

test('where nobody is connected, that is said of the networks that were told', () => {
  const networks = [network('a', true), network('b', false), network('c', true)]
  const told = [{ network: 'a' }, { network: 'b' }]
  match(describeUnheard(told, networks) ?? '', /^No other node of "name of a" is connected/)
  is(describeUnheard([{ network: 'b' }], networks), undefined)
})

test('a list without entries stands nowhere, and nothing says that it does', () => {
  match(describePublished([{ entries: 3 }]), /stands for 30 days/)
  is(/stands/.test(describePublished([{ entries: 0 }])), false)
  match(describePublished([{ entries: 0 }]), /No entry is published/)
})
