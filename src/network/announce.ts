/** What a node says of itself in a network: who let it in, and where it is dialed. */
import { ADDRESSES_MAX, decodeAdmission, type NodeAnnounceBody } from '../wire/index.ts'
import type { Host } from './host/host.ts'
import type { JoinedNetwork } from './ports.ts'

export function announceBody(
  node: { readonly name: string; readonly agent: string },
  { addresses }: Pick<Host, 'addresses'>,
  { admission }: Pick<JoinedNetwork, 'admission'>
): NodeAnnounceBody {
  return {
    kind: 'node-announce',
    ...{ name: node.name, agent: node.agent },
    addresses: addresses.map(({ bytes }) => bytes).slice(0, ADDRESSES_MAX),
    admission: admission === undefined ? undefined : decodeAdmission(admission),
    isLeaving: false
  }
}

/** The last word: nobody is to dial it any more. */
export function farewellBody(...said: Parameters<typeof announceBody>): NodeAnnounceBody {
  return { ...announceBody(...said), addresses: [], isLeaving: true }
}
