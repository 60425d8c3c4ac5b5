/** Derives the OpenAPI 3.1 document from the contract. */
import { STATUS_CODES } from 'node:http'
import { stringify } from 'yaml'
import * as z from 'zod'
import { CONTRACT, OPERATION_IDS } from './contract/contract.ts'
import { API_TAGS, type Endpoint, errorsOf, isWrite } from './contract/endpoint.ts'
import { problem } from './contract/schemas.ts'
import { API_ERRORS, type ApiErrorCode } from './errors.ts'

type Json = Record<string, unknown>

export interface OpenApiDocument extends Json {
  readonly openapi: string
}

/** Version of the API, not of the program: it grows by semantic versioning with the contract. */
const API_VERSION = '1.0.0'

/** How the Open Inference Protocol writes failures. */
const ERROR_TEXT = {
  type: 'object',
  properties: { error: { type: 'string' } },
  required: ['error']
}
const ETAG_HEADER = {
  description: 'The revision, for If-Match.',
  schema: { type: 'string' },
  example: '"3"'
}
const LOCATION_HEADER = {
  description: 'Where what was made is found.',
  schema: { type: 'string' },
  example: '/api/ml/training/01933b2e-8d0a-7c3e-9b1f-7a6d1c0f4b21'
}
const COMPONENT_PREFIX = '#/components/schemas/'
const PROBLEM_MEDIA_TYPE = 'application/problem+json'

let cached: OpenApiDocument | undefined

export function openApiDocument(): OpenApiDocument {
  cached ??= buildDocument()
  return cached
}

/** The whole of `protocols/http/openapi.yaml`. */
export function renderOpenApi(): string {
  const head = '# Generated from the contract by `npm run generate`; do not edit.\n'
  return head + stringify(openApiDocument(), { aliasDuplicateObjects: false, lineWidth: 120 })
}

function buildDocument(): OpenApiDocument {
  const schemas: Json = {}
  const paths: Record<string, Json> = {}
  for (const id of OPERATION_IDS) {
    const endpoint: Endpoint = CONTRACT[id]
    const operations = paths[endpoint.path] ?? {}
    operations[endpoint.method.toLowerCase()] = operationOf(id, endpoint, schemas)
    paths[endpoint.path] = operations
  }
  // Problem has an id, so that this puts it among the components.
  schemaOf(problem, 'output', schemas)
  return {
    openapi: '3.1.0',
    info: {
      title: 'netminder local API',
      version: API_VERSION,
      summary: 'What one node of netminder may be asked by its operator.',
      description:
        'Listens on loopback or a UNIX socket. Reading needs a bearer token except on the UNIX socket; writing always does. Every failure is a problem document (RFC 9457) with a stable `code`. Writes take an `Idempotency-Key`: the same request with the same key within 24 hours is carried out once.',
      license: { name: 'MIT', identifier: 'MIT' }
    },
    servers: [{ url: 'http://127.0.0.1:11380', description: 'This machine.' }],
    security: [{ bearer: [] }],
    tags: Object.entries(API_TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of `netminder token create`, or the one in `admin.token`.'
        }
      },
      schemas: sorted(schemas)
    }
  }
}

