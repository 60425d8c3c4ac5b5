/** What the process that trains tells the node: one JSON object a line, on standard output. */
import { writeSync } from 'node:fs'

export type WorkReport =
  | { readonly type: 'progress'; readonly step: string; readonly share: number }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'done'; readonly report: unknown }

const STDOUT = 1

/** Waits until it is written: what is said is said even if the process dies a moment later. */
export function say(report: WorkReport): void {
  const bytes = Buffer.from(`${JSON.stringify(report)}\n`)
  for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at)
}
