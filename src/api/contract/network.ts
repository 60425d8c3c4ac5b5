/** Networks, what is said in them, and what this node says. */
import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import { NETWORK_LISTS } from './network-lists.ts'
import {
  addressesInput,
  authorKey,
  invitationFacts,
  joinedNetwork,
  networkAlert,
  networkAuthor,
  networkId,
  networkPeer,
  networkStatus,
  networkSummary,
  oneNetwork,
  publishedList,
  READING_ERRORS,
  refusals,
  revokedKey,
  threat
} from './network-schemas.ts'
import {
  category,
  noteInput,
  pageOf,
  pageQuery,
  prefixInput,
  severity,
  timeInput
} from './schemas.ts'

const SAMPLE_NETWORK = '0102030405060708090a0b0c0d0e0f10'
const SAMPLE_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const REASON_LENGTH_MAX = 64
const WEEK_S = 604_800
const INVITATION_LENGTH_MAX = 20_000
/** The key under which the node speaks is read when it enters its first network. */
const KEY_ERRORS = ['KEY_FILE_INVALID', 'SECRET_FILE_EXPOSED', 'SECRET_FILE_UNUSABLE'] as const

const membership = {
  listNetworks: {
    method: 'GET',
    path: '/api/defense/networks',
    tag: 'network',
    summary: 'List the networks that the node is in.',
    scope: 'read',
    status: 200,
    response: z.strictObject({ items: z.array(networkSummary) }),
    errors: ['NETWORK_OFF'],
    example: {}
  },
  createNetwork: {
    method: 'POST',
    path: '/api/defense/networks',
    tag: 'network',
    summary: 'Found a network and get the first invitation to it.',
    scope: 'admin',
    body: z.strictObject({
      name: z.string().min(1).max(64),
      policy: z
        .enum(['invitation', 'founder'])
        .default('invitation')
        .describe('Who lets others in: whoever holds an invitation, or founders alone.'),
      until: timeInput.optional().describe('End of the invitation; absent: in 7 days.'),
      addresses: addressesInput.optional()
    }),
    status: 201,
    response: z.strictObject({ network: networkSummary, ...invitationFacts }),
    errors: [
      'NETWORK_OFF',
      'NETWORK_LIMIT_REACHED',
      'NAME_INVALID',
      'ADDRESSES_INVALID',
      'END_IN_PAST',
      'SPAN_INVALID',
      ...KEY_ERRORS,
      'LISTEN_FAILED',
      'NOT_RUNNING'
    ],
    example: { body: { name: 'keyservers of the north' } }
  },
  inviteToNetwork: {
    method: 'POST',
    path: '/api/defense/networks/{id}/invitations',
    tag: 'network',
    summary: 'Make an invitation: one line of text that lets others in.',
    scope: 'admin',
    params: z.strictObject({ id: networkId }),
    body: z.strictObject({
      until: timeInput.optional().describe('End of the invitation; absent: in 7 days.'),
      addresses: addressesInput.optional()
    }),
    status: 201,
    response: z.strictObject({ ...invitationFacts, until: z.iso.datetime() }),
    errors: [
      'NETWORK_OFF',
      'NETWORK_NOT_JOINED',
      'NOT_A_FOUNDER',
      'POLICY_FORBIDS',
      'ADDRESSES_INVALID',
      'END_IN_PAST',
      'SPAN_INVALID',
      'NOT_RUNNING'
    ],
    example: { params: { id: SAMPLE_NETWORK }, body: { until: '2099-01-01T00:00:00Z' } }
  },
  joinNetwork: {
    method: 'POST',
    path: '/api/defense/network/join',
    tag: 'network',
    summary: 'Join the network of an invitation or of a letter of admission.',
    description:
      'Where the node is in it already, the addresses of the line are added to those that it knows and dialed at once, and its admission takes the place of one that no longer holds.',
    scope: 'admin',
    body: z.strictObject({ invitation: z.string().min(1).max(INVITATION_LENGTH_MAX) }),
    status: 200,
    response: joinedNetwork,
    errors: [
      'NETWORK_OFF',
      'NETWORK_LIMIT_REACHED',
      'POLICY_FORBIDS',
      'INVITATION_DAMAGED',
      'INVITATION_UNSUPPORTED',
      'INVITATION_FORGED',
      'INVITATION_FOREIGN',
      'INVITATION_EXPIRED',
      'ADMISSION_FOREIGN',
      ...KEY_ERRORS,
      'LISTEN_FAILED',
      'NOT_RUNNING'
    ],
    example: { body: { invitation: 'netminder1:bm8gaW52aXRhdGlvbg' } }
  },
  leaveNetwork: {
    method: 'POST',
    path: '/api/defense/network/leave',
    tag: 'network',
    summary: 'Leave a network, say so to the others, and forget everything of it.',
    scope: 'admin',
    body: z.strictObject({ network: networkId }),
    status: 204,
    errors: ['NETWORK_OFF', 'NETWORK_NOT_JOINED', 'NOT_RUNNING'],
    example: { body: { network: SAMPLE_NETWORK } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const people = {
  makeNodeKey: {
    method: 'POST',
    path: '/api/defense/network/key',
    tag: 'network',
    summary: 'Get the key under which the node speaks in networks; it is made if there is none.',
    description: 'A founder lets the node in by it. The node joins nothing, and listens nowhere.',
    scope: 'admin',
    status: 200,
    response: z.strictObject({ author: z.string() }),
    errors: ['NETWORK_OFF', ...KEY_ERRORS],
    example: {}
  },
  admitToNetwork: {
    method: 'POST',
    path: '/api/defense/networks/{id}/admissions',
    tag: 'network',
    summary: 'Let in one node by its key: one line of text that is of use to no other.',
    scope: 'admin',
    params: z.strictObject({ id: networkId }),
    body: z.strictObject({
      author: authorKey,
      note: noteInput.default('').describe('Whose key it is, for the audit; not told.'),
      addresses: addressesInput.optional()
    }),
    status: 201,
    response: z.strictObject({ letter: z.string() }),
    errors: [
      'NETWORK_OFF',
      'NETWORK_NOT_JOINED',
      'NOT_A_FOUNDER',
      'KEY_INVALID',
      'KEY_REVOKED',
      'ADDRESSES_INVALID',
      'NOT_RUNNING'
    ],
    example: { params: { id: SAMPLE_NETWORK }, body: { author: SAMPLE_KEY, note: 'Alice' } }
  },
  revokeInNetwork: {
    method: 'POST',
    path: '/api/defense/networks/{id}/revocations',
    tag: 'network',
    summary: 'Put out a node or all who came by one invitation, for ever.',
    description:
      'Everything that they have said is void, at all nodes. Founders may, and anybody of his own key.',
    scope: 'admin',
    params: z.strictObject({ id: networkId }),
    body: z.strictObject({
      key: z
        .string()
        .min(1)
        .max(INVITATION_LENGTH_MAX)
        .describe('Of the node or of the invitation; or the line of the invitation.'),
      subject: z
        .enum(['author', 'invitation'])
        .optional()
        .describe('Which of the two it is, where the node has heard of neither.'),
      reason: z.string().max(REASON_LENGTH_MAX).default('').describe('Told to the network.')
    }),
    status: 201,
    response: revokedKey,
    errors: [
      'NETWORK_OFF',
      'NETWORK_NOT_JOINED',
      'NOT_A_FOUNDER',
      'KEY_INVALID',
      'KEY_UNKNOWN',
      'INVITATION_DAMAGED',
      'INVITATION_UNSUPPORTED',
      'EVENT_REFUSED',
      'NOT_RUNNING'
    ],
    example: { params: { id: SAMPLE_NETWORK }, body: { key: SAMPLE_KEY, reason: 'stolen' } }
  },
  listAuthors: {
    method: 'GET',
    path: '/api/defense/networks/{id}/authors',
    tag: 'network',
    summary: 'List whose word is taken in a network, and how they came.',
    scope: 'read',
    params: z.strictObject({ id: networkId }),
    status: 200,
    response: z.strictObject({ items: z.array(networkAuthor) }),
    errors: ['NETWORK_OFF', 'NETWORK_NOT_JOINED', 'NOT_RUNNING'],
    example: { params: { id: SAMPLE_NETWORK } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const hearing = {
  showNetworkStatus: {
    method: 'GET',
    path: '/api/defense/network/status',
    tag: 'network',
    summary: 'Show how the node stands in its networks.',
    scope: 'read',
    status: 200,
    response: networkStatus,
    errors: ['NETWORK_OFF'],
    example: {}
  },
  listPeers: {
    method: 'GET',
    path: '/api/defense/network/peers',
    tag: 'network',
    summary: 'List the nodes that are connected.',
    scope: 'read',
    query: z.strictObject({ network: oneNetwork }),
    status: 200,
    response: z.strictObject({ items: z.array(networkPeer) }),
    errors: ['NETWORK_OFF', 'NETWORK_NOT_JOINED'],
    example: {}
  },
  listAlerts: {
    method: 'GET',
    path: '/api/defense/network/alerts',
    tag: 'network',
    summary: 'List warnings that stand, newest first, own ones included.',
    scope: 'read',
    query: z.strictObject({
      network: oneNetwork,
      prefix: prefixInput.optional().describe('Only those about it, or about what holds it.'),
      since: timeInput.optional().describe('Only those received later.'),
      severity: severity.optional().describe('At least so severe.'),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(networkAlert),
    errors: READING_ERRORS,
    example: { query: { severity: 'high', limit: 10 } }
  },
  listThreats: {
    method: 'GET',
    path: '/api/defense/network/threats',
    tag: 'network',
    summary: 'List who accuses or lists which prefix, most first; none of it has an effect here.',
    scope: 'read',
    query: z.strictObject({
      network: oneNetwork,
      prefix: prefixInput.optional().describe('Only what lies within it or holds it.'),
      accusers_min: z
        .int()
        .min(1)
        .max(1_000)
        .default(1)
        .describe('At least so many who accuse or list it.'),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(threat),
    errors: READING_ERRORS,
    example: { query: { accusers_min: 1, limit: 10 } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const speaking = {
  sendAlert: {
    method: 'POST',
    path: '/api/defense/network/alert',
    tag: 'network',
    summary: 'Warn the other operators of addresses.',
    description:
      'Each network takes or refuses it for itself: success where at least one took it. Nothing that is protected or private on this node is ever named to others. The reason stays in the audit of this node.',
    scope: 'respond',
    body: z.strictObject({
      network: oneNetwork,
      prefixes: z.array(prefixInput).min(1).max(64),
      category,
      severity: severity.default('high'),
      confidence: z.number().min(0).max(1).default(0.9).describe('Told in tenths.'),
      ttl_s: z.int().min(60).max(86_400).default(3_600).describe('How long it stands, in seconds.'),
      reason: noteInput.default('').describe('Why, for the audit; not told.')
    }),
    status: 201,
    response: z.strictObject({
      items: z.array(z.strictObject({ network: networkId, id: z.string() })),
      refused: refusals
    }),
    errors: [
      'NETWORK_OFF',
      'NETWORK_NOT_JOINED',
      'ADDRESS_INVALID',
      'PREFIX_TOO_WIDE',
      'PROTECTED',
      'EVENT_REFUSED',
      'NOT_RUNNING'
    ],
    example: { body: { prefixes: ['192.0.2.66'], category: 'scanner', severity: 'high' } }
  },
  retractAlert: {
    method: 'POST',
    path: '/api/defense/network/alerts/{id}/retract',
    tag: 'network',
    summary: 'Take an alert of this node back.',
    description:
      'The others no longer show nor count it. Votes stay: of what a decision has told, both are taken back when the decision is lifted. The reason stays in the audit of this node.',
    scope: 'respond',
    params: z.strictObject({
      id: z
        .string()
        .regex(/^[0-9a-f]{8,64}$/, { error: 'expected 8 to 64 hexadecimal digits' })
        .describe('Id of the alert, or the beginning of it.')
    }),
    body: z.strictObject({
      network: oneNetwork,
      reason: noteInput.default('').describe('Why, for the audit; not told.')
    }),
    status: 200,
    response: networkAlert,
    errors: [
      'NETWORK_OFF',
      'NETWORK_NOT_JOINED',
      'ALERT_NOT_FOUND',
      'ALERT_AMBIGUOUS',
      'ALERT_NOT_OWN',
      'EVENT_REFUSED',
      'NOT_RUNNING'
    ],
    example: { params: { id: '0123456789abcdef' }, body: {} }
  },
  publishBlocklist: {
    method: 'PUT',
    path: '/api/defense/network/blocklist',
    tag: 'network',
    summary: "Tell the networks the operator's own blocklist, as what has changed since.",
    description: `Entries that are protected or private here are left out. Nothing is told where nothing has changed; each network takes or refuses it for itself, and it is a success where at least one took it. A published list stands for at most 30 days; notes stay here. See also ${'`POST /api/defense/blocklist`'}.`,
    scope: 'respond',
    body: z.strictObject({ network: oneNetwork }),
    status: 200,
    response: z.strictObject({ items: z.array(publishedList), refused: refusals }),
    errors: ['NETWORK_OFF', 'NETWORK_NOT_JOINED', 'EVENT_REFUSED', 'NOT_RUNNING'],
    example: { body: {} }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

export const INVITATION_TTL_S_DEFAULT = WEEK_S
export const NETWORK_ENDPOINTS = {
  ...{ ...membership, ...people },
  ...{ ...hearing, ...NETWORK_LISTS, ...speaking }
} as const
