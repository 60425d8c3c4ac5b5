/** How a network begins, and how it lets others in: documents and invitations, made and accepted. Keeps nothing. */
import {
  admitByInvitation,
  DecodeError,
  encodeAdmission,
  type Invitation,
  makeInvitation,
  makeNetwork,
  type Network,
  writeInvitation
} from '../wire/index.ts'
import { NetworkError } from './errors.ts'
import { findMultiaddr } from './host/host.ts'
import type { Identity } from './host/identity.ts'
import type { CreateNetworkFields } from './network-api.ts'
import type { JoinedNetwork } from './ports.ts'

export function isFounder(network: Network, { signer }: Identity): boolean {
  return network.founders.some((key) => Buffer.compare(key, signer.publicKey) === 0)
}

/** @throws {NAME_INVALID} */
export function foundNetwork(
  fields: CreateNetworkFields,
  { signer }: Identity,
  chance: { readonly nowMs: number; readonly nonce: Uint8Array }
): Network {
  const { name, policy = 'invitation' } = fields
  const founders = [signer.publicKey]
  const { nonce, nowMs: createdAtMs } = chance
  try {
    return makeNetwork({ name, founders, policy, createdAtMs, nonce }, signer)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    const message = `expected a name of 1 to 64 bytes: ${cause.message}`
    throw new NetworkError('NAME_INVALID', message, { cause })
  }
}

/** @throws {NOT_A_FOUNDER | ADDRESSES_INVALID} */
export function writeInvitationTo(
  network: Network,
  identity: Identity,
  fields: {
    readonly notAfterMs: number
    readonly addresses: readonly string[]
    readonly seed: Uint8Array
  }
): string {
  if (!isFounder(network, identity)) {
    throw new NetworkError('NOT_A_FOUNDER', 'expected a founder: others cannot invite')
  }
  const addresses = fields.addresses.map((text) => {
    const address = findMultiaddr(text)
    if (address !== undefined) return address.bytes
    throw new NetworkError('ADDRESSES_INVALID', `expected multiaddrs, got "${text}"`)
  })
  try {
    return writeInvitation(makeInvitation({ ...fields, network, addresses }, identity.signer))
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new NetworkError('ADDRESSES_INVALID', cause.message, { cause })
  }
}

/** What the newcomer keeps. The invitation has been checked. @throws {POLICY_FORBIDS} */
export function acceptInvitation(
  invitation: Invitation,
  identity: Identity,
  nowMs: number
): Pick<JoinedNetwork, 'admission' | 'bootstrap'> {
  const { network } = invitation
  if (network.policy !== 'invitation' && !isFounder(network, identity)) {
    throw new NetworkError('POLICY_FORBIDS', 'expected a network that takes invitations')
  }
  const author = identity.signer.publicKey
  const admission = admitByInvitation({ network: network.id, author, nowMs }, invitation)
  // An address that this version cannot read is no fault.
  const bootstrap = invitation.addresses.flatMap((bytes) => findMultiaddr(bytes)?.toString() ?? [])
  return { admission: encodeAdmission(admission), bootstrap }
}
