/** Decisions, lists, mode and actuators. */
import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import {
  actuatorStatus,
  category,
  decision,
  decisionType,
  explanation,
  listEntry,
  listEntryInput,
  mode,
  modeSettings,
  noteInput,
  pageOf,
  pageQuery,
  prefixInput,
  shadowReport,
  timeInput
} from './schemas.ts'

const decisionId = z.uuid().describe('Id of the decision.')
/** What fits into a body of the default length, if notes are short. */
export const IMPORT_ENTRIES_MAX = 1_000
const reasonInput = noteInput.default('').describe('Why, for the audit.')

const decisions = {
  listDecisions: {
    method: 'GET',
    path: '/api/defense/decisions',
    tag: 'defense',
    summary: 'List decisions, newest first.',
    scope: 'read',
    query: z.strictObject({
      value: prefixInput
        .optional()
        .describe('Only decisions about this address or prefix, or about one that contains it.'),
      type: decisionType.optional(),
      category: category.optional(),
      mode: mode.optional(),
      active: z.boolean().default(false).describe('Only those that have not ended.'),
      since: timeInput.optional().describe('Only those made at this time or later.'),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(decision),
    errors: ['ADDRESS_INVALID', 'CURSOR_INVALID'],
    example: { query: { active: true, limit: 10 } }
  },
  explainAddress: {
    method: 'GET',
    path: '/api/defense/decisions/{ip}/explain',
    tag: 'defense',
    summary: 'Explain everything that is known about an address.',
    scope: 'read',
    params: z.strictObject({ ip: z.string().min(2).max(64).describe('IPv4 or IPv6 address.') }),
    status: 200,
    response: explanation,
    errors: ['ADDRESS_INVALID'],
    example: { params: { ip: '198.51.100.7' } }
  },
  liftDecision: {
    method: 'DELETE',
    path: '/api/defense/decisions/{id}',
    tag: 'defense',
    summary: 'End a decision now.',
    scope: 'respond',
    params: z.strictObject({ id: decisionId }),
    query: z.strictObject({ reason: reasonInput }),
    status: 200,
    response: decision,
    errors: ['DECISION_NOT_FOUND', 'DECISION_NOT_ACTIVE'],
    example: {
      params: { id: '01933b2e-8d0a-7c3e-9b1f-5f6f0a1b2c3d' },
      query: { reason: 'a colleague behind NAT' }
    }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const lists = {
  listAllowlist: {
    method: 'GET',
    path: '/api/defense/allowlist',
    tag: 'defense',
    summary: 'List the prefixes that are never acted on by order of the operator.',
    scope: 'read',
    query: z.strictObject(pageQuery),
    status: 200,
    response: pageOf(listEntry),
    errors: ['CURSOR_INVALID'],
    example: { query: { limit: 10 } }
  },
  addToAllowlist: {
    method: 'POST',
    path: '/api/defense/allowlist',
    tag: 'defense',
    summary: 'Add a prefix to the allowlist and end every decision that it covers.',
    scope: 'respond',
    body: listEntryInput,
    status: 201,
    response: listEntry,
    errors: ['ADDRESS_INVALID', 'PREFIX_TOO_WIDE', 'END_IN_PAST'],
    example: { body: { prefix: '198.51.100.0/28', note: 'our build servers' } }
  },
  removeFromAllowlist: {
    method: 'DELETE',
    path: '/api/defense/allowlist',
    tag: 'defense',
    summary: 'Remove a prefix from the allowlist.',
    scope: 'respond',
    query: z.strictObject({ prefix: prefixInput }),
    status: 204,
    errors: ['ADDRESS_INVALID', 'ENTRY_NOT_FOUND'],
    example: { query: { prefix: '203.0.113.0/29' } }
  },
  listBlocklist: {
    method: 'GET',
    path: '/api/defense/blocklist',
    tag: 'defense',
    summary: "List the operator's own blocks, or in plain text everything that is held now.",
    description:
      'As JSON: the entries that the operator made, by prefix. As text/plain (by Accept, or `format=plain`): every prefix that is banned or throttled now by whatever decision, one a line, for a proxy or a firewall; it has an ETag and answers 304 to a matching If-None-Match.',
    scope: 'read',
    query: z.strictObject({
      format: z.enum(['json', 'plain']).optional().describe('Stronger than Accept.'),
      type: z.enum(['ban', 'throttle']).default('ban').describe('Which decisions, in plain text.'),
      ...pageQuery
    }),
    status: 200,
    response: pageOf(listEntry),
    text: {
      mediaType: 'text/plain',
      description: 'One prefix a line.',
      example: '198.51.100.7/32\n2001:db8:bad::/64\n'
    },
    errors: ['CURSOR_INVALID', 'NOT_ACCEPTABLE'],
    example: { query: { limit: 10 } }
  },
  addToBlocklist: {
    method: 'POST',
    path: '/api/defense/blocklist',
    tag: 'defense',
    summary: 'Block a prefix by order of the operator, in shadow mode too.',
    scope: 'respond',
    body: listEntryInput,
    status: 201,
    response: z.strictObject({ entry: listEntry, decision }),
    errors: ['ADDRESS_INVALID', 'PREFIX_TOO_WIDE', 'PROTECTED', 'END_IN_PAST'],
    example: { body: { prefix: '203.0.113.66', note: 'harvesting since Monday' } }
  },
  importToBlocklist: {
    method: 'POST',
    path: '/api/defense/blocklist/import',
    tag: 'defense',
    summary: 'Block many prefixes by order of the operator: all of them, or none.',
    description: `At most ${IMPORT_ENTRIES_MAX.toLocaleString('en')} entries, and no more than a body may hold; send a longer list in parts. One transaction and one entry of the audit. If any of the entries cannot be taken, nothing is changed and every one of those is named by its pointer, with its code. Of two entries for one prefix the later counts; an entry that stands already as it is given is left as it is.`,
    scope: 'respond',
    body: z.strictObject({
      entries: z.array(listEntryInput).min(1).max(IMPORT_ENTRIES_MAX)
    }),
    status: 200,
    response: z.strictObject({
      imported: z.int().min(0).describe('Prefixes that are new or changed.'),
      unchanged: z.int().min(0).describe('Prefixes that stood already as given.')
    }),
    errors: ['ENTRIES_REFUSED'],
    example: {
      body: {
        entries: [
          { prefix: '203.0.113.66', note: 'harvesting since Monday' },
          { prefix: '198.51.100.0/28', until: '2099-01-01T00:00:00Z' }
        ]
      }
    }
  },
  removeFromBlocklist: {
    method: 'DELETE',
    path: '/api/defense/blocklist',
    tag: 'defense',
    summary: "Remove one of the operator's own blocks and end its decision.",
    scope: 'respond',
    query: z.strictObject({ prefix: prefixInput }),
    status: 204,
    errors: ['ADDRESS_INVALID', 'ENTRY_NOT_FOUND'],
    example: { query: { prefix: '203.0.113.99' } }
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const modes = {
  showMode: {
    method: 'GET',
    path: '/api/defense/mode',
    tag: 'defense',
    summary: 'Show which categories are enforced.',
    scope: 'read',
    status: 200,
    response: modeSettings,
    errors: [],
    example: {}
  },
  setMode: {
    method: 'PUT',
    path: '/api/defense/mode',
    tag: 'defense',
    summary: 'Set shadow or enforce, for everything or for one category.',
    scope: 'admin',
    body: z.strictObject({
      mode,
      category: category.optional().describe('Absent: everything.'),
      reason: reasonInput
    }),
    status: 200,
    response: modeSettings,
    errors: [],
    example: { body: { mode: 'enforce', category: 'scanner', reason: 'report looked clean' } }
  },
  reportMode: {
    method: 'GET',
    path: '/api/defense/mode/report',
    tag: 'defense',
    summary: 'Report what would have been blocked in shadow mode.',
    scope: 'read',
    query: z.strictObject({
      since: timeInput.optional().describe('Beginning of the report; absent: 24 hours ago.')
    }),
    status: 200,
    response: shadowReport,
    errors: [],
    example: {}
  },
  undoMode: {
    method: 'POST',
    path: '/api/defense/mode/undo',
    tag: 'defense',
    summary: 'Bring back the mode before the last change.',
    scope: 'admin',
    status: 200,
    response: modeSettings,
    errors: ['NOTHING_TO_UNDO'],
    example: {}
  }
} as const satisfies Readonly<Record<string, Endpoint>>

const actuators = {
  listActuators: {
    method: 'GET',
    path: '/api/defense/actuators',
    tag: 'defense',
    summary: 'Show what each actuator holds and whether it works.',
    scope: 'read',
    status: 200,
    response: z.strictObject({ items: z.array(actuatorStatus) }),
    errors: [],
    example: {}
  },
  dryRunActuators: {
    method: 'POST',
    path: '/api/defense/actuators/dry-run',
    tag: 'defense',
    summary: 'Say exactly what each actuator would do now, without doing it.',
    scope: 'respond',
    status: 200,
    response: z.strictObject({
      items: z.array(z.strictObject({ name: z.string(), lines: z.array(z.string()) }))
    }),
    errors: [],
    example: {}
  },
  sweepActuators: {
    method: 'POST',
    path: '/api/defense/actuators/sweep',
    tag: 'defense',
    summary: 'End at every actuator what has outlived its time.',
    scope: 'respond',
    status: 200,
    response: z.strictObject({
      items: z.array(z.strictObject({ name: z.string(), removed: z.int().min(0) }))
    }),
    errors: [],
    example: {}
  }
} as const satisfies Readonly<Record<string, Endpoint>>

export const DEFENSE_ENDPOINTS = { ...decisions, ...lists, ...modes, ...actuators } as const
