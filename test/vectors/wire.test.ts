/** Every vector in `protocols/` holds: it decodes to what it says, is refused with the code that it names, verifies or does not. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok } from 'uvu/assert'
import { eventVectorFiles } from '../../scripts/vectors/event-vectors.ts'
import { networkVectorFiles } from '../../scripts/vectors/network-vectors.ts'
import { streamVectorFiles } from '../../scripts/vectors/stream-vectors.ts'
import { codeOf, type Json, render, toJson, type Vector } from '../../scripts/vectors/vector.ts'
import {
  ADMISSION_FAULTS,
  checkInvitation,
  checkLetter,
  DECODE_ERROR_CODES,
  decodeEvent,
  decodeFetchRequest,
  decodeFetchResponse,
  decodeNetwork,
  decodeSyncFrame,
  EVENT_KINDS,
  findAdmissionFault,
  findKind,
  findTopic,
  gossipMessageId,
  InvitationError,
  networkIdText,
  parseInvitation,
  parseLetter,
  signatureInput,
  topicOf
} from '../../src/wire/index.ts'
import { suite } from '../support/suite.ts'
import { verifyPlainly } from '../support/verify.ts'

const test = suite('vectors of the protocols')
const root = join(import.meta.dirname, '..', '..')

function read<T>(path: string): readonly T[] {
  return JSON.parse(readFileSync(join(root, path), 'utf8')).vectors
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

/** The bytes of an event are in the vector already. */
function eventJson(bytes: Uint8Array): Json {
  const { bytes: _, ...event } = decodeEvent(bytes)
  return toJson(event)
}

const decoders: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ...[...EVENT_KINDS, 'envelope'].map((name) => [`event/vectors/${name}`, eventJson] as const),
  ['invitation/vectors/network', decodeNetwork],
  ['sync/vectors/frame', decodeSyncFrame],
  ['fetch/vectors/request', decodeFetchRequest],
  ['fetch/vectors/response', decodeFetchResponse]
]
const refusals = new Set<string>()

for (const [name, decode] of decoders) {
  test(`${name}: each is decoded or refused as it says`, () => {
    const vectors = read<Vector>(`protocols/${name}.json`)
    for (const vector of vectors) {
      const code = codeOf(() => decode(bytesOf(vector.bytes)))
      is(code, 'error' in vector ? vector.error : undefined, vector.name)
      if (code !== undefined) refusals.add(code)
      if ('decoded' in vector) {
        equal(toJson(decode(bytesOf(vector.bytes))), vector.decoded, vector.name)
      }
    }
    ok(vectors.some((vector) => 'decoded' in vector))
    ok(vectors.some((vector) => 'error' in vector))
  })
}

test('every code of the decoders is the answer to some vector', () => {
  equal([...refusals].sort(), [...DECODE_ERROR_CODES].sort())
})

test('signatures verify, or do not, and are over the input that is written down', async () => {
  type Signed = { name: string; bytes: string; input: string; verifies: boolean }
  const vectors = read<Signed>('protocols/event/vectors/signature.json')
  for (const { name, bytes, input, verifies } of vectors) {
    const { author, payload, signature } = decodeEvent(bytesOf(bytes))
    equal(new Uint8Array(signatureInput(payload)), bytesOf(input), name)
    is(await verifyPlainly(author, bytesOf(input), signature), verifies, name)
  }
  equal(new Set(vectors.map(({ verifies }) => verifies)), new Set([true, false]))
})

test('every event that decodes in the files of kinds is well signed', async () => {
  for (const kind of EVENT_KINDS) {
    for (const vector of read<Vector>(`protocols/event/vectors/${kind}.json`)) {
      if ('error' in vector) continue
      const { author, payload, signature } = decodeEvent(bytesOf(vector.bytes))
      is(await verifyPlainly(author, signatureInput(payload), signature), true, kind)
    }
  }
})

test('topics and message ids are those of the names', () => {
  type Name = {
    kind: number
    network: string
    topic: string
    envelopeDigest: string
    messageId: string
  }
  const vectors = read<Name>('protocols/event/vectors/names.json')
  is(vectors.length, EVENT_KINDS.length)
  for (const { kind: number, network, topic, envelopeDigest, messageId } of vectors) {
    const kind = findKind(number)
    const found = findTopic(topic)
    ok(kind !== undefined && found !== undefined)
    is(found.topic, topicOf(kind))
    is(networkIdText(found.network), network)
    equal(gossipMessageId(topic, bytesOf(envelopeDigest)), bytesOf(messageId))
  }
})

test('invitations open what they are for, or are refused with their code', async () => {
  type Line = { name: string; text: string; nowMs: number; network?: string; error?: string }
  const vectors = read<Line>('protocols/invitation/vectors/invitation.json')
  for (const { name, text, nowMs, network, error } of vectors) {
    let code: string | undefined
    try {
      const wanted = network === undefined ? undefined : bytesOf(network)
      await checkInvitation(parseInvitation(text), { nowMs, network: wanted }, verifyPlainly)
    } catch (thrown) {
      ok(thrown instanceof InvitationError, name)
      code = thrown.code
    }
    is(code, error, name)
  }
  is(new Set(vectors.flatMap(({ error }) => error ?? [])).size, 5)
})

test('letters of admission let in the key that they are for, or are refused with their code', async () => {
  type Line = { name: string; text: string; author: string; error?: string }
  const vectors = read<Line>('protocols/invitation/vectors/letter.json')
  for (const { name, text, author, error } of vectors) {
    let code: string | undefined
    try {
      await checkLetter(parseLetter(text), bytesOf(author), verifyPlainly)
    } catch (thrown) {
      ok(thrown instanceof InvitationError, name)
      code = thrown.code
    }
    is(code, error, name)
  }
  is(new Set(vectors.flatMap(({ error }) => error ?? [])).size, 4)
})

test('admissions hold, or are refused for their fault', async () => {
  type Admitted = {
    name: string
    networkDocument: string
    event: string
    revoked: readonly { subject: string; key: string }[]
    fault: string | null
  }
  const vectors = read<Admitted>('protocols/event/vectors/admission.json')
  for (const { name, networkDocument, event: bytes, revoked, fault } of vectors) {
    const event = decodeEvent(bytesOf(bytes))
    ok(event.body.kind === 'node-announce')
    const subject = {
      network: decodeNetwork(bytesOf(networkDocument)),
      author: event.author,
      isRevoked: (subject: string, key: Uint8Array) =>
        revoked.some(
          (one) => one.subject === subject && one.key === Buffer.from(key).toString('hex')
        )
    }
    const found = await findAdmissionFault(event.body.admission, subject, verifyPlainly)
    is(found ?? null, fault, name)
  }
  const faults = new Set(vectors.flatMap(({ fault }) => fault ?? []))
  equal([...faults].sort(), [...ADMISSION_FAULTS].sort())
})

test('what is committed is what the script writes, and nothing else', () => {
  const files = [...eventVectorFiles(), ...networkVectorFiles(), ...streamVectorFiles()]
  const committed = globSync('protocols/*/vectors/*.json', { cwd: root }).sort()
  equal(committed, files.map(({ path }) => path).sort())
  for (const file of files) {
    ok(readFileSync(join(root, file.path), 'utf8') === render(file), file.path)
  }
})
