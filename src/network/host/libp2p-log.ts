/** libp2p's log in ours, at debug: it holds what peers said, and that is never logged higher. Traces are left out. */
import { format } from 'node:util'
import type { ComponentLogger, Logger } from '@libp2p/interface'
import type { NetworkLog } from './log.ts'

export function bridgeLog(log: NetworkLog): ComponentLogger {
  return { forComponent: (name) => bridge(log, name) }
}

function bridge(log: NetworkLog, name: string): Logger {
  const write = (formatter: unknown, args: readonly unknown[]) => {
    if (!log.isEnabled('debug')) return
    log.debug({ libp2p: name, text: textOf(formatter, args) }, 'libp2p')
  }
  const logger = (formatter: unknown, ...args: unknown[]) => write(formatter, args)
  return Object.assign(logger, {
    error: (formatter: unknown, ...args: unknown[]) => write(formatter, args),
    trace: () => undefined,
    enabled: log.isEnabled('debug'),
    newScope: (scope: string) => bridge(log, `${name}:${scope}`)
  })
}

/** libp2p's own verbs (%p peer, %a address, %e error, %b base58, …) are all text here. */
function textOf(formatter: unknown, args: readonly unknown[]): string {
  if (typeof formatter !== 'string') return format(formatter, ...args)
  return format(formatter.replaceAll(/%[a-ce-hk-np-rt-zA-Z]/g, '%s'), ...args.map(simple))
}

function simple(value: unknown): unknown {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return typeof value === 'object' && value !== null ? String(value) : value
}
