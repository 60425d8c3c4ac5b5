/** Who asks, and whether he may. Reading on the UNIX socket needs no token: the file's permissions say who may. */
import type { Endpoint } from '../contract/endpoint.ts'
import { type ApiErrorCode, apiError } from '../errors.ts'
import type { TokenScope, TokenVerifier } from '../ports.ts'

export interface Principal {
  /** For the audit: `token:<name>`, or `socket` without a token. */
  readonly actor: string
  readonly tokenId: string | undefined
  readonly scope: TokenScope | undefined
}

const TOKEN_CHARACTERS_MAX = 512

const REFUSALS: Readonly<Record<'unknown' | 'expired' | 'revoked', ApiErrorCode>> = {
  unknown: 'TOKEN_UNKNOWN',
  expired: 'TOKEN_EXPIRED',
  revoked: 'TOKEN_REVOKED'
}

const INCLUDED: Readonly<Record<TokenScope, readonly string[]>> = {
  read: ['read'],
  respond: ['read', 'respond'],
  train: ['read', 'train'],
  admin: ['read', 'respond', 'train', 'admin']
}

/** Reads the token, if there is one. @throws {TOKEN_UNKNOWN | TOKEN_EXPIRED | TOKEN_REVOKED} */
export function identify(
  authorization: string | undefined,
  verifier: TokenVerifier
): Principal | undefined {
  if (authorization === undefined) return undefined
  const token = /^bearer +(\S+)$/i.exec(authorization)?.[1]
  if (token === undefined || token.length > TOKEN_CHARACTERS_MAX) {
    throw refusal('TOKEN_UNKNOWN', 'expected "Authorization: Bearer <token>", got something else')
  }
  const check = verifier.verify(token)
  if (check.kind !== 'valid') {
    throw refusal(REFUSALS[check.kind], `expected a token in force, got one that is ${check.kind}`)
  }
  const { id, name, scope } = check.identity
  return { actor: `token:${name}`, tokenId: id, scope }
}

/** @throws {TOKEN_MISSING | SCOPE_MISSING} */
export function authorize(
  endpoint: Endpoint,
  principal: Principal | undefined,
  isTrustedReader: boolean
): Principal {
  if (endpoint.scope === 'public' || (endpoint.scope === 'read' && isTrustedReader)) {
    return principal ?? { actor: 'socket', tokenId: undefined, scope: undefined }
  }
  if (principal?.scope === undefined) {
    throw apiError('TOKEN_MISSING', 'expected "Authorization: Bearer <token>", got nothing', {
      headers: { 'WWW-Authenticate': 'Bearer realm="netminder"' }
    })
  }
  if (INCLUDED[principal.scope].includes(endpoint.scope)) return principal
  throw apiError(
    'SCOPE_MISSING',
    `expected a token of scope ${endpoint.scope}, got one of scope ${principal.scope}`,
    {
      headers: {
        'WWW-Authenticate': `Bearer realm="netminder", error="insufficient_scope", scope="${endpoint.scope}"`
      }
    }
  )
}

function refusal(code: ApiErrorCode, message: string) {
  return apiError(code, message, {
    headers: { 'WWW-Authenticate': 'Bearer realm="netminder", error="invalid_token"' }
  })
}
