/**
 * An invitation is one line of text with all that a node needs to join: the network's document, where to knock, and the secret
 * that lets it in. Whoever holds the line may join until its end, or until a founder revokes it.
 */
import { isSameBytes, sha256 } from '../bytes.ts'
import { isWellFormedKey, isWellFormedSignature, signerFromSeed } from '../ed25519.ts'
import { DecodeError, expectThat, InvitationError } from '../errors.ts'
import { checkAddresses } from '../event/read-body.ts'
import { checkLength, own, parse, readTime } from '../fields.ts'
import { Invitation as InvitationMessage } from '../generated/invitation.ts'
import {
  ADDRESSES_MAX,
  INVITATION_BYTES_MAX,
  INVITATION_CHECKSUM_BYTES,
  INVITATION_TEXT_LENGTH_MAX,
  KEY_BYTES
} from '../limits.ts'
import { networkIdText } from '../names.ts'
import type { Signer, Verify } from '../ports.ts'
import { type InvitationGrant, invitationGrantInput } from './admission.ts'
import { decodeNetwork, isFoundedBySigner, type Network } from './document.ts'

const PREFIX = 'netminder1:'
const CHECKSUM_HEAD = Buffer.from('netminder-invitation-text/1\0')

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
  const bytes = encodeInvitation(invitation)
  return PREFIX + Buffer.concat([bytes, checksum(bytes)]).toString('base64url')
}

function checksum(bytes: Uint8Array): Uint8Array {
  return sha256(CHECKSUM_HEAD, bytes).subarray(0, INVITATION_CHECKSUM_BYTES)
}

/**
 * Reads the line. White space does not count: mail programs break long lines.
 *
 * @throws {INVITATION_DAMAGED | INVITATION_UNSUPPORTED} Whether it is genuine and open: see `checkInvitation`.
 */
export function parseInvitation(text: string): Invitation {
  const line = text.slice(0, 2 * INVITATION_TEXT_LENGTH_MAX).replaceAll(/\s+/g, '')
  if (!line.startsWith(PREFIX)) {
    if (/^netminder[0-9]+:/.test(line)) {
      throw new InvitationError(
        'INVITATION_UNSUPPORTED',
        `expected an invitation that starts with ${PREFIX}, got one of a later version: update netminder`
      )
    }
    throw damaged(`no ${PREFIX} at the start`)
  }
  const coded = line.slice(PREFIX.length)
  if (line.length > INVITATION_TEXT_LENGTH_MAX) throw damaged(`${line.length} characters`)
  if (!/^[A-Za-z0-9_-]+$/.test(coded)) throw damaged('characters that no invitation has')
  const all = Buffer.from(coded, 'base64url')
  const bytes = new Uint8Array(all.subarray(0, -INVITATION_CHECKSUM_BYTES))
  // The last character of base64 has bits to spare: only one spelling is taken.
  const isWhole =
    all.length > INVITATION_CHECKSUM_BYTES &&
    all.toString('base64url') === coded &&
    isSameBytes(all.subarray(-INVITATION_CHECKSUM_BYTES), checksum(bytes))
  if (!isWhole) throw damaged('a checksum that does not fit')
  try {
    return decodeInvitation(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (error.code === 'VERSION_UNSUPPORTED') {
      throw new InvitationError(
        'INVITATION_UNSUPPORTED',
        `expected a network of version 1: ${error.message}`,
        { cause: error }
      )
    }
    throw damaged(error.message, error)
  }
}

function damaged(got: string, cause?: unknown): InvitationError {
  return new InvitationError(
    'INVITATION_DAMAGED',
    `expected the whole line of an invitation, got ${got}: copy it again`,
    { cause }
  )
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
