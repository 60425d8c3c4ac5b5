/** The rules that make up the policy, and how their hits are put in order. */
import type { TrafficEvent } from '../../keyserver/index.ts'
import type { Observation } from '../observation.ts'
import { VERDICT_LEVELS } from '../verdict.ts'
import {
  bareBrowser,
  bulkDownload,
  domainSearches,
  hashqueryAmplification,
  largeAnswers,
  nameWalk,
  orderedSearches,
  scrapedPages,
  syntheticIds,
  unknownIds,
  wordSearches
} from './lookup-rules.ts'
import type { Rule, RuleContext, RuleHit } from './rule.ts'
import {
  crashProbe,
  injection,
  malformed,
  reconProbe,
  refusedSubmissions,
  requestFlood,
  scannerAgent,
  scannerPath,
  slowRequests,
  strayPaths
} from './stray-rules.ts'
import {
  largeUploads,
  poisoningNotices,
  sameCertificate,
  steadyUploads,
  uploadFlood
} from './upload-rules.ts'

export interface JudgedEvent {
  readonly event: TrafficEvent
  readonly seen: Observation | undefined
}

const ALWAYS: readonly Rule[] = [
  scannerPath,
  strayPaths,
  scannerAgent,
  injection,
  crashProbe,
  malformed,
  slowRequests,
  refusedSubmissions,
  requestFlood
]
const LOOKUPS: readonly Rule[] = [
  orderedSearches,
  domainSearches,
  nameWalk,
  wordSearches,
  scrapedPages,
  bareBrowser,
  syntheticIds,
  unknownIds,
  bulkDownload,
  largeAnswers
]
const UPLOADS: readonly Rule[] = [
  uploadFlood,
  steadyUploads,
  largeUploads,
  sameCertificate,
  poisoningNotices
]
const HASHQUERIES: readonly Rule[] = [hashqueryAmplification]
const LOG_LINES: readonly Rule[] = [...UPLOADS, reconProbe]

function rulesFor(context: RuleContext): readonly Rule[] {
  switch (context.observation?.action) {
    case undefined:
      return LOG_LINES
    case 'lookup':
      return LOOKUPS
    case 'upload':
      return UPLOADS
    case 'hashquery':
      return HASHQUERIES
    default:
      return []
  }
}

/** Every rule that speaks, the most severe first. */
export function evaluateRules(context: RuleContext): RuleHit[] {
  const hits: RuleHit[] = []
  for (const rule of rulesFor(context)) {
    const found = rule(context)
    if (found !== undefined) hits.push(found)
  }
  for (const rule of ALWAYS) {
    const found = rule(context)
    if (found !== undefined) hits.push(found)
  }
  return hits.sort(
    (a, b) => VERDICT_LEVELS.indexOf(b.level) - VERDICT_LEVELS.indexOf(a.level) || b.score - a.score
  )
}
