/** Vectors of networks, invitations and admissions. */
import * as wire from '../../src/wire/generated/invitation.ts'
import {
  type Admission,
  type AdmissionFault,
  admitByFounder,
  admitByInvitation,
  type DecodeErrorCode,
  decodeNetwork,
  type InvitationErrorCode,
  makeInvitation,
  makeLetter,
  makeNetwork,
  type Network,
  type NodeAnnounceBody,
  sha256,
  signatureInput,
  signerFromSeed,
  writeInvitation,
  writeLetter
} from '../../src/wire/index.ts'
import {
  ADDRESS,
  AUTHOR,
  BODIES,
  bytesOf,
  FOUNDER,
  INVITATION,
  NETWORK,
  NOW_MS,
  STRANGER,
  seal
} from './samples.ts'
import { type Fault, hex, invalid, type VectorFile, valid } from './vector.ts'

const NONE = new Uint8Array(0)

/** A document with any fields, well signed by the founder. */
function founded(fields: Partial<wire.NetworkDocument>): Uint8Array<ArrayBuffer> {
  const sample = wire.NetworkDocument.decode(NETWORK.document)
  const document = wire.NetworkDocument.encode({ ...sample, ...fields })
  const signature = new Uint8Array(FOUNDER.sign(signatureInput(document, 'network')))
  return wire.SignedNetworkDocument.encode({ document, signature })
}

function networkFaults(): readonly Fault[] {
  const key = new Uint8Array(FOUNDER.publicKey)
  const name = (text: string) => founded({ name: new TextEncoder().encode(text) })
  return [
    ['cut off', 'MALFORMED', NETWORK.bytes.subarray(0, -1)],
    [
      'no signature',
      'SIGNATURE_MALFORMED',
      wire.SignedNetworkDocument.encode({ document: new Uint8Array(NETWORK.document) })
    ],
    ['version 2', 'VERSION_UNSUPPORTED', founded({ version: 2 })],
    ['no name', 'TEXT_INVALID', name('')],
    ['a name of 65 bytes', 'TEXT_INVALID', name('x'.repeat(65))],
    ['a name that begins with a space', 'TEXT_INVALID', name(' north')],
    ['a name with a control character', 'TEXT_INVALID', name('north\u0007')],
    ['no founder', 'FIELD_INVALID', founded({ founders: [] })],
    ['9 founders', 'LIMIT_EXCEEDED', founded({ founders: Array.from({ length: 9 }, () => key) })],
    ['a founder of small order', 'KEY_INVALID', founded({ founders: [new Uint8Array(32)] })],
    ['no policy', 'FIELD_INVALID', founded({ policy: 0 })],
    ['policy 3', 'FIELD_INVALID', founded({ policy: 3 })],
    ['no time', 'TIME_INVALID', founded({ createdAtMs: 0n })],
    ['a nonce of 15 bytes', 'FIELD_INVALID', founded({ nonce: new Uint8Array(15) })],
    ['1 025 bytes', 'TOO_LARGE', new Uint8Array(1_025)]
  ] satisfies readonly (readonly [string, DecodeErrorCode, Uint8Array])[]
}

const closedFields = {
  name: 'closed',
  founders: [FOUNDER.publicKey],
  policy: 'founder',
  createdAtMs: NOW_MS,
  nonce: bytesOf('closed', 16)
} as const
const CLOSED = makeNetwork(closedFields, FOUNDER)

function line(message: Partial<wire.Invitation>): string {
  const bytes = wire.Invitation.encode({
    network: new Uint8Array(NETWORK.bytes),
    addresses: [ADDRESS],
    seed: new Uint8Array(INVITATION.seed),
    notAfterMs: BigInt(INVITATION.notAfterMs),
    founder: new Uint8Array(INVITATION.founder),
    founderSignature: new Uint8Array(INVITATION.founderSignature),
    ...message
  })
  const sum = sha256(Buffer.from('netminder-invitation-text/1\0'), bytes).subarray(0, 4)
  return `netminder1:${Buffer.concat([bytes, sum]).toString('base64url')}`
}

interface InvitationVector {
  readonly name: string
  readonly text: string
  readonly nowMs: number
  /** Which network is wanted, if any. */
  readonly network?: string
  readonly error?: InvitationErrorCode
}

function damagedInvitations(text: string, nowMs: number): readonly InvitationVector[] {
  const damaged = (name: string, changed: string): InvitationVector => ({
    name,
    text: changed,
    nowMs,
    error: 'INVITATION_DAMAGED'
  })
  const at = 200
  const other = text[at] === 'A' ? 'B' : 'A'
  return [
    damaged('nothing', ''),
    damaged('the last character missing', text.slice(0, -1)),
    damaged('the last half missing', text.slice(0, text.length / 2)),
    damaged('the beginning missing', text.slice(1)),
    damaged('one character changed', text.slice(0, at) + other + text.slice(at + 1)),
    damaged('two characters exchanged', text.slice(0, 20) + text[21] + text[20] + text.slice(22)),
    damaged('characters of other base64', `${text.slice(0, 40)}+/${text.slice(42)}`),
    damaged('padding', `${text}=`),
    damaged('twice', text + text),
    damaged('17 addresses', line({ addresses: Array.from({ length: 17 }, () => ADDRESS) })),
    damaged('a secret of 31 bytes', line({ seed: new Uint8Array(31) })),
    damaged('no network', line({ network: NONE }))
  ]
}

