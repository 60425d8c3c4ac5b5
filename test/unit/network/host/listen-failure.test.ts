import { is } from 'uvu/assert'
import { describeListenFailure } from '../../../../src/network/host/listen-failure.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: why nobody can be received')
const ADVICE =
  'Some configured addresses failed to be listened on, you may need to set `transportManager.faultTolerance` to NO_FATAL:\n'
const ONE = '/ip4/127.0.0.1/tcp/1'
const OTHER = '/ip6/::1/tcp/2'
const said = (address: string, text: string) =>
  `\n  ${address}: ${text}\n      at Server.listen (node:net:1:1)\n`

for (const { name, message, expected } of [
  {
    name: 'a port that is taken',
    message: ADVICE + said(ONE, 'Error: listen EADDRINUSE: address already in use 127.0.0.1:1'),
    expected: `could not listen on ${ONE}: it is in use by another program`
  },
  {
    name: 'two addresses, each with its reason',
    message:
      ADVICE +
      said(ONE, 'Error: listen EACCES: permission denied') +
      said(OTHER, 'Error: listen EADDRNOTAVAIL: address not available'),
    expected: `could not listen on ${ONE}: it is forbidden to this user (a port below 1024?); ${OTHER}: this machine has no such address`
  },
  {
    name: 'a code without a word for it',
    message: ADVICE + said(ONE, 'Error: listen EMFILE: too many open files'),
    expected: `could not listen on ${ONE}: EMFILE`
  },
  {
    name: 'no code at all',
    message: ADVICE + said(OTHER, 'UnsupportedListenAddressError: No transport was configured'),
    expected: `could not listen on ${OTHER}: No transport was configured`
  },
  {
    name: 'something else, without its stack',
    message: 'expected a set of allowed topics\n    at start (host.ts:1:1)',
    expected: `could not listen on ${ONE}, ${OTHER}: expected a set of allowed topics`
  }
]) {
  test(name, () => is(describeListenFailure([ONE, OTHER], message), expected))
}
