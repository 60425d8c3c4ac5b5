/** The shapes of the networks on the API. What others said is passed on as said: nobody has believed it yet. */
import * as z from 'zod'
import { category } from './schemas.ts'

const time = z.iso.datetime().describe('RFC 3339, UTC.')
const count = z.int().min(0)
const text = z.string()

export const networkId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, { error: 'expected 32 hexadecimal digits' })
  .describe('Id of the network.')

export const addressesInput = z
  .array(z.string().min(2).max(512))
  .min(1)
  .max(16)
  .describe("Multiaddrs that the invitation tells others to dial; absent: the node's own.")

const summary = {
  id: networkId,
  name: text,
  policy: z.enum(['invitation', 'founder']),
  is_founder: z.boolean(),
  joined_at: time,
  peers: count.describe('Nodes of this network that are connected now.'),
  is_alone: z.boolean()
}

export const networkSummary = z.strictObject(summary).meta({ id: 'NetworkSummary' })

export const joinedNetwork = z
  .strictObject({
    ...summary,
    was_member: z.boolean().describe('Whether the node was in the network before.'),
    new_addresses: count.describe('Addresses that the node did not know from an earlier line.')
  })
  .meta({ id: 'JoinedNetwork' })

export const networkState = z
  .strictObject({
    ...summary,
    mesh: z.record(text, count).describe('Peers in the gossip mesh, by topic.'),
    mesh_wanted: z
      .record(text, count)
      .describe('Peers that the mesh takes until what is said arrives, by topic.'),
    authors: count.describe('Who may speak, this node included.'),
    is_admitted: z.boolean().describe('Whether others take what this node says.'),
    announce_problem: text
      .nullable()
      .describe('Why the node could not announce itself at the last try; null: it could.'),
    live_events: z.record(text, count),
    digest: text.describe('Two nodes that hold the same show the same.'),
    bootstrap: z.array(text).describe('Addresses of the invitation.'),
    is_eclipse_suspected: z
      .boolean()
      .describe(
        'Peers of different sites hold what this node cannot get of them, or lack what it tells them.'
      ),
    last_sync: z
      .strictObject({
        at: time,
        outcome: z.enum(['same', 'caught-up', 'busy', 'failed']),
        fetched: count,
        duration_ms: z.number().min(0)
      })
      .nullable()
  })
  .meta({ id: 'NetworkState' })

export const networkStatus = z
  .strictObject({
    is_running: z.boolean(),
    problem: text
      .nullable()
      .describe(
        'Why the networks do not run though the node is in some; tried again every minute.'
      ),
    peer_id: text,
    author: text.describe('Public key under which this node speaks, hexadecimal.'),
    addresses: z.array(text).describe('What others dial.'),
    connected_peers: count,
    networks: z.array(networkState),
    sharing: z.strictObject({
      unsaid_decisions: count.describe(
        'Own decisions that stand, and that not every network has been told of yet.'
      ),
      waits_because: text.nullable().describe('Why they wait; null: they do not.'),
      is_taking_back: z
        .boolean()
        .describe('Whether something that was wrong has not been taken back everywhere yet.'),
      taken_back_within_ms: count.describe('How soon what is lifted now is told to the others.')
    }),
    queues: z.record(text, count).describe('Events that wait for their signatures to be checked.'),
    banned_peers: z
      .strictObject({
        protocol: count.describe('They broke a protocol.'),
        flood: count.describe('They spoke faster than is heard.'),
        gossip: count.describe('Gossip came by them that no honest node passes on.')
      })
      .describe('Peers that are not spoken to for ten minutes, by the reason.'),
    clock_skew_ms: z
      .number()
      .nullable()
      .describe("Positive: this node's clock is ahead of the others'; null: not known."),
    clock_peers: count.describe(
      'Of how many nodes: those connected that tell their time; with none, those that told it last.'
    ),
    key_used_elsewhere_at: time
      .nullable()
      .describe("When another node was last seen to speak under this node's key; null: never.")
  })
  .meta({ id: 'NetworkStatus' })

