/**
 * The effective configuration as it may be shown. Secrets are never values of a configuration, so what is left to hide is
 * a password that somebody wrote into an address all the same.
 */
import type { Config } from './schema.ts'

const REDACTED = '[redacted]'

/** A copy in which the user and password of every URL are replaced. */
export function redactConfig(config: Config): Config {
  return redactValue(config) as Config
}

function redactValue(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${REDACTED}@`)
  }
  if (Array.isArray(value)) return value.map(redactValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redactValue(inner)]))
}
