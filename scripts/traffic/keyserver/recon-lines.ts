/** What Hockeypuck writes when somebody connects to its gossip port, and when a partner's certificates have been taken in. */
import type { AddressText } from '../../../src/base/index.ts'
import type { Intent } from '../client.ts'
import type { Draw } from '../draw.ts'
import { endpoint, errorLine, infoLine, reconErrorLines, warningLine } from './hockeypuck-writer.ts'

export interface ReconFacts {
  readonly source: AddressText
  readonly port: number
  readonly intent: Extract<Intent, { kind: 'recon-probe' | 'recon-upsert' }>
  readonly draw: Draw
}

const SERVE = ' label="serve 0.0.0.0:11370"'
const RECON = ' label="recon 0.0.0.0:11370"'
const SEEN_CACHE = 256

export function reconLines(atMs: number, facts: ReconFacts): readonly string[] {
  const { source, port, intent, draw } = facts
  const address = endpoint(source, port)
  if (intent.kind === 'recon-probe') {
    return intent.error === undefined
      ? [warningLine(atMs, `connection rejected from "${address}"`)]
      : reconErrorLines(atMs, { error: intent.error, source, port })
  }
  const remote = ` remoteAddr="${address}"`
  const count = intent.inserted + intent.updated
  const isCached = count > 100 && draw.chance(0.05)
  const peer = `[recon=, http=, weight=0, addr=${source}, ips=[${source}]]`
  const cached = `recovering ${count - 3} instead of ${count} due to seenCache(${SEEN_CACHE})`
  return [
    infoLine(atMs, `accepted recon from ${peer}`, SERVE),
    infoLine(atMs, 'reconciliation done', SERVE + remote),
    infoLine(atMs, `recovering ${count} items`, SERVE + remote),
    infoLine(
      atMs,
      'upsert',
      ` inserted=${intent.inserted}${RECON}${remote} unchanged=0 updated=${intent.updated}`
    ),
    ...(isCached ? [errorLine(atMs, cached, RECON + remote)] : []),
    infoLine(atMs, 'recovery complete', SERVE + remote)
  ]
}
