/**
 * Why a node may speak in a network: a founder opened an invitation, and whoever holds its secret let the node in with it; or a
 * founder let it in himself. Shown in every node announce, checked without asking anybody.
 */
import { isSameBytes, uint64Bytes } from '../bytes.ts'
import { isWellFormedKey, isWellFormedSignature, signerFromSeed } from '../ed25519.ts'
import { expectThat } from '../errors.ts'
import { checkLength, own, parse, readTime } from '../fields.ts'
import { Admission as AdmissionMessage } from '../generated/event.ts'
import { KEY_BYTES } from '../limits.ts'
import type { Signer, Verify } from '../ports.ts'
import { signatureInput } from '../signature-input.ts'
import type { Network } from './document.ts'

export interface InvitationAdmission {
  readonly by: 'invitation'
  readonly founder: Uint8Array
  /** Over network, invitation key and end. */
  readonly founderSignature: Uint8Array
  readonly invitationKey: Uint8Array
  readonly notAfterMs: number
  /** The newcomer's word. */
  readonly admittedAtMs: number
  /** Of the invitation key, over network, author and time of admission. */
  readonly invitationSignature: Uint8Array
}

export interface FounderAdmission {
  readonly by: 'founder'
  readonly founder: Uint8Array
  /** Over network and author. */
  readonly founderSignature: Uint8Array
}

export type Admission = InvitationAdmission | FounderAdmission

/** What makes an invitation one of the network: known to its holder and shown in each admission by it. */
export interface InvitationGrant {
  readonly founder: Uint8Array
  readonly founderSignature: Uint8Array
  readonly invitationKey: Uint8Array
  readonly notAfterMs: number
}

export const ADMISSION_FAULTS = [
  /** No admission, and the author is no founder. */
  'ADMISSION_MISSING',
  /** Signed by a key that founded another network or none. */
  'FOUNDER_UNKNOWN',
  /** The network takes founders' signatures only. */
  'POLICY_FORBIDS',
  /** After the end of the invitation. */
  'ADMITTED_TOO_LATE',
  /** The key of an invitation is known to all its holders: it is nobody's. */
  'AUTHOR_NOT_OWN',
  /** The invitation, the author or the founder's admission was revoked. */
  'REVOKED',
  /** One of the signatures does not verify. */
  'SIGNATURE_INVALID'
] as const
export type AdmissionFault = (typeof ADMISSION_FAULTS)[number]

/** What the founder of an invitation signs. */
export function invitationGrantInput(
  network: Uint8Array,
  grant: Pick<InvitationGrant, 'invitationKey' | 'notAfterMs'>
): Uint8Array {
  const payload = Buffer.concat([network, grant.invitationKey, uint64Bytes(grant.notAfterMs)])
  return signatureInput(payload, 'invitation')
}

function invitationAdmissionInput(
  network: Uint8Array,
  author: Uint8Array,
  admittedAtMs: number
): Uint8Array {
  return signatureInput(Buffer.concat([network, author, uint64Bytes(admittedAtMs)]), 'admission')
}

function founderAdmissionInput(network: Uint8Array, author: Uint8Array): Uint8Array {
  return signatureInput(Buffer.concat([network, author]), 'founder-admission')
}

/** The holder of an invitation lets a node in (as a rule himself). */
export function admitByInvitation(
  subject: { readonly network: Uint8Array; readonly author: Uint8Array; readonly nowMs: number },
  invitation: InvitationGrant & { readonly seed: Uint8Array }
): InvitationAdmission {
  const { network, author, nowMs } = subject
  const { founder, founderSignature, invitationKey, notAfterMs, seed } = invitation
  return {
    by: 'invitation',
    founder,
    founderSignature,
    invitationKey,
    notAfterMs,
    admittedAtMs: nowMs,
    invitationSignature: signerFromSeed(seed).sign(invitationAdmissionInput(network, author, nowMs))
  }
}

export function admitByFounder(
  subject: { readonly network: Uint8Array; readonly author: Uint8Array },
  founder: Signer
): FounderAdmission {
  return {
    by: 'founder',
    founder: founder.publicKey,
    founderSignature: founder.sign(founderAdmissionInput(subject.network, subject.author))
  }
}

