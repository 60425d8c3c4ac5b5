/** What the manifest says of the gate (`metrics.gate`): a model that failed it acts on nothing, unless somebody says why it should. */
import { z } from 'zod'
import { RegistryError } from './errors.ts'
import { type ModelChange, modelId } from './model-record.ts'
import type { Manifest } from './package/manifest.ts'

const gateSchema = z.looseObject({
  passed: z.boolean(),
  checks: z.array(z.looseObject({ check: z.string(), passed: z.boolean(), sentence: z.string() }))
})

/** @throws {GATE_FAILED} */
export function checkGate(manifest: Manifest, { stage, isForced, reason }: ModelChange): void {
  if (stage !== 'champion' && stage !== 'canary') return
  const read = gateSchema.safeParse(manifest.metrics['gate'])
  // Packages of elsewhere have no gate: whoever takes one answers for it.
  if (!read.success || read.data.passed) return
  if (isForced === true && reason.trim() !== '') return
  const failed = read.data.checks
    .filter(({ passed }) => !passed)
    .map(({ check, sentence }) => `${check}: ${sentence}`)
  const how =
    isForced === true
      ? 'whoever forces it says why (reason)'
      : 'force it with a reason, if you know better'
  throw new RegistryError(
    'GATE_FAILED',
    `expected a model that passed its gate, got ${modelId(manifest)}, which did not (${failed.join('; ')}): ${how}`
  )
}