export const networkPeer = z
  .strictObject({
    peer_id: text,
    networks: z.array(networkId),
    addresses: z.array(text),
    direction: z.enum(['inbound', 'outbound']),
    connected_since: time,
    score: z.number(),
    latency_ms: z.number().nullable(),
    name: text.nullable().describe('What it calls itself.')
  })
  .meta({ id: 'NetworkPeer' })

export const alertSeverity = z.enum(['none', 'low', 'medium', 'high', 'critical'])

export const networkAlert = z
  .strictObject({
    id: text,
    network: networkId,
    author: text,
    author_name: text.nullable().describe('What the author calls himself.'),
    is_own: z.boolean(),
    at: time,
    until: time,
    received_at: time,
    via: z.enum(['gossip', 'sync', 'own']),
    category: category.nullable(),
    severity: alertSeverity,
    confidence: z.number().min(0).max(1).describe('In tenths.'),
    prefixes: z.array(text),
    requests_bucket: count.describe('Decimal digits of the count: 3 is 100 to 999; 0: not told.')
  })
  .meta({
    id: 'NetworkAlert',
    description: 'A warning of an operator; shown, and without effect on decisions.'
  })

export const threat = z
  .strictObject({
    prefix: text,
    accusers: z.array(text).describe('Authors who call for a block, this node not included.'),
    defenders: z.array(text).describe('Authors who call it harmless.'),
    listed_by: z
      .array(text)
      .describe('Authors who have it in a list that they publish, this node not included.'),
    categories: z.array(category),
    severity: alertSeverity,
    first_at: time,
    last_at: time,
    until: time,
    own_verdict: z.enum(['block', 'benign']).nullable()
  })
  .meta({ id: 'Threat' })

export const authorKey = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits' })
  .describe('Public key under which a node speaks, hexadecimal.')

export const invitationFacts = {
  invitation: text.describe('Empty where founders alone let others in.'),
  key: text.describe('Of the invitation: what it is revoked by. Empty without one.'),
  addresses: z.array(text).describe('What the invitation tells others to dial.'),
  has_public_address: z.boolean().describe('Whether others can dial one of them from outside.')
}

export const networkAuthor = z
  .strictObject({
    key: text,
    name: text.nullable().describe('What it calls itself.'),
    is_own: z.boolean(),
    is_founder: z.boolean(),
    invitation: text.nullable().describe('Key of the invitation by which it came.'),
    admitted_at: time.describe('For the first time; RFC 3339, UTC.'),
    has_left: z.boolean().describe('Whether it said last that it leaves.'),
    is_revoked: z.boolean()
  })
  .meta({ id: 'NetworkAuthor' })

export const revokedKey = z
  .strictObject({
    subject: z.enum(['author', 'invitation']),
    key: text,
    authors: z.array(text).describe('Who may not speak any more.')
  })
  .meta({ id: 'RevokedKey' })

export const listedPrefix = z
  .strictObject({
    network: networkId,
    author: text,
    author_name: text.nullable().describe('What the author calls himself.'),
    is_own: z.boolean(),
    list: text,
    version: count.describe('Of the list, as far as it was heard.'),
    prefix: text,
    since: time,
    until: time
  })
  .meta({
    id: 'ListedPrefix',
    description: "An entry of a list that an author publishes: the author's word, without effect."
  })

export const publishedList = z
  .strictObject({
    network: networkId,
    version: count,
    entries: count,
    added: count.describe('Told just now.'),
    removed: count.describe('Told just now.'),
    waiting: count.describe(
      'Changes that others have no ear for now: a third of each hour is left to warnings. They are told in the hours to come.'
    )
  })
  .meta({ id: 'PublishedList' })

/** One of several networks was not told; the others were. */
export const refusals = z
  .array(
    z.strictObject({
      network: networkId,
      name: text,
      code: text.describe('As of an error.'),
      detail: text
    })
  )
  .describe('Networks that did not take it. Where none took it, the answer is an error.')

/** What may go wrong when somebody reads what was said in networks. */
export const READING_ERRORS = [
  'NETWORK_OFF',
  'NETWORK_NOT_JOINED',
  'ADDRESS_INVALID',
  'CURSOR_INVALID',
  'NOT_RUNNING'
] as const

export const oneNetwork = networkId.optional().describe('Absent: all that the node is in.')
