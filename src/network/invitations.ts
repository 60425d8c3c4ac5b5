/** How a network begins, and the lines by which it lets others in: made and accepted. Keeps nothing. */
import {
  ADDRESSES_MAX,
  type AdmissionLetter,
  admitByInvitation,
  DecodeError,
  encodeAdmission,
  type Invitation,
  isWellFormedKey,
  makeInvitation,
  makeLetter,
  makeNetwork,
  NETWORK_NAME_BYTES_MAX,
  type Network,
  writeInvitation,
  writeLetter
} from '../wire/index.ts'
import { NetworkError } from './errors.ts'
import { findDialFault } from './host/dial-fault.ts'
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
    const message = `expected a name of 1 to ${NETWORK_NAME_BYTES_MAX} bytes without spaces at its ends and without control characters: ${cause.message}`
    throw new NetworkError('NAME_INVALID', message, { cause })
  }
}

/** Those that others can dial. @throws {ADDRESSES_INVALID} */
export function readAddresses(texts: readonly string[]): readonly Uint8Array[] {
  if (texts.length > ADDRESSES_MAX) {
    throw new NetworkError('ADDRESSES_INVALID', `expected at most ${ADDRESSES_MAX} addresses`)
  }
  return texts.map((text) => {
    const address = findMultiaddr(text)
    if (address === undefined) {
      throw new NetworkError('ADDRESSES_INVALID', `expected multiaddrs, got "${text}"`)
    }
    const fault = findDialFault(address.toString())
    if (fault === undefined) return address.bytes
    throw new NetworkError(
      'ADDRESSES_INVALID',
      `expected an address that others can dial, such as /dns4/keys.example.org/tcp/11390, got "${text}": ${fault}`
    )
  })
}

/** @throws {KEY_INVALID} */
export function keyOf(text: string): Uint8Array {
  const key = new Uint8Array(Buffer.from(text, 'hex'))
  if (/^[0-9a-f]{64}$/i.test(text) && isWellFormedKey(key)) return key
  throw new NetworkError('KEY_INVALID', 'expected a public key of 64 hexadecimal digits')
}

/** @throws {NOT_A_FOUNDER | POLICY_FORBIDS | ADDRESSES_INVALID} */
export function writeInvitationTo(
  network: Network,
  identity: Identity,
  fields: {
    readonly notAfterMs: number
    readonly addresses: readonly Uint8Array[]
    readonly seed: Uint8Array
  }
): string {
  expectFounder(network, identity, 'invite')
  if (network.policy !== 'invitation') {
    throw new NetworkError(
      'POLICY_FORBIDS',
      'expected a network that takes invitations: let each node in by its key (network admit)'
    )
  }
  return sendable(() => writeInvitation(makeInvitation({ ...fields, network }, identity.signer)))
}

/** @throws {NOT_A_FOUNDER | ADDRESSES_INVALID} */
export function writeLetterTo(
  network: Network,
  identity: Identity,
  fields: Pick<AdmissionLetter, 'author' | 'addresses'>
): string {
  expectFounder(network, identity, 'let in')
  return sendable(() => writeLetter(makeLetter({ ...fields, network }, identity.signer)))
}

function expectFounder(network: Network, identity: Identity, what: string): void {
  if (isFounder(network, identity)) return
  throw new NetworkError('NOT_A_FOUNDER', `expected a founder: others cannot ${what}`)
}

function sendable(write: () => string): string {
  try {
    return write()
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
  const author = identity.signer.publicKey
  if (network.policy !== 'invitation' && !isFounder(network, identity)) {
    throw new NetworkError(
      'POLICY_FORBIDS',
      `expected a network that takes invitations: send a founder this node's key ${Buffer.from(author).toString('hex')}, and join by the line that he makes of it (network admit)`
    )
  }
  const admission = admitByInvitation({ network: network.id, author, nowMs }, invitation)
  return { admission: encodeAdmission(admission), bootstrap: readable(invitation.addresses) }
}

/** What the newcomer keeps. The letter has been checked. */
export function acceptLetter({
  admission,
  addresses
}: AdmissionLetter): Pick<JoinedNetwork, 'admission' | 'bootstrap'> {
  return { admission: encodeAdmission(admission), bootstrap: readable(addresses) }
}

/** An address that this version cannot read is no fault. */
function readable(addresses: readonly Uint8Array[]): readonly string[] {
  return addresses.flatMap((bytes) => findMultiaddr(bytes)?.toString() ?? [])
}
