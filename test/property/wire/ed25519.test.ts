/**
 * Behind our check node:crypto and tweetnacl accept and reject exactly the same, so a node whichever of the two it uses judges
 * alike. Inputs: RFC 8032, the cases of Chalkias, Garillot and Nikolaenko ("Taming the Many EdDSAs", 2020, table 6) made anew
 * by computation, cases after Wycheproof's, and mutations of good signatures.
 */
import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { equal, is, ok } from 'uvu/assert'
import { isWellFormedKey, isWellFormedSignature, signerFromSeed } from '../../../src/wire/index.ts'
import {
  add,
  BASE,
  bytesOf,
  challenge,
  encode,
  L,
  mod,
  multiply,
  NEUTRAL,
  numberOf,
  P,
  type Point,
  pointOf,
  smallOrderPoints
} from '../../support/edwards.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Ed25519 behind the check', { timeoutMs: 120_000 })

interface Case {
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

function nodeAccepts({ key, message, signature }: Case): boolean {
  try {
    const der = Buffer.concat([SPKI_PREFIX, key])
    return verify(
      null,
      message,
      createPublicKey({ key: der, format: 'der', type: 'spki' }),
      signature
    )
  } catch {
    return false
  }
}

const naclAccepts = ({ key, message, signature }: Case): boolean =>
  nacl.sign.detached.verify(message, signature, key)

const isWellFormed = ({ key, signature }: Case) =>
  isWellFormedKey(key) && isWellFormedSignature(signature)

/** What both say, which must be the same; undefined if the check lets neither be asked. */
function verdictOf(input: Case): boolean | undefined {
  if (!isWellFormed(input)) return undefined
  const accepted = nodeAccepts(input)
  is(accepted, naclAccepts(input), JSON.stringify(input))
  return accepted
}

const fromHex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

/** RFC 8032 §7.1: seed, public key, message, signature. */
const RFC_8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'
  ],
  [
    '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704'
  ]
] as const

for (const [seed, publicKey, message, signature] of RFC_8032) {
  test(`RFC 8032: a message of ${message.length / 2} bytes`, () => {
    const signer = signerFromSeed(fromHex(seed))
    equal(signer.publicKey, fromHex(publicKey))
    equal(signer.sign(fromHex(message)), fromHex(signature))
    is(
      verdictOf({
        key: fromHex(publicKey),
        message: fromHex(message),
        signature: fromHex(signature)
      }),
      true
    )
  })
}

const SMALL = smallOrderPoints()
const ORDER_8 = SMALL.find((point) => multiply(4n, point).y !== 1n) ?? NEUTRAL
/** Secrets of no meaning. */
const a = mod(numberOf(new Uint8Array(32).fill(0x5a)), L)
const r = mod(numberOf(new Uint8Array(32).fill(0x33)), L)

interface Forged {
  readonly keyPoint: Point
  readonly noncePoint: Point
  /** S from the challenge. */
  readonly s: (h: bigint) => bigint
  /** Which challenges are wanted; the message is counted up until one comes. */
  readonly wanted?: (h: bigint) => boolean
  readonly key?: Uint8Array
  readonly nonce?: Uint8Array
}

function forge({ keyPoint, noncePoint, s, wanted = () => true, key, nonce }: Forged): Case {
  const keyBytes = key ?? encode(keyPoint)
  const nonceBytes = nonce ?? encode(noncePoint)
  for (let counter = 0; ; counter++) {
    const message = Buffer.from(`message ${counter}`)
    const h = challenge(nonceBytes, keyBytes, message)
    if (!wanted(h)) continue
    return { key: keyBytes, message, signature: Buffer.concat([nonceBytes, bytesOf(s(h))]) }
  }
}

