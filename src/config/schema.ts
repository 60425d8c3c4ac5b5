/**
 * Every key of `netminder.toml`: type, default, bounds and one sentence. The example file and the reference page are
 * generated from here, so a sentence written here is what an operator reads.
 */
import * as z from 'zod'
import { isNodeName, NODE_NAME_BYTES_MAX } from '../wire/index.ts'
import { network } from './network-schema.ts'
import { prefix } from './prefix-schema.ts'
import { training } from './training-schema.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Longest path that a UNIX socket address holds on Linux (`sun_path` less its terminating zero, unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107

const path = z.string().min(1).max(4096)
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: 'expected 1 to 63 lower-case letters, digits and hyphens'
})
const socketPath = z.string().refine((text) => Buffer.byteLength(text) <= SOCKET_PATH_BYTES_MAX, {
  error: `expected a socket path of at most ${SOCKET_PATH_BYTES_MAX} bytes`
})
const timeZone = z.string().refine(isTimeZone, {
  error: 'expected UTC, an offset such as +02:00, a zone such as Europe/Berlin, or an empty text'
})

function isTimeZone(text: string): boolean {
  if (text === '') return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}

function milliseconds(min: number, max: number) {
  return z.int().min(min).max(max)
}

const node = z.strictObject({
  name: z
    .string()
    .refine(isNodeName, {
      error: `expected at most ${NODE_NAME_BYTES_MAX} bytes of text without control and format characters, in Unicode normal form C`
    })
    .default('')
    .describe(
      'Name of this node, also told to the networks that it is in; empty takes the host name.'
    )
})

const source = z
  .strictObject({
    name: name.describe('Name of the source, unique, used in metrics and messages.'),
    format: z.enum(['haproxy', 'nginx', 'hockeypuck']).describe('Who writes the log.'),
    kind: z
      .enum(['file', 'docker-json', 'pipe', 'syslog'])
      .default('file')
      .describe(
        'How the log arrives: a file that rotates, a json-file of Docker, a named pipe, or syslog.'
      ),
    path: path
      .optional()
      .describe('File or pipe to read; needed by every kind but syslog, where it is left out.'),
    listen: z
      .string()
      .regex(/^(udp|tcp):\/\/[^/\s]+:\d{1,5}$|^unix(-dgram)?:\/\/\/\S+$/, {
        error: 'expected udp://HOST:PORT, tcp://HOST:PORT, unix:///PATH or unix-dgram:///PATH'
      })
      .optional()
      .describe(
        'Where syslog is received: udp://HOST:PORT, tcp://HOST:PORT, unix:///PATH (stream) or unix-dgram:///PATH (needs systemd-socket-activate); of syslog only. Who may reach the folder of a socket may write to it.'
      ),
    timeZone: timeZone
      .default('')
      .describe(
        'Zone of times that are written without one (HAProxy); empty takes the zone of this machine.'
      ),
    behindProxy: z
      .enum(['none', 'proxy', 'cloudflare'])
      .default('none')
      .describe(
        'What stands in front of HAProxy (its HAP_BEHIND_PROXY, HAP_BEHIND_CLOUDFLARE): decides which logged address is the client.'
      ),
    fromStart: z
      .boolean()
      .default(false)
      .describe('Read a log that was never read before from its beginning instead of from its end.')
  })
  .superRefine((value, context) => {
    const wanted = value.kind === 'syslog' ? 'listen' : 'path'
    const unwanted = value.kind === 'syslog' ? 'path' : 'listen'
    if (value[wanted] === undefined) {
      context.addIssue({
        code: 'custom',
        path: [wanted],
        message: `expected ${wanted} for kind "${value.kind}", got nothing`
      })
    }
    if (value[unwanted] !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [unwanted],
        message: `expected no ${unwanted} for kind "${value.kind}", got "${value[unwanted]}"`
      })
    }
  })

const keyserver = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected an http or https address' })
    .default('http://127.0.0.1:11371')
    .describe('Address at which the keyserver beside this node answers.'),
  statsIntervalMs: milliseconds(MINUTE_MS, DAY_MS)
    .default(15 * MINUTE_MS)
    .describe(
      'How often op=stats is read for the recon partners, which are never acted on, in milliseconds.'
    ),
  statsTimeoutMs: milliseconds(100, MINUTE_MS)
    .default(10_000)
    .describe('How long the answer to op=stats may take, in milliseconds.')
})

