/** What the API needs besides the guard, as it wants to see it; `daemon` hands the real ones in. */
import type { Actor, Page } from '../defense/index.ts'

/** `admin` includes every other scope, each of the others includes `read`. */
export const TOKEN_SCOPES = ['read', 'respond', 'train', 'admin'] as const
export type TokenScope = (typeof TOKEN_SCOPES)[number]

export interface TokenIdentity {
  readonly id: string
  readonly name: string
  readonly scope: TokenScope
}

export type TokenCheck =
  | { readonly kind: 'valid'; readonly identity: TokenIdentity }
  | { readonly kind: 'unknown' | 'expired' | 'revoked' }

export interface TokenVerifier {
  /** Takes constant time over the secret part. */
  verify(token: string): TokenCheck
}

export interface TokenRecord extends TokenIdentity {
  readonly createdAtMs: number
  readonly createdBy: Actor
  /** Undefined: never. */
  readonly expiresAtMs: number | undefined
  readonly revokedAtMs: number | undefined
  readonly lastUsedAtMs: number | undefined
}

export interface TokenAdmin {
  /** At most 1 000, newest first. */
  list(): readonly TokenRecord[]
  /** The only moment at which the token itself is known. @throws {TOKEN_NAME_TAKEN | TOKEN_LIMIT_REACHED} */
  create(
    token: {
      readonly name: string
      readonly scope: TokenScope
      readonly expiresAtMs: number | undefined
    },
    actor: Actor
  ): { readonly record: TokenRecord; readonly token: string }
  /** @throws {TOKEN_NOT_FOUND} */
  revoke(id: string, actor: Actor): void
}

export interface AuditRecord {
  /** 1, 2, 3 … without gaps. */
  readonly sequence: number
  readonly atMs: number
  readonly actor: Actor
  readonly action: string
  readonly target: string
  readonly before: unknown
  readonly after: unknown
  readonly reason: string
  /** Hexadecimal hash over this row and the hash of the one before. */
  readonly hash: string
}

export interface AuditQuery {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly target?: string | undefined
  readonly sinceMs?: number | undefined
  readonly cursor?: string | undefined
  /** 1–1000. */
  readonly limit: number
}

export interface AuditVerification {
  readonly rows: number
  /** At most 100. Empty if the chain is whole. */
  readonly faults: readonly {
    readonly sequence: number
    readonly kind: 'changed' | 'removed' | 'truncated'
    readonly detail: string
  }[]
}

export interface AuditReader {
  /** Newest first. */
  list(query: AuditQuery): Page<AuditRecord>
  verify(): AuditVerification | Promise<AuditVerification>
}

export interface MetricsText {
  readonly contentType: string
  text(): Promise<string>
}

export interface ComponentState {
  readonly name: string
  /** `degraded` works in part and does not make the node unready. */
  readonly state: 'ok' | 'degraded' | 'failed'
  readonly detail: string
}

export interface Readiness {
  components(): readonly ComponentState[]
}

/** A log as the running node reads it, whether its configuration or an option of its start says so. */
export interface FollowedLog {
  readonly format: 'haproxy' | 'nginx' | 'hockeypuck'
  readonly kind: 'file' | 'docker-json' | 'pipe' | 'syslog'
  /** Empty for syslog. */
  readonly path: string
  readonly behindProxy: 'none' | 'proxy' | 'cloudflare'
  /** Empty: the machine's. */
  readonly timeZone: string
}

export interface NodeFacts {
  readonly name: string
  readonly version: string
  readonly follows: readonly FollowedLog[]
  readonly treatAsPublic: readonly string[]
}
