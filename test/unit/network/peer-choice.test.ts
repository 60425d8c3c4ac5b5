import { equal, is } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { chooseOfDifferentSites } from '../../../src/network/peer-choice.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: peer choice')

function peersAt(...hosts: string[]) {
  return hosts.map((host) => ({
    peer: host,
    multiaddr: `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/1`
  }))
}

test('takes one of each site before a second one of any, whatever the chance', () => {
  const peers = peersAt(
    '192.0.2.1',
    '192.0.2.2',
    '192.0.2.3',
    '198.51.100.1',
    '2001:db8::1',
    '2001:db8:0:1::2'
  )
  const seen = new Set<string>()
  for (let seed = 0; seed < 100; seed++) {
    const chosen = chooseOfDifferentSites(peers, 3, seededRandom(seed))
    const sites = chosen.map((host) => host.slice(0, 6))
    is(new Set(sites).size, 3)
    for (const host of chosen) seen.add(host)
  }
  equal(seen.size, peers.length)
})

test('takes more of one site where there are no others, and no more than there are', () => {
  const peers = peersAt('127.0.0.1', '127.0.0.2')
  is(chooseOfDifferentSites(peers, 2, seededRandom(1)).length, 2)
  is(chooseOfDifferentSites(peers, 3, seededRandom(1)).length, 2)
  equal(chooseOfDifferentSites([], 3, seededRandom(1)), [])
})
