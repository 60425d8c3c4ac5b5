/** Every decoder of the wire under mutated, truncated, spliced, random and huge input: a DecodeError or a result, soon and small. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { is, ok } from 'uvu/assert'
import { AUTHOR, FOUNDER, INVITATION } from '../../scripts/vectors/samples.ts'
import { integerBelow, type Random, seededRandom } from '../../src/base/index.ts'
import { SignedEvent } from '../../src/wire/generated/event.ts'
import {
  DecodeError,
  decodeEvent,
  decodeFetchRequest,
  decodeFetchResponse,
  decodeInvitation,
  decodeNetwork,
  decodeSyncFrame,
  findTopic,
  InvitationError,
  makeLetter,
  parseInvitation,
  parseLetter,
  signatureInput,
  writeInvitation,
  writeLetter
} from '../../src/wire/index.ts'
import { suite } from '../support/suite.ts'

const test = suite('decoders under hostile bytes', { timeoutMs: 120_000 })
const root = join(import.meta.dirname, '..', '..')
const SEED = 4

type Decode = (bytes: Uint8Array) => unknown
const decoders: Readonly<Record<string, Decode>> = {
  event: decodeEvent,
  network: decodeNetwork,
  invitation: decodeInvitation,
  frame: decodeSyncFrame,
  request: decodeFetchRequest,
  response: decodeFetchResponse
}

/** Valid and invalid bytes of every message: a decoder sees those of all the others too. */
const corpus: readonly Uint8Array[] = globSync('protocols/*/vectors/*.json', { cwd: root })
  .sort()
  .flatMap((path) => JSON.parse(readFileSync(join(root, path), 'utf8')).vectors)
  .flatMap((vector: { bytes?: string; event?: string }) => vector.bytes ?? vector.event ?? [])
  .map((text) => new Uint8Array(Buffer.from(text, 'hex')))
  .filter((bytes) => bytes.length < 10_000)

/** Nothing but a DecodeError, and one whose message holds none of the peer's text. */
function endures(decode: Decode, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return true
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    ok(error.message.length < 200)
    ok(error.verdict === 'reject' || error.verdict === 'ignore')
    return false
  }
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[integerBelow(random, items.length)]
  if (item === undefined) throw new Error('expected something to pick')
  return item
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x0b, 0x0c, 0x1b]

function mutate(random: Random, source: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(source)
  const times = 1 + integerBelow(random, 4)
  for (let i = 0; i < times && bytes.length > 0; i++) {
    const at = integerBelow(random, bytes.length)
    const isFlip = random.next() < 0.5
    bytes[at] = isFlip ? (bytes[at] ?? 0) ^ (1 << integerBelow(random, 8)) : pick(random, EDGES)
  }
  const shape = random.next()
  if (shape < 0.15) return bytes.subarray(0, integerBelow(random, bytes.length + 1))
  if (shape < 0.3) {
    const tail = pick(random, corpus)
    return Buffer.concat([
      bytes.subarray(0, integerBelow(random, bytes.length + 1)),
      tail.subarray(integerBelow(random, tail.length + 1))
    ])
  }
  return bytes
}