const isSame = (p: Point, q: Point) => p.x === q.x && p.y === q.y
const pure = { keyPoint: multiply(a, BASE), noncePoint: multiply(r, BASE) }
const mixed = { keyPoint: add(pure.keyPoint, ORDER_8), noncePoint: add(pure.noncePoint, ORDER_8) }
const honest = (h: bigint) => mod(r + h * a, L)
/** Without a cofactor the equation holds if the parts of small order cancel out. */
const cancels = (h: bigint) => isSame(add(ORDER_8, multiply(h % 8n, ORDER_8)), NEUTRAL)
const NON_CANONICAL_NEUTRAL = bytesOf(P + 1n)
const NEUTRAL_WITH_SIGN = bytesOf(1n | (1n << 255n))

const TAMING: readonly {
  name: string
  input: Case
  /** What both say; undefined: the check refuses. */
  expected: boolean | undefined
}[] = [
  {
    name: '0: S = 0, small A, small R',
    input: forge({
      keyPoint: ORDER_8,
      noncePoint: ORDER_8,
      s: () => 0n,
      wanted: (h) => cancels(h)
    }),
    expected: undefined
  },
  {
    name: '1: small A, mixed R',
    input: forge({
      keyPoint: ORDER_8,
      noncePoint: mixed.noncePoint,
      s: () => r,
      wanted: cancels
    }),
    expected: undefined
  },
  {
    name: '2: mixed A, small R',
    input: forge({
      keyPoint: mixed.keyPoint,
      noncePoint: ORDER_8,
      s: (h) => mod(h * a, L),
      wanted: cancels
    }),
    expected: undefined
  },
  {
    name: '3: mixed A and R that cancel out',
    input: forge({ ...mixed, s: honest, wanted: cancels }),
    expected: true
  },
  {
    name: '4: mixed A and R that hold with the cofactor only',
    input: forge({ ...mixed, s: honest, wanted: (h) => !cancels(h) }),
    expected: false
  },
  {
    name: '5: mixed A that holds with the cofactor only, pure R',
    input: forge({
      keyPoint: mixed.keyPoint,
      noncePoint: pure.noncePoint,
      s: honest,
      wanted: (h) => h % 8n !== 0n
    }),
    expected: false
  },
  {
    name: '5b: mixed A, pure R, a challenge that 8 divides',
    input: forge({
      keyPoint: mixed.keyPoint,
      noncePoint: pure.noncePoint,
      s: honest,
      wanted: (h) => h % 8n === 0n
    }),
    expected: true
  },
  {
    name: '6: S + L',
    input: forge({ ...pure, s: (h) => honest(h) + L }),
    expected: undefined
  },
  {
    name: '7: S far above L',
    input: forge({ ...pure, s: (h) => honest(h) + 14n * L }),
    expected: undefined
  },
  {
    name: '8: mixed A, R of small order that is not canonical',
    input: forge({
      keyPoint: mixed.keyPoint,
      noncePoint: NEUTRAL,
      nonce: NON_CANONICAL_NEUTRAL,
      s: (h) => mod(h * a, L),
      wanted: (h) => h % 8n === 0n
    }),
    expected: undefined
  },
  {
    name: '9: the same with the sign of an x that is zero',
    input: forge({
      keyPoint: mixed.keyPoint,
      noncePoint: NEUTRAL,
      nonce: NEUTRAL_WITH_SIGN,
      s: (h) => mod(h * a, L),
      wanted: (h) => h % 8n === 0n
    }),
    expected: undefined
  },
  {
    name: '10: A of small order that is not canonical, mixed R',
    input: forge({
      keyPoint: NEUTRAL,
      key: NON_CANONICAL_NEUTRAL,
      noncePoint: mixed.noncePoint,
      s: () => r
    }),
    expected: undefined
  },
  {
    name: '11: A of small order with a needless sign, pure R',
    input: forge({
      keyPoint: NEUTRAL,
      key: NEUTRAL_WITH_SIGN,
      noncePoint: pure.noncePoint,
      s: () => r
    }),
    expected: undefined
  }
]

for (const { name, input, expected } of TAMING) {
  test(`Taming, case ${name}`, () => is(verdictOf(input), expected))
}