function sorted(record: Json): Json {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function operationOf(operationId: string, endpoint: Endpoint, schemas: Json): Json {
  const scope =
    endpoint.scope === 'public'
      ? 'Needs no token.'
      : `Needs a token of scope \`${endpoint.scope}\`.`
  const parameters = [
    ...parametersOf(endpoint, 'path', schemas),
    ...parametersOf(endpoint, 'query', schemas),
    ...headerParametersOf(endpoint)
  ]
  return {
    operationId,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    description: endpoint.description === undefined ? scope : `${endpoint.description} ${scope}`,
    ...(endpoint.scope === 'public' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBodyOf(endpoint, schemas),
    responses: {
      [endpoint.status]: successOf(endpoint, schemas),
      ...(endpoint.text === undefined || endpoint.response === undefined
        ? {}
        : { 304: { description: 'The text is the one that the client has (If-None-Match).' } }),
      ...problemsOf(endpoint)
    }
  }
}

function requestBodyOf({ body, upload, example }: Endpoint, schemas: Json): Json {
  if (body !== undefined) {
    const schema = schemaOf(body, 'input', schemas)
    const content = { 'application/json': { schema, example: example.body } }
    return { requestBody: { required: true, content } }
  }
  if (upload === undefined) return {}
  const { mediaType, description } = upload
  const content = { [mediaType]: contentOf(upload) }
  return {
    requestBody: { required: true, description: `${description} As ${mediaType}.`, content }
  }
}

/** What is no JSON: text by example, or bytes. */
function contentOf({ example }: { readonly example: string }): Json {
  return { schema: { type: 'string' }, ...(example === '' ? {} : { example }) }
}

function successOf(endpoint: Endpoint, schemas: Json): Json {
  const content: Json = {}
  if (endpoint.response !== undefined) {
    content['application/json'] = { schema: schemaOf(endpoint.response, 'output', schemas) }
  }
  if (endpoint.text !== undefined) {
    content[endpoint.text.mediaType] = contentOf(endpoint.text)
  }
  return {
    description: endpoint.text?.description ?? (STATUS_CODES[endpoint.status] || ''),
    ...(endpoint.hasRevision === true ? { headers: { ETag: ETAG_HEADER } } : {}),
    ...(endpoint.hasLocation === true ? { headers: { Location: LOCATION_HEADER } } : {}),
    ...(Object.keys(content).length > 0 ? { content } : {})
  }
}

function problemsOf(endpoint: Endpoint): Json {
  const byStatus = new Map<number, ApiErrorCode[]>()
  for (const code of errorsOf(endpoint)) {
    const { status } = API_ERRORS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const responses: Json = {}
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[status] = {
      description: codes.map((code) => `\`${code}\`: ${API_ERRORS[code].text}`).join(' '),
      content:
        endpoint.errorForm === 'error-text'
          ? { 'application/json': { schema: ERROR_TEXT } }
          : { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: `${COMPONENT_PREFIX}Problem` } } }
    }
  }
  return responses
}

function parametersOf(endpoint: Endpoint, where: 'path' | 'query', schemas: Json): Json[] {
  const schema = where === 'path' ? endpoint.params : endpoint.query
  if (schema === undefined) return []
  const examples = (where === 'path' ? endpoint.example.params : endpoint.example.query) ?? {}
  const shape = schemaOf(schema, 'input', schemas)
  const required = (shape['required'] as readonly string[] | undefined) ?? []
  return Object.entries(shape['properties'] as Record<string, Json>).map(([name, property]) => {
    const { description, ...inner } = property
    return {
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: inner,
      ...(examples[name] === undefined ? {} : { example: examples[name] })
    }
  })
}

function headerParametersOf(endpoint: Endpoint): Json[] {
  if (endpoint.text?.mediaType === 'text/event-stream') {
    return [headerParameter('Last-Event-ID', 'Id of the last event that the client has seen.')]
  }
  if (!isWrite(endpoint) || endpoint.upload !== undefined) return []
  const revision = endpoint.hasRevision
    ? [headerParameter('If-Match', 'ETag of the revision that is changed, or *.', true)]
    : []
  const text = 'At most 200 visible ASCII characters; makes a repeated request count once.'
  return [...revision, headerParameter('Idempotency-Key', text)]
}

function headerParameter(name: string, description: string, required = false): Json {
  return { name, in: 'header', required, description, schema: { type: 'string' } }
}

/** JSON Schema of a schema; what has an id moves to the components and leaves a reference. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const { $schema, $defs, ...root } = z.toJSONSchema(schema, {
    io,
    // `format: date-time` says what the pattern of 200 characters repeats.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
    }
  }) as Json
  for (const [name, definition] of Object.entries((rereferenced($defs) as Json) ?? {})) {
    schemas[name] = withoutId(definition as Json)
  }
  const inline = rereferenced(root) as Json
  const id = inline['id']
  if (typeof id !== 'string') return inline
  schemas[id] = withoutId(inline)
  return { $ref: `${COMPONENT_PREFIX}${id}` }
}

function withoutId(schema: Json): Json {
  const { id, ...rest } = schema
  return rest
}

function rereferenced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rereferenced)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', COMPONENT_PREFIX)
        : rereferenced(inner)
    ])
  )
}