for (const [name, decode] of Object.entries(decoders)) {
  test(`${name}: mutated, truncated and spliced messages`, () => {
    const random = seededRandom(SEED)
    let refused = 0
    for (let i = 0; i < 20_000; i++) {
      if (!endures(decode, mutate(random, pick(random, corpus)))) refused++
    }
    ok(refused > 0)
  })

  test(`${name}: random bytes of every length to 300`, () => {
    const random = seededRandom(SEED + 1)
    for (let i = 0; i < 3_000; i++) {
      const bytes = Uint8Array.from({ length: i % 300 }, () => integerBelow(random, 256))
      endures(decode, bytes)
    }
  })

  test(`${name}: every prefix of every message`, () => {
    for (const source of corpus.filter((bytes) => bytes.length < 600)) {
      for (let length = 0; length < source.length; length++) {
        endures(decode, source.subarray(0, length))
      }
    }
  })

  test(`${name}: ten megabytes, and the most that it takes, of one byte`, () => {
    for (const length of [
      10_000_000, 524_288, 65_536, 60_000, 12_288, 9_216, 8_256, 4_096, 1_024
    ]) {
      // 0x0b opens a group, 0x0a is a field of ten bytes, 0x80 a number without end.
      for (const byte of [0x00, 0x0a, 0x0b, 0x12, 0x22, 0x80, 0xff]) {
        const before = process.memoryUsage().heapUsed
        endures(decode, new Uint8Array(length).fill(byte))
        const grown = process.memoryUsage().heapUsed - before
        ok(grown < 64 * 1024 * 1024, `${grown} bytes for ${length} of ${byte}`)
      }
    }
  })

  test(`${name}: the smallest fields as often as they fit`, () => {
    // Each tag of length-delimited fields 1 to 8 with no content, and with a message of two bytes.
    for (let field = 1; field <= 8; field++) {
      for (const content of [[], [10, 0], [18, 0]]) {
        const item = [field * 8 + 2, content.length, ...content]
        const bytes = Uint8Array.from({ length: 60_000 }, (_, i) => item[i % item.length] ?? 0)
        endures(decode, bytes)
      }
    }
  })
}

test('bodies behind a good signature: mutated payloads', () => {
  const random = seededRandom(SEED + 2)
  const events = corpus.filter((bytes) => {
    try {
      decodeEvent(bytes)
      return true
    } catch {
      return false
    }
  })
  ok(events.length >= 7)
  let taken = 0
  for (let i = 0; i < 10_000; i++) {
    const { payload } = decodeEvent(pick(random, events))
    const changed = new Uint8Array(mutate(random, payload))
    // A signature of anything at all: whether it verifies is not the decoder's business.
    const signature = new Uint8Array(AUTHOR.sign(signatureInput(new Uint8Array(0))))
    const bytes = SignedEvent.encode({ payload: changed, signature })
    if (endures(decodeEvent, bytes)) taken++
  }
  ok(taken > 0, 'expected some mutations to leave an event')
})

const LETTER = makeLetter(
  { network: INVITATION.network, addresses: [], author: AUTHOR.publicKey },
  FOUNDER
)

const LINES = [
  ['invitations', writeInvitation(INVITATION), parseInvitation],
  ['letters of admission', writeLetter(LETTER), parseLetter]
] as const

for (const [what, line, parseLine] of LINES) {
  test(`lines that look like ${what}`, () => {
    const random = seededRandom(SEED + 3)
    const letters = 'ABCxyz019-_=+/ \n\u00e9\u202e\ud83d\ude00:'
    let refused = 0
    for (let i = 0; i < 10_000; i++) {
      const at = integerBelow(random, line.length)
      const inserted = letters[integerBelow(random, letters.length)] ?? ''
      const text = line.slice(0, at) + inserted + line.slice(at + integerBelow(random, 3))
      try {
        parseLine(text)
      } catch (error) {
        ok(error instanceof InvitationError)
        refused++
      }
    }
    ok(refused > 9_000)
    for (const text of [
      '',
      ' ',
      'netminder1:',
      'netminder-admission1:',
      `netminder-admission1:${'A'.repeat(10_000_000)}`,
      `netminder1:${'A'.repeat(10_000_000)}`,
      ' '.repeat(10_000_000)
    ]) {
      try {
        parseLine(text)
        ok(false)
      } catch (error) {
        ok(error instanceof InvitationError)
        is(error.code, 'INVITATION_DAMAGED')
      }
    }
  })
}

test('names of topics', () => {
  for (const name of [
    '',
    '/',
    '/netminder/',
    `/netminder/${'0'.repeat(32)}/alert/2`,
    `/netminder/${'0'.repeat(31)}/alert/1`,
    `/netminder/${'0'.repeat(32)}/constructor/1`,
    `/netminder/${'G'.repeat(32)}/alert/1`
  ]) {
    is(findTopic(name), undefined)
  }
})
