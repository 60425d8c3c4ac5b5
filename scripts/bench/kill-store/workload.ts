/** What the killed process writes, computed from two numbers, so that the one who checks knows it without being told. */
import type { DecisionRecord, EvidenceRecord } from '../../../src/store/index.ts'

const FIRST_MS = Date.UTC(2026, 0, 1)

/** A UUID of the run and the number in it. */
export function idOfRun(run: number, number: number): string {
  const runDigits = run.toString(16).padStart(4, '0')
  return `01900000-0000-7000-${runDigits}-${number.toString(16).padStart(12, '0')}`
}

export function decisionOfRun(run: number, number: number): DecisionRecord {
  const address = `198.${18 + (number & 1)}.${run & 255}.${number & 255}`
  const createdAtMs = FIRST_MS + run * 3_600_000 + number
  return {
    id: idOfRun(run, number),
    scope: 'address',
    value: address,
    prefixes: [`${address}/32`],
    type: 'ban',
    category: 'upload-flood',
    origin: 'detection',
    mode: 'enforce',
    score: 0.5 + (number % 100) / 200,
    reasons: [{ rule: 'load', text: `number ${number} of run ${run}`, counters: { number, run } }],
    lineHashes: ['0123456789abcdef'],
    model: undefined,
    offence: number % 4,
    createdAtMs,
    untilMs: createdAtMs + 600_000,
    liftedAtMs: undefined,
    liftedBy: undefined,
    liftReason: undefined
  }
}

/** What a model went by in that decision. */
export function evidenceOfRun(run: number, number: number): EvidenceRecord {
  const { value, score } = decisionOfRun(run, number)
  return {
    model: 'load@1',
    digest: (number & 255).toString(16).padStart(2, '0').repeat(32),
    ...{ featureSetVersion: 1, source: value, score },
    features: Float32Array.from({ length: 96 }, (_, feature) => run + number / (feature + 1))
  }
}