function invitationVectors(): readonly InvitationVector[] {
  const text = writeInvitation(INVITATION)
  const nowMs = NOW_MS
  const stranger = makeInvitation({ ...INVITATION, seed: bytesOf('other secret') }, STRANGER)
  const forgedNetwork = wire.SignedNetworkDocument.encode({
    document: new Uint8Array(NETWORK.document),
    signature: new Uint8Array(STRANGER.sign(signatureInput(NETWORK.document, 'network')))
  })
  const longer = line({ notAfterMs: BigInt(INVITATION.notAfterMs + 1) })
  return [
    { name: 'open', text, nowMs },
    { name: 'open, for the network that is wanted', text, nowMs, network: hex(NETWORK.id) },
    {
      name: 'broken into lines by a mail program',
      text: `  ${text.replaceAll(/.{72}/g, '$&\r\n')}\n`,
      nowMs
    },
    { name: 'in its last millisecond', text, nowMs: INVITATION.notAfterMs },
    {
      name: 'a millisecond too late',
      text,
      nowMs: INVITATION.notAfterMs + 1,
      error: 'INVITATION_EXPIRED'
    },
    {
      name: 'for another network',
      text,
      nowMs,
      network: hex(CLOSED.id),
      error: 'INVITATION_FOREIGN'
    },
    {
      name: 'of a later version',
      text: text.replace('netminder1', 'netminder2'),
      nowMs,
      error: 'INVITATION_UNSUPPORTED'
    },
    {
      name: 'to a network of a later version',
      text: line({ network: founded({ version: 2 }) }),
      nowMs,
      error: 'INVITATION_UNSUPPORTED'
    },
    {
      name: 'signed by no founder',
      text: writeInvitation(stranger),
      nowMs,
      error: 'INVITATION_FORGED'
    },
    {
      name: 'to a network that its founder did not sign',
      text: line({ network: forgedNetwork }),
      nowMs,
      error: 'INVITATION_FORGED'
    },
    { name: 'its end put off', text: longer, nowMs, error: 'INVITATION_FORGED' },
    {
      name: 'its secret exchanged',
      text: line({ seed: new Uint8Array(bytesOf('other secret')) }),
      nowMs,
      error: 'INVITATION_FORGED'
    },
    ...damagedInvitations(text, nowMs)
  ]
}

function letterVectors() {
  const text = writeLetter(
    makeLetter({ network: CLOSED, addresses: [ADDRESS], author: AUTHOR.publicKey }, FOUNDER)
  )
  const author = hex(AUTHOR.publicKey)
  const forged = writeLetter(
    makeLetter({ network: CLOSED, addresses: [], author: AUTHOR.publicKey }, STRANGER)
  )
  const letterTo = (network: Network) =>
    makeLetter({ network, addresses: [], author: AUTHOR.publicKey }, FOUNDER)
  const moved = writeLetter({ ...letterTo(NETWORK), network: CLOSED })
  const given = writeLetter({ ...letterTo(CLOSED), author: STRANGER.publicKey })
  const other = text[200] === 'A' ? 'B' : 'A'
  const cases: readonly (readonly [string, string, string, InvitationErrorCode?])[] = [
    ['for this key', text, author],
    ['broken into lines', text.replaceAll(/.{72}/g, '$&\n'), author],
    ['to a network that takes invitations as well', writeLetter(letterTo(NETWORK)), author],
    ['for another key', text, hex(STRANGER.publicKey), 'ADMISSION_FOREIGN'],
    ['its key exchanged', given, hex(STRANGER.publicKey), 'INVITATION_FORGED'],
    ['signed by no founder', forged, author, 'INVITATION_FORGED'],
    ['signed for another network', moved, author, 'INVITATION_FORGED'],
    ['cut off', text.slice(0, -1), author, 'INVITATION_DAMAGED'],
    [
      'one character changed',
      text.slice(0, 200) + other + text.slice(201),
      author,
      'INVITATION_DAMAGED'
    ],
    [
      'of a later version',
      text.replace('admission1:', 'admission2:'),
      author,
      'INVITATION_UNSUPPORTED'
    ]
  ]
  return cases.map(([name, line, key, error]) => ({
    ...{ name, text: line, author: key },
    ...(error && { error })
  }))
}

interface AdmissionCase {
  readonly name: string
  readonly admission: Admission | undefined
  readonly fault?: AdmissionFault
  readonly author?: typeof AUTHOR
  readonly network?: Network
  readonly revoked?: {
    readonly subject: 'author' | 'invitation'
    readonly key: Uint8Array
  }
}

