/**
 * A letter of admission is one line of text by which a founder lets in one key. It holds no secret: whoever has another key can do
 * nothing with it.
 */
import { isSameBytes } from '../bytes.ts'
import { isWellFormedKey, isWellFormedSignature } from '../ed25519.ts'
import { expectThat, InvitationError } from '../errors.ts'
import { checkAddresses } from '../event/read-body.ts'
import { own, parse } from '../fields.ts'
import { AdmissionLetter as LetterMessage } from '../generated/invitation.ts'
import { ADDRESSES_MAX, INVITATION_BYTES_MAX } from '../limits.ts'
import type { Signer, Verify } from '../ports.ts'
import { admitByFounder, type FounderAdmission, findAdmissionFault } from './admission.ts'
import { decodeNetwork, isFoundedBySigner, type Network } from './document.ts'
import { type LineForm, readLine, writeLine } from './line.ts'

const FORM: LineForm = {
  what: 'a letter of admission',
  prefix: 'netminder-admission1:',
  anyVersion: /^netminder-admission[0-9]+:/,
  checksumHead: 'netminder-admission-text/1\0'
}

export interface AdmissionLetter {
  readonly network: Network
  /** Binary multiaddrs, at most 16. */
  readonly addresses: readonly Uint8Array[]
  /** The key that is let in. */
  readonly author: Uint8Array
  readonly admission: FounderAdmission
}

/** @throws {DecodeError} if others would refuse it */
export function makeLetter(
  fields: Pick<AdmissionLetter, 'network' | 'addresses' | 'author'>,
  founder: Signer
): AdmissionLetter {
  const subject = { network: fields.network.id, author: fields.author }
  return decodeLetter(encodeLetter({ ...fields, admission: admitByFounder(subject, founder) }))
}

function encodeLetter({ network, addresses, author, admission }: AdmissionLetter): Uint8Array {
  return LetterMessage.encode({
    network: own(network.bytes),
    addresses: addresses.map(own),
    author: own(author),
    founder: own(admission.founder),
    founderSignature: own(admission.founderSignature)
  })
}

/** @throws {DecodeError} Signatures are NOT checked: see `checkLetter`. */
function decodeLetter(bytes: Uint8Array): AdmissionLetter {
  expectThat(
    bytes.length <= INVITATION_BYTES_MAX,
    'TOO_LARGE',
    `expected at most ${INVITATION_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const message = parse(() => LetterMessage.decode(bytes, { limits: { addresses: ADDRESSES_MAX } }))
  const { addresses, author, founder, founderSignature } = message
  checkAddresses(addresses)
  for (const key of [author, founder]) {
    expectThat(isWellFormedKey(key), 'KEY_INVALID', 'expected an Ed25519 public key')
  }
  expectThat(
    isWellFormedSignature(founderSignature),
    'SIGNATURE_MALFORMED',
    'expected a sound signature'
  )
  const admission: FounderAdmission = { by: 'founder', founder, founderSignature }
  return { network: decodeNetwork(message.network), addresses, author, admission }
}

export function writeLetter(letter: AdmissionLetter): string {
  return writeLine(FORM, encodeLetter(letter))
}

/** Whether the text is meant to be one, of whatever version. */
export function isLetter(text: string): boolean {
  return FORM.anyVersion.test(text.trimStart().slice(0, 64))
}

/** @throws {INVITATION_DAMAGED | INVITATION_UNSUPPORTED} Whether it is genuine: see `checkLetter`. */
export function parseLetter(text: string): AdmissionLetter {
  return readLine(FORM, text, decodeLetter)
}

/**
 * Whether a founder of the network signed it, for this key.
 *
 * @throws {INVITATION_FORGED | ADMISSION_FOREIGN}
 */
export async function checkLetter(
  letter: AdmissionLetter,
  author: Uint8Array,
  verify: Verify
): Promise<void> {
  const { network, admission } = letter
  const subject = { network, author: letter.author, isRevoked: () => false }
  const isGenuine =
    (await isFoundedBySigner(network, verify)) &&
    (await findAdmissionFault(admission, subject, verify)) === undefined
  if (!isGenuine) {
    throw new InvitationError(
      'INVITATION_FORGED',
      "expected the signatures of the network's founders: do not use this letter, and tell whoever gave it to you"
    )
  }
  if (isSameBytes(letter.author, author)) return
  const [wanted, got] = [author, letter.author].map((key) => Buffer.from(key).toString('hex'))
  throw new InvitationError(
    'ADMISSION_FOREIGN',
    `expected a letter for this node's key ${wanted}, got one for ${got}: send the founder this node's key`
  )
}
