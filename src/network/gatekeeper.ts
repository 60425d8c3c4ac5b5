/** Who is let into a network and who is put out: what founders do, and what a newcomer does with the line that they gave him. */

import type { Clock } from '../base/index.ts'
import { hexOf } from '../base/index.ts'
import {
  ADDRESSES_MAX,
  checkInvitation,
  checkLetter,
  type EventBody,
  isLetter,
  KEY_BYTES,
  LIFETIME_MS_MAX,
  type Network,
  networkIdText,
  parseInvitation,
  parseLetter,
  type Verify
} from '../wire/index.ts'
import { NetworkError } from './errors.ts'
import { findDialFault } from './host/dial-fault.ts'
import { findMultiaddr, type Host } from './host/host.ts'
import { findPeerOfAuthor, type Identity } from './host/identity.ts'
import {
  acceptInvitation,
  acceptLetter,
  foundNetwork,
  isFounder,
  keyOf,
  readAddresses,
  writeInvitationTo,
  writeLetterTo
} from './invitations.ts'
import type * as api from './network-api.ts'
import type { Member } from './network-state.ts'
import type { AuthorStore, JoinedNetwork as JoinedRecord } from './ports.ts'

/** Who has just been invited finds the network also where the founder is off. */
const OTHERS_NAMED_MAX = 3

export interface GatekeeperPorts {
  readonly clock: Clock
  readonly identity: Identity
  readonly host: Pick<Host, 'addresses'>
  readonly authors: AuthorStore
  readonly verify: Verify
  readonly randomBytes: (length: number) => Uint8Array
  publish(id: string, body: EventBody, options: { readonly ttlMs: number }): Promise<unknown>
}

export class Gatekeeper {
  readonly #ports: GatekeeperPorts

  constructor(ports: GatekeeperPorts) {
    this.#ports = ports
  }

  /** @throws {NAME_INVALID | ADDRESSES_INVALID} */
  found(fields: api.CreateNetworkFields): Network {
    const { identity, clock, randomBytes } = this.#ports
    // Before there is a network to which nobody can be invited.
    if (fields.addresses !== undefined) readAddresses(fields.addresses)
    return foundNetwork(fields, identity, { nowMs: clock.nowMs(), nonce: randomBytes(16) })
  }

  /** @throws {NOT_A_FOUNDER | POLICY_FORBIDS | ADDRESSES_INVALID} */
  invite(member: Member, fields: api.InviteFields): string {
    const { identity, randomBytes } = this.#ports
    const addresses = this.#addressesFor(member, fields.addresses)
    const seed = randomBytes(KEY_BYTES)
    return writeInvitationTo(member.joined.network, identity, { ...fields, addresses, seed })
  }

  /** @throws {NOT_A_FOUNDER | KEY_INVALID | REVOKED | ADDRESSES_INVALID} */
  admit(member: Member, { author: text, addresses }: api.AdmitFields): string {
    const { identity, authors } = this.#ports
    const { network } = member.joined
    const author = keyOf(text)
    if (authors.findRevocation(network.id, 'author', author) !== undefined) {
      throw new NetworkError('KEY_REVOKED', 'expected a key that was not revoked: take a new one')
    }
    const told = this.#addressesFor(member, addresses)
    return writeLetterTo(network, identity, { author, addresses: told })
  }

  /** What the line lets this node into. @throws {InvitationError | POLICY_FORBIDS} */
  async open(
    text: string
  ): Promise<{ readonly network: Network } & Pick<JoinedRecord, 'admission' | 'bootstrap'>> {
    const { identity, clock, verify } = this.#ports
    if (isLetter(text)) {
      const letter = parseLetter(text)
      await checkLetter(letter, identity.signer.publicKey, verify)
      return { network: letter.network, ...acceptLetter(letter) }
    }
    const invitation = parseInvitation(text)
    const nowMs = clock.nowMs()
    await checkInvitation(invitation, { nowMs }, verify)
    return { network: invitation.network, ...acceptInvitation(invitation, identity, nowMs) }
  }