test('without the check the two differ, or take what anybody can forge', () => {
  const malleable = TAMING.find(({ name }) => name.startsWith('6'))?.input
  const forgedForAll = TAMING.find(({ name }) => name.startsWith('11'))?.input
  ok(malleable !== undefined && forgedForAll !== undefined)
  equal([nodeAccepts(malleable), naclAccepts(malleable)], [false, true])
  ok(nodeAccepts(forgedForAll) || naclAccepts(forgedForAll))
})

test('the eight points of small order are refused in every spelling, as key and as R', () => {
  equal(new Set(SMALL.map(({ x, y }) => `${x},${y}`)).size, 8)
  const sound = signerFromSeed(new Uint8Array(32)).sign(new Uint8Array(0))
  for (const { y } of SMALL) {
    for (const spelling of [y, y + P].filter((value) => value < 2n ** 255n)) {
      for (const sign of [0n, 1n]) {
        const bytes = bytesOf(spelling | (sign << 255n))
        is(isWellFormedKey(bytes), false)
        is(isWellFormedSignature(Buffer.concat([bytes, sound.subarray(32)])), false)
      }
    }
  }
})

test('y from p to 2^255 - 1 is refused, p - 2 is not', () => {
  const rest = signerFromSeed(new Uint8Array(32)).sign(new Uint8Array(0)).subarray(32)
  for (let y = P; y < 2n ** 255n; y++) {
    is(isWellFormedKey(bytesOf(y)), false)
    is(isWellFormedKey(bytesOf(y | (1n << 255n))), false)
    is(isWellFormedSignature(Buffer.concat([bytesOf(y), rest])), false)
  }
  is(isWellFormedKey(bytesOf(P - 2n)), true)
  is(isWellFormedKey(bytesOf(2n)), true)
})

test('S below the order is taken, the order and all above are refused', () => {
  const nonce = encode(pure.noncePoint)
  const withS = (s: bigint) => isWellFormedSignature(Buffer.concat([nonce, bytesOf(s)]))
  for (const s of [0n, 1n, L - 1n]) is(withS(s), true, String(s))
  for (const s of [
    L,
    L + 1n,
    2n * L,
    2n ** 252n + 2n ** 251n,
    2n ** 253n,
    2n ** 255n,
    2n ** 256n - 1n
  ]) {
    is(withS(s), false, String(s))
  }
})

test('other lengths are refused', () => {
  for (const length of [0, 31, 33, 64]) is(isWellFormedKey(new Uint8Array(length).fill(9)), false)
  for (const length of [0, 32, 63, 65, 128]) {
    is(isWellFormedSignature(new Uint8Array(length).fill(9)), false)
  }
})

const signer = signerFromSeed(new Uint8Array(32).fill(1))
const other = signerFromSeed(new Uint8Array(32).fill(2))
const message = Buffer.from('netminder')
const signature = signer.sign(message)
const half = (which: 0 | 1, bytes: Uint8Array) =>
  which === 0
    ? Buffer.concat([bytes, signature.subarray(32)])
    : Buffer.concat([signature.subarray(0, 32), bytes])
const s = numberOf(signature.subarray(32))

