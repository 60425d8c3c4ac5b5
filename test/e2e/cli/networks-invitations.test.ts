/** Invitations that are not what they should be, by the command line and by the API: one clear sentence each, and nothing is kept. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import * as assert from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { dataPaths } from '../../../src/config/index.ts'
import {
  type Invitation,
  makeInvitation,
  makeNetwork,
  signerFromSeed,
  writeInvitation
} from '../../../src/wire/index.ts'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Invitations by the command line and the API', { timeoutMs: 120_000 })
const rig = new CliRig()
const HOUR_MS = 3_600_000
const nowMs = new SystemClock().nowMs()

test.before(async () => {
  const made = await rig.run(['init', '--api-port', '0', '--listen', '/ip4/127.0.0.1/tcp/0'])
  assert.is(made.code, 0, made.talk)
  await rig.start()
})
test.after(() => rig.dispose())

const seed = () => new Uint8Array(randomBytes(32))
const founder = signerFromSeed(seed())
const stranger = signerFromSeed(seed())

function networkBy(signer: typeof founder, name: string) {
  const fields = { name, founders: [signer.publicKey], policy: 'invitation' as const }
  return makeNetwork({ ...fields, createdAtMs: nowMs, nonce: seed().subarray(0, 16) }, signer)
}

function invite(fields: { signer?: typeof founder; notAfterMs?: number } = {}): Invitation {
  const { signer = founder, notAfterMs = nowMs + HOUR_MS } = fields
  return makeInvitation({ network: north, addresses: [], seed: seed(), notAfterMs }, signer)
}

const north = networkBy(founder, 'north')
const south = networkBy(founder, 'south')
const good = writeInvitation(invite())
const toSouth = makeInvitation(
  { network: south, addresses: [], seed: seed(), notAfterMs: nowMs + HOUR_MS },
  founder
)

function changed(place: number, to: (character: string) => string): string {
  const at = place < 0 ? good.length + place : place
  return good.slice(0, at) + to(good[at] ?? '') + good.slice(at + 1)
}

const other = (character: string) => (character === 'A' ? 'B' : 'A')
const flipped = (character: string) =>
  character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()
const letterAt = good.search(/[a-z](?=[^:]*$)/)

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['not an invitation at all', 'hello', 'INVITATION_DAMAGED'],
  ['the start alone', 'netminder1:', 'INVITATION_DAMAGED'],
  ['one character of the start changed', changed(3, other), 'INVITATION_DAMAGED'],
  ['one character changed', changed(200, other), 'INVITATION_DAMAGED'],
  ['upper case instead of lower', changed(letterAt, flipped), 'INVITATION_DAMAGED'],
  ['a character that no invitation has', changed(60, () => '*'), 'INVITATION_DAMAGED'],
  ['plain base64', changed(61, () => '+'), 'INVITATION_DAMAGED'],
  ['a character beyond ASCII', changed(62, () => 'é'), 'INVITATION_DAMAGED'],
  ['the last character changed', changed(-1, other), 'INVITATION_DAMAGED'],
  ['the last character lost', good.slice(0, -1), 'INVITATION_DAMAGED'],
  ['a character twice', changed(100, (character) => character.repeat(2)), 'INVITATION_DAMAGED'],
  ['two that are run together', `${good}${good}`, 'INVITATION_DAMAGED'],
  ['of a later version', good.replace('netminder1:', 'netminder2:'), 'INVITATION_UNSUPPORTED'],
  ['expired', writeInvitation(invite({ notAfterMs: nowMs - 1 })), 'INVITATION_EXPIRED'],
  ['signed by another founder', writeInvitation(invite({ signer: stranger })), 'INVITATION_FORGED'],
  [
    'signed for another network',
    writeInvitation({ ...invite(), founderSignature: toSouth.founderSignature }),
    'INVITATION_FORGED'
  ],
  [
    'made to last longer than its founder signed',
    writeInvitation({ ...invite(), notAfterMs: nowMs + 2 * HOUR_MS }),
    'INVITATION_FORGED'
  ]
]

function post(invitation: string) {
  return request('network/join', { method: 'POST', body: JSON.stringify({ invitation }) })
}

async function request(path: string, init: RequestInit = {}) {
  const { apiAddress, adminToken } = dataPaths(rig.dataDir)
  const { url } = JSON.parse(readFileSync(apiAddress, 'utf8')) as { url: string }
  const response = await fetch(new URL(`/api/defense/${path}`, url), {
    ...init,
    headers: {
      authorization: `Bearer ${readFileSync(adminToken, 'utf8').trim()}`,
      'content-type': 'application/json'
    }
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

function rowsOf(table: string): number {
  const db = new Database(dataPaths(rig.dataDir).database, { readonly: true })
  try {
    return (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n
  } finally {
    db.close()
  }
}

for (const [name, invitation, code] of REFUSED) {
  test(`by the API, ${name}: ${code}`, async () => {
    const { status, body } = await post(invitation)
    assert.is(status, 422)
    assert.is(body['code'], code)
    assert.match(String(body['detail']), /^expected /)
  })
}

/** One of each code: a process takes half a second. */
for (const wanted of new Set(REFUSED.map(([, , code]) => code))) {
  const [name, invitation] = REFUSED.findLast(([, , code]) => code === wanted) ?? ['', '']
  test(`by the command line, ${name}: ${wanted}, exit 1`, async () => {
    const { code, out, talk } = await rig.run(['network', 'join', invitation])
    assert.is(code, 1, talk)
    assert.is(out, '')
    assert.is(talk.trimEnd().split('\n').length, 1, talk)
    assert.match(talk, /expected /)
    assert.match(talk, new RegExp(wanted))
  })
}

test('of all that nothing is kept, and nobody is listened to; the good one is taken, also in pieces', async () => {
  assert.equal(await rig.json('network', 'list'), [])
  for (const table of ['network', 'author', 'event']) assert.is(rowsOf(table), 0, table)
  const { body: status } = await request('network/status')
  assert.equal([status['peer_id'], status['addresses']], ['', []])
  const inPieces = `${good.match(/.{1,70}/g)?.join('\n> ')}`.replaceAll('> ', ' ')
  const joined = await rig.run(['network', 'join', '-'], { input: `${inPieces}\n` })
  assert.is(joined.code, 0, joined.talk)
  assert.is((await rig.json<unknown[]>('network', 'list')).length, 1)
  assert.ok(existsSync(dataPaths(rig.dataDir).networkKey))
})
