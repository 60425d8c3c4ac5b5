/** What nodes say in the lists that they publish. */
import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import { listedPrefix, oneNetwork, READING_ERRORS } from './network-schemas.ts'
import { pageOf, pageQuery, prefixInput } from './schemas.ts'

export const NETWORK_LISTS = {
  listPublishedLists: {
    method: 'GET',
    path: '/api/defense/network/lists',
    tag: 'network',
    summary: 'List what nodes have in the lists that they publish; none of it has an effect here.',
    description: 'A list stands while its author is in the network, for at most 30 days.',
    scope: 'read',
    query: z.strictObject({
      network: oneNetwork,
      prefix: prefixInput.optional().describe('Only what lies within it or holds it.'),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(listedPrefix),
    errors: READING_ERRORS,
    example: { query: { limit: 10 } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>
