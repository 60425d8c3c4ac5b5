/** Keys of `[network]`: where other nodes are received, and what of own decisions is told to them. */
import * as z from 'zod'
import { prefix } from './prefix-schema.ts'

/** Order and words of the wire (design defense.md e.3). */
const SHARED_CATEGORIES = [
  'http-flood',
  'connection-flood',
  'upload-flood',
  'certificate-poisoning',
  'content-abuse',
  'harvesting',
  'recon-abuse',
  'endpoint-abuse',
  'tor-abuse',
  'brute-force',
  'scanner',
  'other'
] as const

const multiaddrText = z
  .string()
  .max(512)
  .regex(/^\/(?:[a-z0-9]+\/\S+|p2p-circuit)$/, { error: 'expected a multiaddr such as /ip4/0.0.0.0/tcp/11390' })

export const network = z.strictObject({
  isEnabled: z
    .boolean()
    .default(true)
    .describe(
      'Whether this node may be in networks; nothing listens or dials until one is created or joined.'
    ),
  listen: z
    .array(multiaddrText)
    .max(16)
    .default(['/ip4/0.0.0.0/tcp/11390'])
    .describe(
      'Multiaddrs on which other nodes are received, once this node is in a network; port 0 takes a free one, and /p2p-circuit a place at a relay (with `hasNatTraversal`).'
    ),
  announce: z
    .array(multiaddrText)
    .max(16)
    .default([])
    .describe('Multiaddrs that others are told to dial instead; empty tells those listened on.'),
  localRanges: z
    .array(prefix)
    .max(64)
    .default(['127.0.0.0/8', '::1/128'])
    .describe(
      'Addresses of nodes of your own: limits for each neighbourhood do not count for them.'
    ),
  hasNatTraversal: z
    .boolean()
    .default(false)
    .describe(
      'For nodes behind NAT, and for those that relay for them: circuit relay, hole punching, and asking others which addresses they can reach.'
    ),
  shareDecisions: z
    .boolean()
    .default(true)
    .describe('Whether decisions of this node are told to the networks that it is in.'),
  shareCategories: z
    .array(z.enum(SHARED_CATEGORIES))
    .max(SHARED_CATEGORIES.length)
    .default([...SHARED_CATEGORIES])
    .describe('Categories that are told.'),
  shareTypeMin: z
    .enum(['throttle', 'ban'])
    .default('ban')
    .describe('The least that is told: bans alone, or throttles as well.'),
  sharePrecision: z
    .enum(['address', 'network'])
    .default('address')
    .describe('What is named: the address, or the /24 (IPv4) or /64 (IPv6) around it.'),
  shareShadow: z
    .boolean()
    .default(false)
    .describe('Whether decisions that are only shown here (shadow mode) are told to others.')
})
