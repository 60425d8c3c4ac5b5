/**
 * Requests that no keyserver client sends: scanners, injection probes, open-proxy probes, bytes that are no HTTP, slow clients.
 * What the proxy answered does not matter here; what was asked does. Each rule speaks only on a request of its kind: a source
 * whose block has ended is judged by what it does next, not once more by what it was blocked for.
 */
import { isCrashProbe, isInjection, isScan } from '../observation.ts'
import { hit, lasting, type Rule, rungOf } from './rule.ts'

/**
 * Dotfiles, administration pages, scripts of other software (contract §4.2, A14). One may be a slip; two are a list. One path asked
 * for all day is what a monitor does that was set up for another server: it is slowed down for as long, and does not add up to a ban.
 */
export const scannerPath: Rule = ({ counts, observation }) => {
  if (observation === undefined || !isScan(observation)) return undefined
  const paths = counts.hour('scannerPaths')
  const banAt = observation.agent === 'scanner' ? 1 : 2
  const rung = rungOf(paths, { throttle: 1, ban: banAt })
  return hit(rung.level === 'throttle' ? lasting(rung) : rung, {
    rule: 'scanner-path',
    isHard: true,
    category: 'scanner',
    text: `asked for ${Math.round(paths)} path(s) that belong to other software and that scanners try`,
    counters: { scanner_paths: paths, ban_at: banAt }
  })
}

/** Unknown paths without such a mark: a directory scan walks hundreds; a person or a search engine strays over a handful. */
export const strayPaths: Rule = ({ counts, observation }) => {
  if (observation?.action !== 'foreign') return undefined
  const paths = counts.hour('foreignPaths')
  return hit(rungOf(paths, { watch: 4, throttle: 6, ban: 10 }), {
    rule: 'stray-paths',
    isHard: true,
    category: 'scanner',
    text: `asked for ${Math.round(paths)} different paths that no keyserver has`,
    counters: { foreign_paths: paths, throttle_at: 6, ban_at: 10 }
  })
}

/** A program that says in its user agent that it scans. */
export const scannerAgent: Rule = ({ counts, observation }) => {
  if (observation?.agent !== 'scanner') return undefined
  const requests = counts.hour('requests')
  return hit(rungOf(requests, { throttle: 1, ban: 3 }), {
    rule: 'scanner-agent',
    isHard: true,
    category: 'scanner',
    text: `calls itself a scanner (${observation.event.userAgent.slice(0, 60)})`,
    counters: { requests: requests, ban_at: 3 }
  })
}

/** SQL, shell, script, traversal or template payloads inside an HKP request (A15). */
export const injection: Rule = ({ counts, observation }) => {
  if (observation === undefined || !isInjection(observation)) return undefined
  const probes = counts.hour('injections')
  const banAt = observation.agent === 'scanner' ? 1 : 3
  return hit(rungOf(probes, { throttle: 1, ban: banAt }), {
    rule: 'injection',
    isHard: true,
    category: 'scanner',
    text: `sent ${Math.round(probes)} request(s) with an injection payload`,
    counters: { injections: probes, ban_at: banAt }
  })
}

/** NUL bytes, control characters and invalid UTF-8, which have crashed keyservers (hockeypuck #453, #458; A19). */
export const crashProbe: Rule = ({ counts, observation }) => {
  if (observation === undefined || !isCrashProbe(observation)) return undefined
  const probes = counts.hour('crashProbes')
  return hit(rungOf(probes, { watch: 1, throttle: 3, ban: 6 }), {
    rule: 'crash-probe',
    isHard: true,
    category: 'other',
    text: `sent ${Math.round(probes)} request(s) with NUL, control characters or invalid UTF-8`,
    counters: { crash_probes: probes, throttle_at: 3, ban_at: 6 }
  })
}

/** Bytes that are no HTTP. A person's mistyped URL gives one; a port scanner gives a series and nothing else. */
export const malformed: Rule = ({ counts, observation }) => {
  if (observation?.action !== 'malformed') return undefined
  const requests = counts.hour('malformedRequests')
  if (counts.hour('hkpRequests') > requests / 2) return undefined
  return hit(rungOf(requests, { watch: 1, throttle: 3, ban: 12 }), {
    rule: 'malformed',
    isHard: true,
    category: 'scanner',
    text: `sent ${Math.round(requests)} request(s) that are no HTTP, and hardly anything else`,
    counters: { malformed_requests: requests, throttle_at: 3, ban_at: 12 }
  })
}

/** Requests that were begun and never ended: slow-HTTP attacks hold connections that way (A16). */
export const slowRequests: Rule = ({ counts, observation }) => {
  if (observation?.event.outcome !== 'timed-out') return undefined
  const timeouts = counts.tenMinutes('timeouts')
  return hit(rungOf(timeouts, { watch: 5, throttle: 12, ban: 40 }), {
    rule: 'slow-requests',
    isHard: true,
    category: 'connection-flood',
    text: `let ${Math.round(timeouts)} requests time out within ten minutes`,
    counters: { timeouts, throttle_at: 12, ban_at: 40 }
  })
}

/** Failed signatures on delete and replace: only the certificate's owner or an administrator can sign (A17). */
export const refusedSubmissions: Rule = ({ counts, observation }) => {
  if (observation?.action !== 'admin') return undefined
  const refused = counts.hour('refusedSubmissions')
  return hit(rungOf(refused, { watch: 2, throttle: 3, ban: 6 }), {
    rule: 'refused-submissions',
    isHard: true,
    category: 'brute-force',
    text: `tried ${Math.round(refused)} times to delete or replace certificates without a valid signature`,
    counters: { refused_submissions: refused, throttle_at: 3, ban_at: 6 }
  })
}

/** Connections to the recon port that Hockeypuck turned away, or that spoke no recon (A18). Partners are protected elsewhere. */
export const reconProbe: Rule = ({ counts }) => {
  const refusals = counts.hour('reconRefusals') + counts.hour('reconFailures')
  return hit(rungOf(refusals, { watch: 2, throttle: 5, ban: 15 }), {
    rule: 'recon-probe',
    isHard: true,
    category: 'recon-abuse',
    text: `connected ${Math.round(refusals)} times to the recon port without being a partner`,
    counters: { recon_refusals: refusals, throttle_at: 5, ban_at: 15 }
  })
}

/**
 * Five requests a second, sustained for ten minutes. The largest refresh of a keyring (500 certificates) and the busiest
 * gateway of the recorded traffic stay under a sixth of it.
 */
export const requestFlood: Rule = ({ counts }) => {
  const requests = counts.tenMinutes('requests')
  return hit(lasting(rungOf(requests, { watch: 1_500, throttle: 3_000, ban: 12_000 })), {
    rule: 'request-flood',
    isHard: true,
    category: 'http-flood',
    text: `sent ${Math.round(requests)} requests within ten minutes`,
    counters: { requests, throttle_at: 3_000, ban_at: 12_000 }
  })
}