  /** @throws {NOT_A_FOUNDER | KEY_INVALID | KEY_UNKNOWN | EVENT_REFUSED | InvitationError} */
  async revoke({ joined }: Member, fields: api.RevokeFields): Promise<api.Revoked> {
    const { authors, identity } = this.#ports
    const { network } = joined
    const { key, subject } = this.#subjectOf(network, fields)
    const isOwn = subject === 'author' && isSame(key, identity.signer.publicKey)
    if (!isOwn && !isFounder(network, identity)) {
      throw new NetworkError(
        'NOT_A_FOUNDER',
        'expected a founder: others revoke their own key alone'
      )
    }
    const affected =
      subject === 'author' ? [key] : authors.admittedBy(network.id, key).map((known) => known.key)
    const body = { kind: 'revoke', subject, key, reason: fields.reason ?? '' } as const
    const ttlMs = LIFETIME_MS_MAX.revoke
    await this.#ports.publish(networkIdText(network.id), body, { ttlMs })
    return { subject, key: hexOf(key), authors: affected.map(hexOf) }
  }

  authors({ joined, lists }: Member): readonly api.NetworkAuthor[] {
    const { authors, identity } = this.#ports
    const { network } = joined
    return authors.list(network.id).map(({ key, invitation, admittedAtMs }) => {
      const isRevoked = (subject: 'author' | 'invitation', of: Uint8Array) =>
        authors.findRevocation(network.id, subject, of) !== undefined
      return {
        key: hexOf(key),
        name: lists.announces.nameOf(hexOf(key)),
        isOwn: isSame(key, identity.signer.publicKey),
        isFounder: network.founders.some((founder) => isSame(founder, key)),
        invitation: invitation && hexOf(invitation),
        admittedAtMs,
        hasLeft: lists.announces.hasLeft(hexOf(key)),
        isRevoked:
          isRevoked('author', key) ||
          (invitation !== undefined && isRevoked('invitation', invitation))
      }
    })
  }

  #subjectOf(
    network: Network,
    { key: text, subject }: api.RevokeFields
  ): { readonly key: Uint8Array; readonly subject: 'author' | 'invitation' } {
    if (text.startsWith('netminder')) {
      const invitation = parseInvitation(text)
      if (isSame(invitation.network.id, network.id)) {
        return { key: invitation.invitationKey, subject: 'invitation' }
      }
      throw new NetworkError('KEY_UNKNOWN', 'expected an invitation to this network, got another')
    }
    const { authors } = this.#ports
    const key = keyOf(text)
    if (subject !== undefined) return { key, subject }
    if (authors.find(network.id, key) !== undefined) return { key, subject: 'author' }
    if (authors.admittedBy(network.id, key).length > 0) return { key, subject: 'invitation' }
    throw new NetworkError(
      'KEY_UNKNOWN',
      'expected the key of an author or of an invitation by which somebody came: say which of the two it is to revoke it all the same'
    )
  }

  /** Own ones first, then those of members who are connected: through any of them the newcomer finds the rest. */
  #addressesFor(member: Member, given: readonly string[] | undefined): readonly Uint8Array[] {
    const { host, clock } = this.#ports
    const own =
      given === undefined ? host.addresses.map(({ bytes }) => bytes) : readAddresses(given)
    const others = this.#connectedAuthors(member)
      .map((key) => member.lists.announces.addressesOf(key, clock.nowMs()).filter(canBeDialed))
      .filter((addresses) => addresses.length > 0)
      .slice(0, OTHERS_NAMED_MAX)
    // Of each in turn, so that one with many addresses does not take the places of the others.
    const turns = Math.max(0, ...others.map(({ length }) => length))
    const mixed = Array.from({ length: turns }, (_, at) => others.flatMap((one) => one[at] ?? []))
    const byBytes = new Map([...own, ...mixed.flat()].map((bytes) => [hexOf(bytes), bytes]))
    return [...byBytes.values()].slice(0, ADDRESSES_MAX)
  }

  #connectedAuthors({ joined }: Member): readonly string[] {
    return this.#ports.authors
      .list(joined.network.id)
      .filter(({ key }) => joined.peers.has(findPeerOfAuthor(key)?.toString() ?? ''))
      .map(({ key }) => hexOf(key))
  }
}

/** They are the member's word. */
function canBeDialed(bytes: Uint8Array): boolean {
  const address = findMultiaddr(bytes)
  return address !== undefined && findDialFault(address.toString()) === undefined
}

/** What an invitation says, for the person who made it. It has been checked. */
export function readInvitation(
  text: string,
  isPublic: (address: string) => boolean
): api.InvitationFacts {
  const { invitationKey, addresses: coded } = parseInvitation(text)
  const addresses = coded.flatMap((bytes) => findMultiaddr(bytes)?.toString() ?? [])
  return { key: hexOf(invitationKey), addresses, hasPublicAddress: addresses.some(isPublic) }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
