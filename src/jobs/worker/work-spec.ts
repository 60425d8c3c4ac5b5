/** What the process that trains is handed: written by the node at every start from what it knows, so that it is never half of one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobOrder } from '../job.ts'

export const WORK_FILE = {
  spec: 'spec.json',
  /** The package of the champion that the model is compared with. */
  champion: 'champion.tar',
  result: 'result.tar',
  pid: 'pid'
} as const

export interface WorkSpec {
  readonly id: string
  readonly order: JobOrder
  /** Files that the order names, as they really lie. */
  readonly files: Readonly<Record<string, string>>
  readonly createdAtMs: number
  /** Directory of the node, whose database holds rows and labels. */
  readonly dataDir: string
  /** `name@version` of the package in `champion.tar`. */
  readonly parent: string | null
  readonly codeVersion: string
  /** With which the package is signed; null while the node has no key. */
  readonly keyFile: string | null
  /** Takes only what nobody else wants. */
  readonly givesWay: boolean
  readonly cores: number
  readonly threads: number
  readonly checkpointIntervalMs: number
  readonly diskBytesMax: number
}

export function readSpec(dir: string): WorkSpec {
  return JSON.parse(readFileSync(join(dir, WORK_FILE.spec), 'utf8')) as WorkSpec
}
