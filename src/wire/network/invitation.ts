/**
 * An invitation is one line of text with all that a node needs to join: the network's document, where to knock, and the secret
 * that lets it in. Whoever holds the line may join until its end, or until a founder revokes it.
 */
import { isSameBytes } from '../bytes.ts'
import { isWellFormedKey, isWellFormedSignature, signerFromSeed } from '../ed25519.ts'
import { expectThat, InvitationError } from '../errors.ts'
import { checkAddresses } from '../event/read-body.ts'
import { checkLength, own, parse, readTime } from '../fields.ts'
import { Invitation as InvitationMessage } from '../generated/invitation.ts'
import { ADDRESSES_MAX, INVITATION_BYTES_MAX, KEY_BYTES } from '../limits.ts'
import { networkIdText } from '../names.ts'
import type { Signer, Verify } from '../ports.ts'
import { type InvitationGrant, invitationGrantInput } from './admission.ts'
import { decodeNetwork, isFoundedBySigner, type Network } from './document.ts'
import { type LineForm, readLine, writeLine } from './line.ts'

const FORM: LineForm = {
  what: 'an invitation',
  prefix: 'netminder1:',
  anyVersion: /^netminder[0-9]+:/,
  checksumHead: 'netminder-invitation-text/1\0'
}

export interface Invitation extends InvitationGrant {
  readonly network: Network
  /** Binary multiaddrs, at most 16. */
  readonly addresses: readonly Uint8Array[]
  /** The secret: 32 bytes, seed of the invitation key. */
  readonly seed: Uint8Array
}

export interface InvitationFields {
  readonly network: Network
  readonly addresses: readonly Uint8Array[]
  /** 32 random bytes. */
  readonly seed: Uint8Array
  readonly notAfterMs: number
}

/** @throws {DecodeError} if others would refuse it */
export function makeInvitation(fields: InvitationFields, founder: Signer): Invitation {
  const invitationKey = signerFromSeed(fields.seed).publicKey
  const grant = { invitationKey, notAfterMs: fields.notAfterMs }
  const invitation: Invitation = {
    ...fields,
    invitationKey,
    founder: founder.publicKey,
    founderSignature: founder.sign(invitationGrantInput(fields.network.id, grant))
  }
  return decodeInvitation(encodeInvitation(invitation))
}

function encodeInvitation(invitation: Invitation): Uint8Array {
  return InvitationMessage.encode({
    network: own(invitation.network.bytes),
    addresses: invitation.addresses.map(own),
    seed: own(invitation.seed),
    notAfterMs: BigInt(invitation.notAfterMs),
    founder: own(invitation.founder),
    founderSignature: own(invitation.founderSignature)
  })
}

/** @throws {DecodeError} Signatures are NOT checked: see `checkInvitation`. */
export function decodeInvitation(bytes: Uint8Array): Invitation {
  expectThat(
    bytes.length <= INVITATION_BYTES_MAX,
    'TOO_LARGE',
    `expected at most ${INVITATION_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const message = parse(() =>
    InvitationMessage.decode(bytes, { limits: { addresses: ADDRESSES_MAX } })
  )
  checkAddresses(message.addresses)
  const seed = checkLength(message.seed, KEY_BYTES, 'seed')
  expectThat(isWellFormedKey(message.founder), 'KEY_INVALID', 'expected an Ed25519 public key')
  expectThat(
    isWellFormedSignature(message.founderSignature),
    'SIGNATURE_MALFORMED',
    'expected a sound signature'
  )
  const network = decodeNetwork(message.network)
  const notAfterMs = readTime(message.notAfterMs, 'not_after_ms')
  return {
    network,
    addresses: message.addresses,
    seed,
    invitationKey: signerFromSeed(seed).publicKey,
    notAfterMs,
    founder: message.founder,
    founderSignature: message.founderSignature
  }
}

export function writeInvitation(invitation: Invitation): string {
  return writeLine(FORM, encodeInvitation(invitation))
}

/**
 * Reads the line. White space does not count: mail programs break long lines.
 *
 * @throws {INVITATION_DAMAGED | INVITATION_UNSUPPORTED} Whether it is genuine and open: see `checkInvitation`.
 */
export function parseInvitation(text: string): Invitation {
  return readLine(FORM, text, decodeInvitation)
}

/**
 * Whether the founders stand behind the invitation, it is for the network that is wanted, and still open.
 *
 * @throws {INVITATION_FORGED | INVITATION_FOREIGN | INVITATION_EXPIRED}
 */
export async function checkInvitation(
  invitation: Invitation,
  wanted: { readonly nowMs: number; readonly network?: Uint8Array | undefined },
  verify: Verify
): Promise<void> {
  const { network, founder, founderSignature, notAfterMs } = invitation
  if (wanted.network !== undefined && !isSameBytes(wanted.network, network.id)) {
    throw new InvitationError(
      'INVITATION_FOREIGN',
      `expected an invitation to the network ${networkIdText(wanted.network)}, got one to ${networkIdText(network.id)}`
    )
  }
  const isGenuine =
    network.founders.some((other) => isSameBytes(other, founder)) &&
    (await isFoundedBySigner(network, verify)) &&
    (await verify(founder, invitationGrantInput(network.id, invitation), founderSignature))
  if (!isGenuine) {
    throw new InvitationError(
      'INVITATION_FORGED',
      "expected the signatures of the network's founders: do not use this invitation, and tell whoever gave it to you"
    )
  }
  if (notAfterMs < wanted.nowMs) {
    throw new InvitationError(
      'INVITATION_EXPIRED',
      `expected an invitation that is still open, got one that ended on ${new Date(notAfterMs).toISOString()}: ask for a new one`,
      { context: { notAfterMs } }
    )
  }
}