const detection = z.strictObject({
  policy: z
    .enum(['default', 'rules'])
    .default('default')
    .describe(
      'How traffic is judged: default is what a fresh install runs, models and rules; rules is the built-in rules alone.'
    ),
  treatAsPublic: z
    .array(prefix)
    .max(64)
    .default([])
    .describe(
      'For tests and recordings only: reserved addresses that are judged as if they were public.'
    ),
  maxSources: z
    .int()
    .min(1_000)
    .max(2_000_000)
    .default(200_000)
    .describe('Addresses remembered at once; the one seen longest ago goes first.'),
  canaryShare: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe(
      'Share of the addresses that a model in the stage canary judges in the place of the champion; always the same ones.'
    ),
  useShippedModels: z
    .boolean()
    .default(true)
    .describe(
      'Whether models that come with the program are used; without them only those that were given to the node or trained on it are.'
    )
})

/** Less than a minute is for tests and the demo, where a person wants to see the end. */
const TTL_MS_MIN = 5_000

const defense = z.strictObject({
  throttleTtlMs: milliseconds(TTL_MS_MIN, DAY_MS)
    .default(10 * MINUTE_MS)
    .describe('How long a throttle stands, in milliseconds; below a minute for tests only.'),
  banLadderMs: z
    .array(milliseconds(TTL_MS_MIN, 30 * DAY_MS))
    .min(1)
    .max(8)
    .default([30 * MINUTE_MS, 2 * HOUR_MS, 8 * HOUR_MS, DAY_MS])
    .describe(
      'How long the first, second, … ban of the same subject stands, in milliseconds; below a minute for tests only.'
    ),
  ladderMemoryMs: milliseconds(HOUR_MS, 365 * DAY_MS)
    .default(7 * DAY_MS)
    .describe('How long an offence counts for the next step of the ladder, in milliseconds.'),
  maxActive: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(1_000_000)
    .describe('Decisions in force at once; when it is reached, new ones are refused and reported.'),
  protect: z
    .array(prefix)
    .max(10_000)
    .default([])
    .describe('Further addresses and prefixes that are never acted on.'),
  monitoring: z
    .array(prefix)
    .max(1_000)
    .default([])
    .describe('Addresses of your monitoring, never acted on.'),
  sshPorts: z
    .array(z.int().min(1).max(65_535))
    .max(16)
    .default([22])
    .describe('Ports whose connected peers are never acted on, so that you are not locked out.'),
  factsIntervalMs: milliseconds(5_000, HOUR_MS)
    .default(30_000)
    .describe('How often own addresses, gateway, resolver and SSH peers are read, in milliseconds.')
})

const actuatorBase = {
  name: name.describe('Name of the actuator, unique, used in metrics and messages.'),
  reconcileIntervalMs: milliseconds(1_000, DAY_MS)
    .default(MINUTE_MS)
    .describe('How often what is held is compared with what should be held, in milliseconds.')
}

const haproxyActuator = z.strictObject({
  kind: z.literal('haproxy').describe('Bans and throttles at a running HAProxy.'),
  ...actuatorBase,
  listPath: path.describe(
    'The blacklist.list of HAProxy as this node sees it; bans are written there.'
  ),
  listPathInProxy: z
    .string()
    .max(4096)
    .default('')
    .describe('The same file as HAProxy names it; empty if it has the same path there.'),
  socket: z
    .string()
    .max(4096)
    .default('')
    .describe(
      'Admin socket of HAProxy: a path, or HOST:PORT; empty writes the list only, which counts from the next reload.'
    ),
  throttleTable: z
    .string()
    .max(64)
    .default('st_info_crawler')
    .describe(
      'Stick table through which a throttle works, and a ban over connections that are open; empty: none of both.'
    ),
  commandTimeoutMs: milliseconds(100, MINUTE_MS)
    .default(5_000)
    .describe('How long one command on the admin socket may take, in milliseconds.')
})

const plainListActuator = z.strictObject({
  kind: z.literal('plain-list').describe('Writes one prefix a line into a file.'),
  ...actuatorBase,
  listPath: path.describe('The file to write; one prefix a line, replaced as a whole.'),
  action: z.enum(['ban', 'throttle']).default('ban').describe('Which decisions the list holds.')
})

const httpListActuator = z.strictObject({
  kind: z
    .literal('http-list')
    .describe('Offers the list to others at /api/defense/blocklist?format=plain.'),
  ...actuatorBase,
  action: z.enum(['ban', 'throttle']).default('ban').describe('Which decisions the list holds.')
})

