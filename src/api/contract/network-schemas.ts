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

export const networkState = z
  .strictObject({
    ...summary,
    mesh: z.record(text, count).describe('Peers in the gossip mesh, by topic.'),
    mesh_wanted: z
      .record(text, count)
      .describe('Peers that the mesh takes until what is said arrives, by topic.'),
    authors: count.describe('Who may speak, this node included.'),
    is_admitted: z.boolean().describe('Whether others take what this node says.'),
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
    peer_id: text,
    author: text.describe('Public key under which this node speaks, hexadecimal.'),
    addresses: z.array(text).describe('What others dial.'),
    connected_peers: count,
    networks: z.array(networkState),
    queues: z.record(text, count).describe('Events that wait for their signatures to be checked.'),
    clock_skew_ms: z
      .number()
      .nullable()
      .describe("Positive: this node's clock is ahead of the others'; null: not known."),
    clock_peers: count.describe('How many connected nodes tell their time.'),
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
    categories: z.array(category),
    severity: alertSeverity,
    first_at: time,
    last_at: time,
    until: time,
    own_verdict: z.enum(['block', 'benign']).nullable()
  })
  .meta({ id: 'Threat' })

export const publishedList = z
  .strictObject({
    network: networkId,
    version: count,
    entries: count,
    added: count,
    removed: count
  })
  .meta({ id: 'PublishedList' })
