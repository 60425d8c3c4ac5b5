/**
 * Where the audit ends, kept outside the database: without it, cutting entries off the end would leave a chain that is whole.
 * Written after each commit, so it can be behind by what the last transaction added if the process died in between. Who can
 * write both files can still forge both; against that only a copy of the head on another machine helps.
 */
import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../base/index.ts'
import { replaceFileSync } from './atomic-file.ts'
import { isSystemError } from './data-directory.ts'

export interface AuditHead {
  readonly count: number
  /** Hexadecimal. */
  readonly hash: string
}

export type AuditHeadReading =
  | { readonly kind: 'present'; readonly head: AuditHead }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly detail: string }

const FORMAT = 1
const BYTES_MAX = 4_096

export function readAuditHead(path: string): AuditHeadReading {
  try {
    const { size } = statSync(path)
    if (size > BYTES_MAX) return { kind: 'unreadable', detail: `it has ${size} bytes` }
    const head = parseHead(readFileSync(path, 'utf8'))
    return head === undefined
      ? { kind: 'unreadable', detail: 'it is no head of an audit' }
      : { kind: 'present', head }
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return { kind: 'absent' }
    return { kind: 'unreadable', detail: messageOf(error) }
  }
}

function parseHead(text: string): AuditHead | undefined {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return undefined
  if (!('format' in value && 'count' in value && 'hash' in value)) return undefined
  const { format, count, hash } = value
  if (format !== FORMAT || !Number.isSafeInteger(count) || typeof hash !== 'string')
    return undefined
  return /^[0-9a-f]{64}$/.test(hash) ? { count: Number(count), hash } : undefined
}

/** @throws {DISK_FULL | DATABASE_READ_ONLY | DATABASE_IO_FAILED | DATA_DIRECTORY_UNUSABLE} */
export function writeAuditHead(path: string, head: AuditHead): void {
  replaceFileSync(path, `${JSON.stringify({ format: FORMAT, ...head })}\n`)
}