const actuator = z.discriminatedUnion('kind', [
  haproxyActuator,
  plainListActuator,
  httpListActuator
])

const api = z.strictObject({
  host: z
    .string()
    .min(1)
    .max(253)
    .default('127.0.0.1')
    .describe('Address on which the API listens; anything but loopback opens it to others.'),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(11_380)
    .describe('Port of the API; 0 takes a free one and writes it into the data directory.'),
  socketPath: socketPath
    .default('api.sock')
    .describe('UNIX socket of the API, on which reading needs no token; empty turns it off.'),
  allowedHosts: z
    .array(z.string().min(1).max(253))
    .max(32)
    .default([])
    .describe('Names accepted in the Host header besides localhost and the addresses listened on.'),
  bodyBytesMax: z
    .int()
    .min(1_024)
    .max(16_777_216)
    .default(65_536)
    .describe('Longest request body, in bytes.'),
  requestTimeoutMs: milliseconds(100, 10 * MINUTE_MS)
    .default(10_000)
    .describe(
      'How long a client may take to send a request, or to take the next bytes of an answer, in milliseconds.'
    ),
  maxConnections: z.int().min(4).max(10_000).default(128).describe('Connections open at once.'),
  maxEventStreams: z
    .int()
    .min(1)
    .max(1_000)
    .default(16)
    .describe('Clients of /api/events at once.'),
  requestsPerMinute: z
    .int()
    .min(10)
    .max(1_000_000)
    .default(600)
    .describe('Requests a minute for each token, or for each peer without one.')
})

const metrics = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether metrics are kept and /metrics answers.'),
  isPublic: z
    .boolean()
    .default(false)
    .describe(
      'Whether /metrics answers without a token, as a Prometheus without credentials needs.'
    )
})

const log = z.strictObject({
  level: z
    .enum(['error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('Least severe message that is written to standard error.'),
  format: z
    .enum(['json', 'text'])
    .default('json')
    .describe('One JSON object a line, or plain text for a person.')
})

const store = z.strictObject({
  decisionRetentionMs: milliseconds(DAY_MS, 3_650 * DAY_MS)
    .default(90 * DAY_MS)
    .describe('How long a decision is kept after its end, in milliseconds.'),
  suppressionRetentionMs: milliseconds(HOUR_MS, 365 * DAY_MS)
    .default(7 * DAY_MS)
    .describe('How long it is kept that a verdict was held back, in milliseconds.'),
  checkpointIntervalMs: milliseconds(1_000, HOUR_MS)
    .default(30_000)
    .describe('How often sessions and log positions are saved, in milliseconds.')
})

function uniqueNames(entries: readonly { readonly name: string }[]): string | undefined {
  const seen = new Set<string>()
  for (const entry of entries) {
    if (seen.has(entry.name)) return entry.name
    seen.add(entry.name)
  }
  return undefined
}

const uniquelyNamed = {
  error: 'expected names that differ from each other'
}

export const configSchema = z.strictObject({
  node: node.prefault({}).describe('This node.'),
  sources: z
    .array(source)
    .max(32)
    .refine((entries) => uniqueNames(entries) === undefined, uniquelyNamed)
    .default([])
    .describe('The logs that are followed; one [[sources]] for each.'),
  keyserver: keyserver.prefault({}).describe('The keyserver beside this node.'),
  detection: detection.prefault({}).describe('How traffic is judged.'),
  defense: defense.prefault({}).describe('What follows from a verdict, and who is never acted on.'),
  actuators: z
    .array(actuator)
    .max(32)
    .refine((entries) => uniqueNames(entries) === undefined, uniquelyNamed)
    .default([])
    .describe('Where decisions are carried out; one [[actuators]] for each.'),
  api: api.prefault({}).describe('The local HTTP API.'),
  network: network.prefault({}).describe('The networks of nodes, whose operators warn each other.'),
  metrics: metrics.prefault({}).describe('Prometheus metrics.'),
  log: log.prefault({}).describe("The node's own log."),
  store: store.prefault({}).describe('The database.'),
  training: training
    .prefault({})
    .describe(
      'What the node keeps of its own traffic, for models to learn from, and what a training may take.'
    )
})

export type Config = z.output<typeof configSchema>
export type ConfigInput = z.input<typeof configSchema>
export type SourceConfig = Config['sources'][number]
export type ActuatorConfig = Config['actuators'][number]