function admissionCases(): readonly AdmissionCase[] {
  const author = AUTHOR.publicKey
  const subject = { network: NETWORK.id, author, nowMs: NOW_MS }
  const invited = admitByInvitation(subject, INVITATION)
  const late = { ...subject, nowMs: INVITATION.notAfterMs + 1 }
  const inClosed = admitByInvitation(
    { ...subject, network: CLOSED.id },
    makeInvitation({ ...INVITATION, network: CLOSED }, FOUNDER)
  )
  const byFounder = admitByFounder(subject, FOUNDER)
  const ghost = signerFromSeed(INVITATION.seed)
  return [
    { name: 'by invitation', admission: invited },
    { name: 'by a founder', admission: byFounder },
    { name: 'a founder himself', admission: undefined, author: FOUNDER },
    {
      name: 'by a founder where founders alone admit',
      admission: admitByFounder({ network: CLOSED.id, author }, FOUNDER),
      network: CLOSED
    },
    { name: 'none', admission: undefined, fault: 'ADMISSION_MISSING' },
    {
      name: 'by invitation where founders alone admit',
      admission: inClosed,
      network: CLOSED,
      fault: 'POLICY_FORBIDS'
    },
    {
      name: 'by no founder',
      admission: admitByFounder(subject, STRANGER),
      fault: 'FOUNDER_UNKNOWN'
    },
    {
      name: 'after the end of the invitation',
      admission: admitByInvitation(late, INVITATION),
      fault: 'ADMITTED_TOO_LATE'
    },
    {
      name: 'its end put off',
      admission: { ...invited, notAfterMs: invited.notAfterMs + 1 },
      fault: 'SIGNATURE_INVALID'
    },
    {
      name: 'its time changed',
      admission: { ...invited, admittedAtMs: NOW_MS - 1 },
      fault: 'SIGNATURE_INVALID'
    },
    { name: 'of another author', admission: invited, author: STRANGER, fault: 'SIGNATURE_INVALID' },
    {
      name: 'of another author, by a founder',
      admission: byFounder,
      author: STRANGER,
      fault: 'SIGNATURE_INVALID'
    },
    {
      name: 'in another network',
      admission: admitByFounder({ network: CLOSED.id, author }, FOUNDER),
      fault: 'SIGNATURE_INVALID'
    },
    {
      name: 'under the key of the invitation',
      admission: admitByInvitation({ ...subject, author: ghost.publicKey }, INVITATION),
      author: ghost,
      fault: 'AUTHOR_NOT_OWN'
    },
    {
      name: 'the invitation revoked',
      admission: invited,
      revoked: { subject: 'invitation', key: INVITATION.invitationKey },
      fault: 'REVOKED'
    },
    {
      name: 'the key of the invitation revoked as an author',
      admission: invited,
      revoked: { subject: 'author', key: INVITATION.invitationKey }
    },
    {
      name: 'the author revoked',
      admission: invited,
      revoked: { subject: 'author', key: author },
      fault: 'REVOKED'
    },
    {
      name: 'the key of the author revoked as an invitation',
      admission: invited,
      revoked: { subject: 'invitation', key: author }
    },
    {
      name: 'the founder revoked',
      admission: byFounder,
      revoked: { subject: 'author', key: FOUNDER.publicKey },
      fault: 'REVOKED'
    },
    {
      name: 'the key of the founder revoked as an invitation',
      admission: byFounder,
      revoked: { subject: 'invitation', key: FOUNDER.publicKey }
    }
  ]
}

function admissionVector(sample: AdmissionCase) {
  const network = sample.network ?? NETWORK
  const signer = sample.author ?? AUTHOR
  const body = { ...BODIES['node-announce'], admission: sample.admission } as NodeAnnounceBody
  return {
    name: sample.name,
    networkDocument: hex(network.bytes),
    event: hex(seal(body, { network: network.id, signer }).bytes),
    revoked: sample.revoked ? [{ ...sample.revoked, key: hex(sample.revoked.key) }] : [],
    fault: sample.fault ?? null
  }
}

export function networkVectorFiles(): readonly VectorFile[] {
  return [
    {
      path: 'protocols/invitation/vectors/network.json',
      about: 'Signed network documents: bytes, and what they say or why they are refused.',
      vectors: [
        valid('by invitation', NETWORK.bytes, decodeNetwork),
        valid('by founders alone', CLOSED.bytes, decodeNetwork),
        ...networkFaults().map((fault) => invalid(fault, decodeNetwork))
      ]
    },
    {
      path: 'protocols/invitation/vectors/invitation.json',
      about:
        'Lines of text, the time at which they are used, and the code with which they are refused, if they are.',
      vectors: invitationVectors()
    },
    {
      path: 'protocols/invitation/vectors/letter.json',
      about:
        'Letters of admission, the key that would use them, and the code with which they are refused, if they are.',
      vectors: letterVectors()
    },
    {
      path: 'protocols/event/vectors/admission.json',
      about:
        'Node announces with an admission, what is revoked, and why the author may not speak, if he may not.',
      vectors: admissionCases().map(admissionVector)
    }
  ]
}
