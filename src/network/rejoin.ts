/** A node that is in a network already is given a further line that lets it in: what of it is of use is kept, and used at once. */
import type { Clock } from '../base/index.ts'
import { ADDRESSES_MAX, decodeAdmission, type Network } from '../wire/index.ts'
import type { Announcer } from './announce.ts'
import type { Identity } from './host/identity.ts'
import { isFounder } from './invitations.ts'
import type { JoinedNetwork } from './joined-network.ts'
import { isAdmitted } from './network-state.ts'
import type { AuthorStore, JoinedNetwork as JoinedRecord, NetworkStore } from './ports.ts'

interface RejoinPorts {
  readonly clock: Pick<Clock, 'nowMs'>
  readonly identity: Identity
  readonly authors: AuthorStore
  readonly networks: Pick<NetworkStore, 'save'>
  readonly announcer: Pick<Announcer, 'announce'>
}

/**
 * The newest addresses come first, and as many of the old ones follow as one line may hold; the admission is the line's where the
 * one before no longer lets the node in everywhere. @returns how many addresses no earlier line had named
 */
export async function rejoin(
  joined: Pick<JoinedNetwork, 'record' | 'network' | 'signal' | 'renew'>,
  line: Pick<JoinedRecord, 'admission' | 'bootstrap'>,
  ports: RejoinPorts
): Promise<number> {
  const { record, network } = joined
  const needsNew = needsAdmission(record, network, ports)
  const bootstrap = [...new Set([...line.bootstrap, ...record.bootstrap])].slice(0, ADDRESSES_MAX)
  const admission = needsNew ? line.admission : record.admission
  const renewed = { ...record, bootstrap, admission }
  ports.networks.save(renewed)
  joined.renew(renewed)
  if (needsNew) await ports.announcer.announce(joined)
  return bootstrap.filter((address) => !record.bootstrap.includes(address)).length
}

/** Who has not heard of this node until its invitation ended does not take it by that any more. */
function needsAdmission(
  { admission }: JoinedRecord,
  network: Network,
  { clock, identity, authors }: RejoinPorts
): boolean {
  if (isFounder(network, identity)) return false
  if (admission === undefined || !isAdmitted(network, identity, authors)) return true
  const kept = decodeAdmission(admission)
  return kept.by === 'invitation' && kept.notAfterMs < clock.nowMs()
}
