/** The log as the network sees it; `daemon` hands the node's own in. What a peer said is never logged above debug. */
export interface NetworkLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
  isEnabled(level: 'debug'): boolean
}
