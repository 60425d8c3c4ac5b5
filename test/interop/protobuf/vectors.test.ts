/** Every valid message of the vectors, read and written again by protoc: another implementation sees the same fields and bytes. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok } from 'uvu/assert'
import { EVENT_KINDS, type EventKind, findKind, parseInvitation } from '../../../src/wire/index.ts'
import { suite } from '../../support/suite.ts'

const protocols = join(import.meta.dirname, '..', '..', '..', 'protocols')
const isMissing = spawnSync('protoc', ['--version']).status !== 0
const test = suite('protoc reads and writes what the vectors say', {
  timeoutMs: 60_000,
  skip: isMissing ? 'protoc is not installed' : undefined
})

const BODIES: Readonly<Record<EventKind, string>> = {
  alert: 'AlertBody',
  vote: 'VoteBody',
  'list-delta': 'ListDeltaBody',
  retract: 'RetractBody',
  'node-announce': 'NodeAnnounceBody',
  revoke: 'RevokeBody',
  'equivocation-proof': 'EquivocationProofBody'
}

/** Of a later version: decoders skip it, and protoc has no name for it. */
const LATER = /^an unknown field$/

interface Vector {
  readonly name: string
  readonly bytes: string
  readonly decoded?: Readonly<Record<string, unknown>>
}

function validOf(file: string): readonly Vector[] {
  const { vectors } = JSON.parse(readFileSync(join(protocols, file), 'utf8')) as {
    vectors: readonly Vector[]
  }
  const valid = vectors.filter(({ decoded }) => decoded !== undefined)
  ok(valid.length > 0, file)
  return valid
}

function run(direction: 'decode' | 'encode', type: string, input: Uint8Array | string): Buffer {
  const [protocol, message] = type.split('/')
  const { status, stdout, stderr } = spawnSync(
    'protoc',
    [
      `--${direction}=${message}`,
      `--proto_path=${join(protocols, protocol ?? '')}`,
      `${protocol}.proto`
    ],
    { input, maxBuffer: 64 * 1024 * 1024 }
  )
  is(status, 0, `${type}: ${stderr}`)
  return stdout
}

/** protoc's text of the message, which it must turn into the same bytes again, and knows whole. */
function readAgain(type: string, bytes: Uint8Array): string {
  const text = run('decode', type, bytes).toString('utf8')
  equal(run('encode', type, text), Buffer.from(bytes), type)
  // A field that protoc does not know is written by its number.
  ok(!/^\s*\d+(?::| \{)/m.test(text), `${type}: ${text}`)
  return text
}

/** Of a field at the top. */
function fieldOf(text: string, field: string): string {
  return new RegExp(`^${field}: (.*)$`, 'm').exec(text)?.[1] ?? ''
}

/** Of the escapes of protobuf's text format. */
function bytesOf(text: string, field: string): Buffer {
  const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 }
  const bytes: number[] = []
  const quoted = fieldOf(text, field).slice(1, -1)
  for (const [, octal, escaped, plain] of quoted.matchAll(/\\([0-7]{3})|\\(.)|([^\\])/g)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else if (escaped !== undefined) bytes.push(ESCAPES[escaped] ?? escaped.charCodeAt(0))
    else bytes.push((plain ?? '').charCodeAt(0))
  }
  return Buffer.from(bytes)
}

for (const kind of EVENT_KINDS) {
  test(`events of kind ${kind}, down to their bodies`, () => {
    for (const { name, bytes, decoded } of validOf(`event/vectors/${kind}.json`)) {
      const envelope = readAgain('event/SignedEvent', Buffer.from(bytes, 'hex'))
      const event = readAgain('event/Event', bytesOf(envelope, 'payload'))
      const fields = {
        kind: findKind(Number(fieldOf(event, 'kind'))),
        network: bytesOf(event, 'network').toString('hex'),
        author: bytesOf(event, 'author').toString('hex'),
        seq: fieldOf(event, 'seq'),
        tsMs: Number(fieldOf(event, 'ts_ms')),
        expMs: Number(fieldOf(event, 'exp_ms'))
      }
      const said = Object.fromEntries(Object.keys(fields).map((key) => [key, decoded?.[key]]))
      equal({ ...fields }, { ...said, seq: String(said['seq']) }, name)
      readAgain(`event/${BODIES[kind]}`, bytesOf(event, 'body'))
    }
  })
}

for (const [file, type] of [
  ['sync/vectors/frame.json', 'sync/SyncFrame'],
  ['fetch/vectors/request.json', 'fetch/FetchRequest'],
  ['fetch/vectors/response.json', 'fetch/FetchResponse'],
  ['invitation/vectors/network.json', 'invitation/SignedNetworkDocument']
] as const) {
  test(type, () => {
    let known = 0
    for (const { name, bytes } of validOf(file)) {
      if (LATER.test(name)) continue
      readAgain(type, Buffer.from(bytes, 'hex'))
      known++
    }
    ok(known > 0)
  })
}

test('invitations, between their start and their checksum', () => {
  const { vectors } = JSON.parse(
    readFileSync(join(protocols, 'invitation/vectors/invitation.json'), 'utf8')
  ) as { vectors: readonly { text: string; error?: string }[] }
  const open = vectors.filter(({ error }) => error === undefined)
  ok(open.length > 0)
  for (const { text } of open) {
    const line = text.replaceAll(/\s+/g, '').slice('netminder1:'.length)
    const read = readAgain('invitation/Invitation', Buffer.from(line, 'base64url').subarray(0, -4))
    const { network, notAfterMs, seed } = parseInvitation(text)
    equal(bytesOf(read, 'network'), Buffer.from(network.bytes))
    equal(bytesOf(read, 'seed'), Buffer.from(seed))
    is(Number(fieldOf(read, 'not_after_ms')), notAfterMs)
    readAgain('invitation/SignedNetworkDocument', bytesOf(read, 'network'))
  }
})