/** After Wycheproof's `eddsa_test`: what else goes wrong with signatures. */
const WYCHEPROOF: readonly (readonly [string, Case, boolean | undefined])[] = [
  ['good', { key: signer.publicKey, message, signature }, true],
  ['of another key', { key: other.publicKey, message, signature }, false],
  [
    'of another message',
    { key: signer.publicKey, message: Buffer.from('netminded'), signature },
    false
  ],
  ['of the empty message', { key: signer.publicKey, message: Buffer.alloc(0), signature }, false],
  ['S = 0', { key: signer.publicKey, message, signature: half(1, bytesOf(0n)) }, false],
  ['S = 1', { key: signer.publicKey, message, signature: half(1, bytesOf(1n)) }, false],
  ['S = L - 1', { key: signer.publicKey, message, signature: half(1, bytesOf(L - 1n)) }, false],
  ['S negated', { key: signer.publicKey, message, signature: half(1, bytesOf(L - s)) }, false],
  [
    'S with its highest bit',
    { key: signer.publicKey, message, signature: half(1, bytesOf(s | (1n << 255n))) },
    undefined
  ],
  [
    'S doubled',
    { key: signer.publicKey, message, signature: half(1, bytesOf(mod(2n * s, L))) },
    false
  ],
  [
    'R with the other sign',
    {
      key: signer.publicKey,
      message,
      signature: half(0, bytesOf(numberOf(signature.subarray(0, 32)) ^ (1n << 255n)))
    },
    false
  ],
  [
    'R that is no point',
    { key: signer.publicKey, message, signature: half(0, bytesOf(noPoint())) },
    false
  ],
  [
    'R and S exchanged',
    {
      key: signer.publicKey,
      message,
      signature: Buffer.concat([signature.subarray(32), signature.subarray(0, 32)])
    },
    undefined
  ],
  ['a key that is no point', { key: bytesOf(noPoint()), message, signature }, false],
  [
    'a key with the other sign',
    { key: bytesOf(numberOf(signer.publicKey) ^ (1n << 255n)), message, signature },
    false
  ],
  ['zeros', { key: signer.publicKey, message, signature: new Uint8Array(64) }, undefined],
  ['ones', { key: signer.publicKey, message, signature: new Uint8Array(64).fill(255) }, undefined],
  [
    'a zero before it',
    { key: signer.publicKey, message, signature: Buffer.concat([Uint8Array.of(0), signature]) },
    undefined
  ],
  [
    'a zero behind it',
    { key: signer.publicKey, message, signature: Buffer.concat([signature, Uint8Array.of(0)]) },
    undefined
  ]
]

/** The smallest y above 1 with which there is no point. */
function noPoint(): bigint {
  let y = 2n
  while (pointOf(y, 0n) !== undefined) y++
  return y
}

for (const [name, input, expected] of WYCHEPROOF) {
  test(`a signature: ${name}`, () => is(verdictOf(input), expected))
}

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })
const mutation = fc.oneof(
  fc.record({ at: fc.nat(63), bit: fc.nat(7) }),
  fc.record({ at: fc.constantFrom(31, 32, 63), bit: fc.nat(7) })
)

test('mutated signatures, keys and messages: both say the same, and no', () => {
  fc.assert(
    fc.property(
      seed,
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('signature', 'key', 'message'),
      (secret, text, mutations, part) => {
        const author = signerFromSeed(secret)
        const sound = { key: author.publicKey, message: text, signature: author.sign(text) }
        is(verdictOf(sound), true)
        const changed = new Uint8Array(sound[part])
        for (const { at, bit } of mutations) {
          const index = at % changed.length
          changed[index] = (changed[index] ?? 0) ^ (1 << bit)
        }
        if (Buffer.compare(changed, sound[part]) === 0) return
        is(verdictOf({ ...sound, [part]: changed }) ?? false, false)
      }
    ),
    { numRuns: 300, seed: 20 }
  )
})

test('edge keys with edge signatures: both say the same wherever they are asked', () => {
  const points = [
    2n,
    3n,
    4n,
    P - 2n,
    P - 3n,
    numberOf(encode(mixed.keyPoint)),
    numberOf(signer.publicKey)
  ]
  const scalars = [0n, 1n, 8n, L - 1n, s]
  let asked = 0
  for (const key of points) {
    for (const nonce of points) {
      for (const scalar of scalars) {
        const input = {
          key: bytesOf(key),
          message,
          signature: Buffer.concat([bytesOf(nonce), bytesOf(scalar)])
        }
        if (verdictOf(input) !== undefined) asked++
      }
    }
  }
  is(asked, points.length ** 2 * scalars.length)
})
