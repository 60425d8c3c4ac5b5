/** What a model went by, in the words of the contract. Pure. */
import type { ReplayedDecision } from '../defense/index.ts'
import {
  explainAgain,
  FEATURE_SET_VERSION,
  FEATURES,
  type Feature,
  type ModelEvidence,
  valueText
} from '../detection/index.ts'
import type { Manifest, ModelPackage } from '../registry/index.ts'
import type { OperationResponse } from './contract/contract.ts'
import { wireTime } from './projection.ts'

type WireEvidence = NonNullable<
  OperationResponse<'explainAddress'>['decisions'][number]['evidence']
>
type WireReplay = OperationResponse<'replayDecisions'>['items'][number]

const INDEX: ReadonlyMap<string, number> = new Map(FEATURES.map(({ name }, index) => [name, index]))

/** @param opened the package that judged; undefined where it is not here */
export function wireEvidence(
  kept: ModelEvidence,
  opened: Pick<ModelPackage, 'manifest' | 'parts'> | undefined
): WireEvidence {
  const isKept = kept.contributions.length > 0
  const made = isKept || opened === undefined ? undefined : explainAgain(kept, opened.parts)
  const evidence = made ?? kept
  const manifest = opened?.manifest
  const { model, digest, featureSetVersion, source, score, thresholds, bias, rest, text } = evidence
  return {
    ...{ model, sha256: digest, feature_set_version: featureSetVersion, source, score },
    thresholds: { ...thresholds },
    ...{ bias, rest, text, explained: isKept ? 'then' : made === undefined ? 'not' : 'now' },
    features: evidence.contributions.map(({ feature, contribution }) => ({
      ...describeFeature(feature, evidence, manifest),
      contribution
    }))
  }
}

/** Names and units are those of today's features: of an older set only the name is known. */
function describeFeature(
  name: string,
  { features, featureSetVersion }: ModelEvidence,
  manifest: Pick<Manifest, 'features'> | undefined
) {
  const isToday = featureSetVersion === FEATURE_SET_VERSION
  const index = isToday ? INDEX.get(name) : undefined
  const feature = index === undefined ? undefined : FEATURES[index]
  const value = index === undefined ? Number.NaN : (features[index] ?? Number.NaN)
  const known = manifest?.features.find((one) => one.name === name)
  const usual = known?.kind === 'numeric' ? known.usual : undefined
  if (feature === undefined) {
    return { feature: name, value: null, shown: '', unit: null, meaning: null, usual: null }
  }
  return {
    feature: name,
    value: Number.isNaN(value) ? null : (feature.categories?.[value] ?? value),
    shown: valueText(feature, value),
    unit: feature.unit,
    meaning: feature.meaning,
    usual:
      usual === undefined
        ? null
        : { from: usual[0], to: usual[1], shown: rangeText(feature, usual) }
  }
}

function rangeText(feature: Feature, [from, to]: readonly [number, number]): string {
  const [least, most] = [valueText(feature, from), valueText(feature, to)]
  return least === most ? least : `${least} to ${most}`
}

export function wireReplayed(replayed: ReplayedDecision): WireReplay {
  const { decision, outcome, binding, auditSequence, evidence, score, detail } = replayed
  return {
    ...{ id: decision.id, value: decision.value, type: decision.type },
    created_at: wireTime(decision.createdAtMs),
    model: evidence?.model ?? decision.model ?? null,
    sha256: evidence?.digest ?? null,
    ...{ outcome, audit: binding, audit_sequence: auditSequence ?? null },
    ...{ score: evidence?.score ?? null, score_now: score ?? null, detail }
  }
}
