import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import {
  API_ERRORS,
  CONTRACT,
  declareApiMetrics,
  type Endpoint,
  errorsOf,
  isWrite,
  OPERATION_IDS,
  openApiDocument,
  renderOpenApi
} from '../../../src/api/index.ts'
import { NullMetricsRegister } from '../../../src/telemetry/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API contract', { timeoutMs: 60_000 })
const root = join(import.meta.dirname, '../../..')
const file = join(root, 'protocols/http/openapi.yaml')
const endpoints: readonly (readonly [string, Endpoint])[] = OPERATION_IDS.map((id) => [
  id,
  CONTRACT[id]
])

test('keeps openapi.yaml current and equal to openapi.json', () => {
  const text = readFileSync(file, 'utf8')
  assert.is(text, renderOpenApi())
  assert.equal(parse(text), JSON.parse(JSON.stringify(openApiDocument())))
})

test('passes the linter', async () => {
  const redocly = join(root, 'node_modules/@redocly/cli/bin/cli.js')
  const config = join(root, 'protocols/http/redocly.yaml')
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [redocly, 'lint', file, '--config', config],
    { env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } }
  )
  assert.match(stderr, 'Your API description is valid')
})

test('has every path that exists today and none of later ones', () => {
  const paths = Object.keys(openApiDocument()['paths'] as object).sort()
  assert.equal(paths, [
    '/api/audit',
    '/api/audit/replay',
    '/api/audit/verify',
    '/api/defense/actuators',
    '/api/defense/actuators/dry-run',
    '/api/defense/actuators/sweep',
    '/api/defense/allowlist',
    '/api/defense/blocklist',
    '/api/defense/blocklist/import',
    '/api/defense/decisions',
    '/api/defense/decisions/{id}',
    '/api/defense/decisions/{ip}/explain',
    '/api/defense/mode',
    '/api/defense/mode/report',
    '/api/defense/mode/undo',
    '/api/defense/network/alert',
    '/api/defense/network/alerts',
    '/api/defense/network/alerts/{id}/retract',
    '/api/defense/network/blocklist',
    '/api/defense/network/join',
    '/api/defense/network/key',
    '/api/defense/network/leave',
    '/api/defense/network/lists',
    '/api/defense/network/peers',
    '/api/defense/network/status',
    '/api/defense/network/threats',
    '/api/defense/networks',
    '/api/defense/networks/{id}/admissions',
    '/api/defense/networks/{id}/authors',
    '/api/defense/networks/{id}/invitations',
    '/api/defense/networks/{id}/revocations',
    '/api/events',
    '/api/ml/analyze',
    '/api/ml/batch-predict',
    '/api/ml/explain',
    '/api/ml/labels',
    '/api/ml/labels/import',
    '/api/ml/labels/{id}',
    '/api/ml/metrics',
    '/api/ml/models',
    '/api/ml/models/rollback',
    '/api/ml/models/{model_id}',
    '/api/ml/models/{model_id}/package',
    '/api/ml/performance',
    '/api/ml/predict',
    '/api/ml/predictions',
    '/api/ml/status',
    '/api/ml/train',
    '/api/ml/training',
    '/api/ml/training/{id}',
    '/api/status',
    '/api/tokens',
    '/api/tokens/{id}',
    '/healthz',
    '/metrics',
    '/openapi.json',
    '/readyz',
    '/v2',
    '/v2/health/live',
    '/v2/health/ready',
    '/v2/models/{model_name}',
    '/v2/models/{model_name}/infer',
    '/v2/models/{model_name}/ready',
    '/v2/models/{model_name}/versions/{version}',
    '/v2/models/{model_name}/versions/{version}/infer',
    '/v2/models/{model_name}/versions/{version}/ready'
  ])
})

test('gives each operation its own method and path, and params to each brace', () => {
  const seen = new Set<string>()
  for (const [id, endpoint] of endpoints) {
    const key = `${endpoint.method} ${endpoint.path.replaceAll(/\{\w+\}/g, '{}')}`
    assert.not.ok(seen.has(key), key)
    seen.add(key)
    const braces = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    assert.equal(Object.keys(endpoint.params?.shape ?? {}), braces, id)
  }
})

test('lets nothing be written without a token', () => {
  for (const [id, endpoint] of endpoints) {
    if (isWrite(endpoint)) assert.ok(['respond', 'train', 'admin'].includes(endpoint.scope), id)
    else assert.ok(endpoint.method === 'GET' || endpoint.isQuery === true, id)
  }
})

test('gives examples that the contract itself accepts', () => {
  for (const [id, endpoint] of endpoints) {
    for (const part of ['params', 'query', 'body'] as const) {
      const schema = endpoint[part]
      if (schema === undefined) assert.is(endpoint.example[part], undefined, id)
      else assert.ok(schema.safeParse(endpoint.example[part] ?? {}).success, `${id} ${part}`)
    }
  }
})

test('names each error of an operation once', () => {
  for (const [id, endpoint] of endpoints) {
    const codes = errorsOf(endpoint)
    assert.is(new Set(codes).size, codes.length, id)
  }
})

test('says every code in one sentence, with a status of failure', () => {
  for (const [code, { status, text }] of Object.entries(API_ERRORS)) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    assert.ok(status >= 400 && status < 600)
    assert.match(text, /^[A-Z].*\.$/)
  }
})

test('gives every property of an answer a snake_case name', () => {
  const bad: string[] = []
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const properties = (value as { properties?: Record<string, unknown> }).properties
    for (const name of Object.keys(properties ?? {})) {
      if (!/^[a-z][a-z0-9_]*$/.test(name)) bad.push(name)
    }
    for (const inner of Object.values(value)) walk(inner)
  }
  walk(openApiDocument()['components'])
  walk(openApiDocument()['paths'])
  assert.equal(bad, [])
})

test('declares metrics whose names keep the rules', () => {
  const register = new NullMetricsRegister()
  declareApiMetrics(register)
  assert.is(register.declarations.length, 5)
})
