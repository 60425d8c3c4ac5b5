/** The repositories of a node over one database, and the token with which its owner speaks to the API. */
import { type Clock, messageOf } from '../base/index.ts'
import { dataPaths } from '../config/index.ts'
import type { Decision, ModeSettings, SharedFacts } from '../defense/index.ts'
import type { ModelEvidence } from '../detection/index.ts'
import {
  AuditRepository,
  AuthorRepository,
  type Connection,
  DecisionRepository,
  EventRepository,
  EvidenceRepository,
  FeatureRepository,
  generateTokenText,
  LabelRepository,
  ListRepository,
  ModelRepository,
  ModeRepository,
  NetworkRepository,
  PeerValueRepository,
  PublishedListRepository,
  readOrCreateSecret,
  storePaths,
  TokenRepository,
  ToldRepository,
  TrainingJobRepository
} from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'

/** What a new install runs in: everything is computed and shown, nothing is applied. */
const SHADOW: ModeSettings = { overall: 'shadow', byCategory: {}, previous: undefined }

export type Repositories = ReturnType<typeof openRepositories>

/** @throws {StorageError} */
export function openRepositories(
  db: Connection,
  dataDir: string,
  ports: { readonly clock: Clock; readonly logger: Logger }
) {
  const { clock, logger } = ports
  const audit = new AuditRepository(db, clock, {
    headFile: storePaths(dataDir).auditHead,
    onHeadFailure: (error) =>
      logger.error({ reason: messageOf(error) }, 'could not write the head of the audit')
  })
  const tokens = new TokenRepository(db, clock, audit)
  const { text } = readOrCreateSecret(dataPaths(dataDir).adminToken, () =>
    generateTokenText('admin')
  )
  tokens.ensure({ name: 'admin', scope: 'admin', text })
  const features = new FeatureRepository(db)
  return {
    audit,
    tokens,
    decisions: new DecisionRepository<Decision>(db),
    evidence: new EvidenceRepository<ModelEvidence>(db),
    allowlist: new ListRepository(db, 'allowlist'),
    blocklist: new ListRepository(db, 'blocklist'),
    models: new ModelRepository(db),
    features,
    labels: new LabelRepository(db, features),
    mode: new ModeRepository<ModeSettings>(db, SHADOW),
    events: new EventRepository(db),
    authors: new AuthorRepository(db),
    networks: new NetworkRepository(db),
    peerValues: new PeerValueRepository(db),
    told: new ToldRepository<SharedFacts>(db),
    trainingJobs: new TrainingJobRepository(db),
    publishedLists: new PublishedListRepository(db)
  }
}
