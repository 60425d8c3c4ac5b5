/** What a person reads before he puts somebody out. */
import { is, match } from 'uvu/assert'
import { founderLeaves } from '../../../src/cli/commands/network.ts'
import { meaningOf, stateOf } from '../../../src/cli/commands/network-members.ts'
import { suite } from '../../support/suite.ts'

const test = suite('CLI: what a revocation means')
const KEY = 'ab'.repeat(32)
const INVITATION = 'cd'.repeat(32)
const author = {
  ...{
    key: KEY,
    name: 'keys.example.org',
    is_own: false,
    is_founder: false,
    is_revoked: false,
    has_left: false
  },
  ...{ invitation: INVITATION, admitted_at: '2026-03-01T12:00:00.000Z' }
}

test('of a node: whose it is, and that he can come back', () => {
  match(meaningOf([author], KEY), /that of keys\.example\.org: nothing that it has said counts/)
  match(meaningOf([author], KEY), /cannot be undone.*new key/)
  match(meaningOf([author], KEY), /the key is one for all its networks.*joins each of them anew/)
})

test('of the own key', () => {
  match(meaningOf([{ ...author, is_own: true }], KEY), /that of this node itself/)
})

test('of an invitation: who came by it, by key where no name is known', () => {
  const nameless = { ...author, key: 'ef'.repeat(32), name: null }
  match(
    meaningOf([author, nameless], INVITATION),
    /whoever came by it \(here: keys\.example\.org, efefefefefef\) is put out/
  )
})

test('of what is not known: as the person says', () => {
  match(meaningOf([], KEY, 'author'), /that of a node/)
  match(
    meaningOf([], KEY, 'invitation'),
    /Nobody joins by the invitation any more, and whoever came by it is/
  )
})

test('a founder who leaves reads what that ends, and by what he comes back', () => {
  const network = { name: 'north', id: '0a', policy: 'invitation' } as const
  match(founderLeaves(network), /founded "north".*nobody can invite.*network invite 0a --until/)
  match(founderLeaves({ ...network, policy: 'founder' }), /network admit 0a KEY/)
})

test('who has left is shown as left, who was put out as revoked', () => {
  is(stateOf(author), 'heard')
  is(stateOf({ ...author, has_left: true }), 'left')
  is(stateOf({ ...author, has_left: true, is_revoked: true }), 'revoked')
})

test('a name cannot write over the terminal', () => {
  const text = meaningOf([{ ...author, name: 'x\u001b[2J' }], KEY)
  is(text.includes('\u001b'), false)
})
