/** What a training hands to the gate, whatever it learned from. */
import type { PackageFiles } from '../../registry/index.ts'
import type { ModelParts } from '../../runtime/index.ts'
import type { PartStore, TrainReport } from '../../training/index.ts'
import type { GateInputs } from './gate.ts'
import type { HashedFiles } from './hashed-files.ts'
import type { WorkSpec } from './work-spec.ts'

export interface MadeModel {
  /** A package as it would be without a gate. */
  readonly files: PackageFiles
  readonly parts: ModelParts
  readonly gap: TrainReport['gap']
  /** Rows that it has not seen. */
  readonly held: Pick<GateInputs, 'held' | 'classOf' | 'sourceOf' | 'keptTogether'>
  /** What the node keeps of it: JSON, a few kilobytes. */
  readonly summary: Readonly<Record<string, unknown>>
}

export interface WorkPorts {
  readonly files: HashedFiles
  readonly parts: PartStore
  readonly signal: AbortSignal
  /** Called between two trees; may take its time. @param share of the whole that is done, 0 to 1 */
  readonly onProgress: (step: string, share: number) => void
  readonly onNote: (text: string) => void
}

export type Work = (spec: WorkSpec, ports: WorkPorts) => Promise<MadeModel>

/** 2026-11-25T12:00:00.000Z: of the order, so that the same order gives the same bits. */
export function createdAtOf({ createdAtMs }: WorkSpec): string {
  return new Date(createdAtMs).toISOString()
}
