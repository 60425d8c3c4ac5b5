/** Fakes behind the API (tokens, audit, the guard of fake-guard.ts) and a server over them on loopback. */
import {
  ApiServer,
  type ApiServerOptions,
  type ApiServerPorts,
  type AuditReader,
  type ComponentState,
  declareApiMetrics,
  type TokenAdmin,
  type TokenCheck,
  type TokenRecord,
  type TokenVerifier
} from '../../src/api/index.ts'
import { NetminderError, SystemClock } from '../../src/base/index.ts'
import { type AuditInput, DecisionReplay } from '../../src/defense/index.ts'
import { KeptPackages } from '../../src/registry/index.ts'
import { NULL_LOGGER, NullMetricsRegister } from '../../src/telemetry/index.ts'
import { FakeGuard } from './fake-guard.ts'
import { type FakeLabels, fakeLabels } from './fake-labels.ts'
import { type FakeModels, fakeModels } from './fake-models.ts'
import { FakeNetwork, fakeDesk } from './fake-network.ts'
import { FakeTrainings } from './fake-trainings.ts'

export { FakeGuard, SAMPLE_DECISION_ID, sampleDecision } from './fake-guard.ts'

/** Tokens are named like what they are: `read-token`, `respond-token`, `admin-token`, `train-token`, `expired-token`, `revoked-token`. */
export class FakeTokens implements TokenVerifier, TokenAdmin {
  records: TokenRecord[] = [tokenRecord('token-1', 'admin'), tokenRecord('token-2', 'old')]

  verify(token: string): TokenCheck {
    if (token === 'expired-token') return { kind: 'expired' }
    if (token === 'revoked-token') return { kind: 'revoked' }
    const scope = (['read', 'respond', 'train', 'admin'] as const).find(
      (candidate) => token === `${candidate}-token`
    )
    return scope === undefined
      ? { kind: 'unknown' }
      : { kind: 'valid', identity: { id: `id-${scope}`, name: scope, scope } }
  }

  list(): readonly TokenRecord[] {
    return this.records
  }

  create(token: Parameters<TokenAdmin['create']>[0], actor: string) {
    if (this.records.some((record) => record.name === token.name))
      throw new NetminderError('TOKEN_NAME_TAKEN', `expected a new name, got ${token.name}`)
    const record = {
      ...tokenRecord(`token-${this.records.length + 1}`, token.name),
      ...token,
      createdBy: actor
    }
    this.records = [...this.records, record]
    return { record, token: 'nm_secret' }
  }

  revoke(id: string): void {
    if (!this.records.some((record) => record.id === id))
      throw new NetminderError('TOKEN_NOT_FOUND', `expected a token, got ${id}`)
    this.records = this.records.map((record) =>
      record.id === id ? { ...record, revokedAtMs: Date.now() } : record
    )
  }
}

function tokenRecord(id: string, name: string): TokenRecord {
  return {
    id,
    name,
    scope: 'admin',
    createdAtMs: 0,
    createdBy: 'system',
    expiresAtMs: undefined,
    revokedAtMs: undefined,
    lastUsedAtMs: undefined
  }
}

const FAKE_AUDIT: AuditReader = {
  list: () => ({
    items: [
      {
        sequence: 1,
        atMs: 0,
        actor: 'token:admin',
        action: 'mode.set',
        target: 'mode',
        before: { overall: 'shadow' },
        after: undefined,
        reason: '',
        hash: 'ab'
      }
    ],
    nextCursor: undefined
  }),
  verify: () => ({
    rows: 2,
    faults: [{ sequence: 2, kind: 'changed', detail: 'the hash of row 2 does not match' }]
  })
}

export interface FakeApi {
  readonly guard: FakeGuard
  readonly network: FakeNetwork
  /** Written by changes of the networks. */
  readonly networkAudit: readonly AuditInput[]
  readonly models: FakeModels
  readonly trainings: FakeTrainings
  readonly labels: FakeLabels
  readonly tokens: FakeTokens
  readonly server: ApiServer
  readonly components: ComponentState[]
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

/** A started API over fakes, on a free port of loopback. */
export async function startFakeApi(
  options: Partial<ApiServerOptions> = {},
  ports: Partial<ApiServerPorts> = {}
): Promise<FakeApi> {
  const guard = new FakeGuard()
  const tokens = new FakeTokens()
  const network = new FakeNetwork()
  const models = await fakeModels()
  const trainings = new FakeTrainings()
  const labels = fakeLabels()
  const { desk, audit: networkAudit } = fakeDesk(network, guard)
  const components: ComponentState[] = [{ name: 'store', state: 'ok', detail: '' }]
  const server = new ApiServer(
    {
      host: '127.0.0.1',
      port: 0,
      socketPath: '',
      allowedHosts: ['keys.example'],
      bodyBytesMax: 65_536,
      requestTimeoutMs: 10_000,
      maxConnections: 64,
      maxEventStreams: 4,
      requestsPerMinute: 1_000_000,
      isMetricsPublic: false,
      ...options
    },
    {
      guard,
      networks: desk,
      models,
      trainings,
      labels: labels.desk,
      tokens,
      verifier: tokens,
      audit: FAKE_AUDIT,
      createReplay: () =>
        new DecisionReplay({
          decisions: {
            find: (id) => guard.decisionsHeld.find((one) => one.id === id),
            list: (query) => guard.decisions(query)
          },
          evidence: { find: () => guard.evidence },
          findCreation: () => undefined,
          models: new KeptPackages({ ...models.places, task: 'behaviour' })
        }),
      metrics: { contentType: 'text/plain; version=0.0.4', text: async () => '# TYPE x counter\n' },
      readiness: { components: () => components },
      node: {
        name: 'keys.example',
        version: '0.1.0',
        follows: [
          {
            format: 'haproxy',
            kind: 'file',
            path: '/var/log/haproxy.log',
            behindProxy: 'none',
            timeZone: ''
          }
        ],
        treatAsPublic: []
      },
      apiMetrics: declareApiMetrics(new NullMetricsRegister()),
      clock: new SystemClock(),
      log: NULL_LOGGER,
      ...ports
    }
  )
  const stopping = new AbortController()
  await server.start(stopping.signal)
  const url = server.url
  return {
    guard,
    network,
    networkAudit,
    models,
    trainings,
    labels,
    tokens,
    server,
    components,
    url,
    port: Number(new URL(url).port),
    async stop() {
      await server.stop()
      await models.stop()
      stopping.abort()
    }
  }
}