/** Undefined if the author may speak in the network. Asks for at most two verifications, the cheap checks come first. */
export async function findAdmissionFault(
  admission: Admission | undefined,
  subject: {
    readonly network: Network
    readonly author: Uint8Array
    /** As what it stands here: one revoked as an author is not revoked as an invitation, or its holders could revoke it. */
    isRevoked(subject: 'author' | 'invitation', key: Uint8Array): boolean
  },
  verify: Verify
): Promise<AdmissionFault | undefined> {
  const { network, author } = subject
  const isFounder = (key: Uint8Array) => network.founders.some((other) => isSameBytes(key, other))
  if (subject.isRevoked('author', author)) return 'REVOKED'
  if (isFounder(author)) return undefined
  if (admission === undefined) return 'ADMISSION_MISSING'
  const { founder, founderSignature } = admission
  if (!isFounder(founder)) return 'FOUNDER_UNKNOWN'
  if (subject.isRevoked('author', founder)) return 'REVOKED'
  if (admission.by === 'founder') {
    const data = founderAdmissionInput(network.id, author)
    return (await verify(founder, data, founderSignature)) ? undefined : 'SIGNATURE_INVALID'
  }
  if (network.policy !== 'invitation') return 'POLICY_FORBIDS'
  const { invitationKey, admittedAtMs, notAfterMs, invitationSignature } = admission
  if (isSameBytes(author, invitationKey)) return 'AUTHOR_NOT_OWN'
  if (admittedAtMs > notAfterMs) return 'ADMITTED_TOO_LATE'
  if (subject.isRevoked('invitation', invitationKey)) return 'REVOKED'
  const isOpened = await verify(
    founder,
    invitationGrantInput(network.id, admission),
    founderSignature
  )
  const data = invitationAdmissionInput(network.id, author, admittedAtMs)
  return isOpened && (await verify(invitationKey, data, invitationSignature))
    ? undefined
    : 'SIGNATURE_INVALID'
}

/** @throws {KEY_INVALID | SIGNATURE_MALFORMED | TIME_INVALID | FIELD_INVALID} */
export function readAdmission(message: AdmissionMessage): Admission {
  const { founder, founderSignature, invitationKey, invitationSignature } = message
  checkKey(founder)
  checkSignature(founderSignature)
  if (invitationKey.length === 0) {
    const isBare =
      invitationSignature.length === 0 && message.notAfterMs === 0n && message.admittedAtMs === 0n
    expectThat(isBare, 'FIELD_INVALID', "expected a founder's signature alone, or an invitation")
    return { by: 'founder', founder, founderSignature }
  }
  checkLength(invitationKey, KEY_BYTES, 'invitation_key', 'KEY_INVALID')
  checkKey(invitationKey)
  checkSignature(invitationSignature)
  return {
    by: 'invitation',
    founder,
    founderSignature,
    invitationKey,
    notAfterMs: readTime(message.notAfterMs, 'not_after_ms'),
    admittedAtMs: readTime(message.admittedAtMs, 'admitted_at_ms'),
    invitationSignature
  }
}

function checkKey(key: Uint8Array): void {
  expectThat(isWellFormedKey(key), 'KEY_INVALID', 'expected an Ed25519 public key')
}

function checkSignature(signature: Uint8Array): void {
  expectThat(isWellFormedSignature(signature), 'SIGNATURE_MALFORMED', 'expected a sound signature')
}

export function writeAdmission(admission: Admission): AdmissionMessage {
  const isInvitation = admission.by === 'invitation'
  return {
    founder: own(admission.founder),
    founderSignature: own(admission.founderSignature),
    invitationKey: own(isInvitation ? admission.invitationKey : new Uint8Array(0)),
    notAfterMs: isInvitation ? BigInt(admission.notAfterMs) : 0n,
    admittedAtMs: isInvitation ? BigInt(admission.admittedAtMs) : 0n,
    invitationSignature: own(isInvitation ? admission.invitationSignature : new Uint8Array(0))
  }
}

/** By itself, as a node keeps its own. */
export function encodeAdmission(admission: Admission): Uint8Array {
  return AdmissionMessage.encode(writeAdmission(admission))
}

/** @throws {DecodeError} */
export function decodeAdmission(bytes: Uint8Array): Admission {
  return readAdmission(parse(() => AdmissionMessage.decode(bytes)))
}
