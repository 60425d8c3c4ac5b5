/** Reads params, query and body of a request as its endpoint's contract wants them. */
import type { IncomingMessage } from 'node:http'
import * as z from 'zod'
import type { Endpoint } from '../contract/endpoint.ts'
import { apiError } from '../errors.ts'

/** Faults named in one answer; a body can have as many as it has members. */
const FAULTS_MAX = 20
const NESTING_MAX = 32

type Tree = Record<string, unknown>

export interface ReadParts {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

interface Fault {
  readonly pointer: string
  readonly detail: string
}

/** @throws {REQUEST_INVALID} with every fault by JSON pointer */
export function validateRequest(endpoint: Endpoint, parts: ReadParts): ReadParts {
  const faults: Fault[] = []
  const read = (schema: z.ZodType | undefined, value: unknown, part: string): unknown => {
    if (schema === undefined) {
      if (part === 'query' && Object.keys(value as Tree).length > 0) {
        faults.push({ pointer: '/query', detail: 'expected no query' })
      }
      return undefined
    }
    const result = schema.safeParse(value)
    if (result.success) return result.data
    faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, part)))
    return undefined
  }
  const validated = {
    params: read(endpoint.params, parts.params, 'params'),
    query: read(endpoint.query, parts.query, 'query'),
    body: read(endpoint.body, parts.body, 'body')
  }
  if (faults.length === 0) return validated
  const errors = faults.slice(0, FAULTS_MAX)
  throw apiError(
    'REQUEST_INVALID',
    errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; '),
    { extensions: { errors } }
  )
}

function faultsOf(issue: z.core.$ZodIssue, part: string): Fault[] {
  const base = ['', part, ...issue.path.map((key) => pointerToken(String(key)))].join('/')
  if (issue.code !== 'unrecognized_keys') return [{ pointer: base, detail: issue.message }]
  return issue.keys.map((key) => ({
    pointer: `${base}/${pointerToken(key)}`,
    detail: 'expected no member of this name'
  }))
}

/** RFC 6901, and short: the key is the client's own text. */
function pointerToken(key: string): string {
  return key.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')
}

/** @throws {REQUEST_INVALID} for a name that comes twice */
export function readQuery(endpoint: Endpoint, search: string): Tree {
  const types = queryTypesOf(endpoint)
  const query: Tree = Object.create(null)
  for (const [name, text] of new URLSearchParams(search)) {
    if (name in query) {
      const errors = [{ pointer: `/query/${pointerToken(name)}`, detail: 'expected it once' }]
      throw apiError('REQUEST_INVALID', 'expected each name of the query once', {
        extensions: { errors }
      })
    }
    query[name] = readQueryValue(text, types.get(name))
  }
  return query
}

/** A query has only text: what the contract wants as a number or a truth value is read as one, and else left to its message. */
function readQueryValue(text: string, type: unknown): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

const queryTypes = new WeakMap<Endpoint, ReadonlyMap<string, unknown>>()

function queryTypesOf(endpoint: Endpoint): ReadonlyMap<string, unknown> {
  const known = queryTypes.get(endpoint)
  if (known !== undefined) return known
  const shape = z.toJSONSchema(endpoint.query ?? z.strictObject({}), { io: 'input' })
  const types = new Map<string, unknown>()
  for (const [name, property] of Object.entries(shape.properties ?? {})) {
    types.set(name, typeof property === 'object' ? property.type : undefined)
  }
  queryTypes.set(endpoint, types)
  return types
}

/**
 * Reads a JSON body of at most `bytesMax`. A longer one is refused at its declared length, or at the byte that is too much.
 * @throws {BODY_TOO_LONG | MEDIA_TYPE_UNSUPPORTED | REQUEST_MALFORMED}
 */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length
    if (length > bytesMax) throw tooLong(bytesMax)
    chunks.push(chunk as Buffer)
  }
  return parseJson(Buffer.concat(chunks))
}

/** What the header alone gives away, before anything is read. @throws {BODY_TOO_LONG | MEDIA_TYPE_UNSUPPORTED} */
export function checkDeclaredBody(request: IncomingMessage, bytesMax: number): void {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLong(bytesMax)
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json' || request.headers['content-encoding'] !== undefined) {
    throw apiError('MEDIA_TYPE_UNSUPPORTED', 'expected a body of application/json, not encoded')
  }
}

function tooLong(bytesMax: number) {
  return apiError('BODY_TOO_LONG', `expected a body of at most ${bytesMax} bytes`)
}

function parseJson(bytes: Buffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (depthExceeds(value, NESTING_MAX)) throw new Error('nested too deeply')
    return value
  } catch (cause) {
    throw apiError('REQUEST_MALFORMED', 'expected a body of JSON in UTF-8, got something else', {
      cause
    })
  }
}

function depthExceeds(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => depthExceeds(inner, levels - 1))
}
