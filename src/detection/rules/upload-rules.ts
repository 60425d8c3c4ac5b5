/**
 * Uploads of one source. People upload one or two certificates and look them up afterwards; a PKS neighbour forwards one every
 * ten seconds at most (contract §1.8); floods and poisoning show in number, size and repetition.
 */
import { atMostThrottle, hit, lasting, type Rule, type RuleContext, rungOf } from './rule.ts'

/** PKS sends at most one certificate every ten seconds: sixty in ten minutes are still polite for such a sender. */
const PKS_PER_TEN_MINUTES = 66

/** Share of the sizes that lie within `toleranceBytes` of the most crowded one. */
export function sizeModeShare(sizes: readonly number[], toleranceBytes: number): number {
  let best = 0
  for (const centre of sizes) {
    let near = 0
    for (const size of sizes) if (Math.abs(size - centre) <= toleranceBytes) near++
    best = Math.max(best, near)
  }
  return sizes.length === 0 ? 0 : best / sizes.length
}

/**
 * Share of a source's certificates that the keyserver had not known, if its log says; undefined without its log. A keyring
 * sent with `gpg --send-keys` is mostly known already, spam never is.
 */
function newShare({ counts }: RuleContext): number | undefined {
  const fresh = counts.hour('newCertificates')
  const known = counts.hour('knownCertificates')
  return fresh + known < 1 ? undefined : fresh / (fresh + known)
}

/**
 * How much more than a script a sender may upload before it looks like a flood. Companies rotate the keys of everybody at once
 * and key-signing parties meet behind one address, both with GnuPG; their sizes differ, and they look keys up as well.
 */
function patience(context: RuleContext, fresh: number | undefined): number {
  const { counts, detail, session } = context
  if (session.userAgent.startsWith('Hockeypuck/')) {
    // Anybody can call himself so; what a keyserver passes on has every size.
    return sizeModeShare(detail.uploadSizes, 64) > 0.8 ? 2 : PKS_PER_TEN_MINUTES / 6
  }
  if (fresh !== undefined && fresh < 0.3) return 6
  if (counts.hour('gpgUploads') < counts.hour('uploads') * 0.5) return 1
  const isVaried = sizeModeShare(detail.uploadSizes, 64) < 0.5
  const isMixed = counts.hour('lookups') >= counts.hour('uploads')
  return 4 * (isVaried ? 2 : 1) * (isMixed ? 1.5 : 1)
}

export const uploadFlood: Rule = (context) => {
  const { counts, detail } = context
  const uploads = counts.tenMinutes('uploads')
  if (uploads < 4) return undefined
  const fresh = newShare(context)
  const mode = sizeModeShare(detail.uploadSizes, 64)
  const factor = patience(context, fresh)
  // Nothing but new certificates of one size, by the minute: there is nothing to wait for.
  const isMill = fresh !== undefined && fresh > 0.8 && mode > 0.8 && factor === 1
  const banAt = (isMill ? 8 : 12) * factor
  const rung = rungOf(uploads, { watch: 4 * factor, throttle: 6 * factor, ban: banAt })
  const rule = {
    rule: 'upload-flood',
    category: 'upload-flood' as const,
    text: `uploaded ${Math.round(uploads)} times within ten minutes; ${Math.round(mode * 100)} % of the last uploads have nearly one size`,
    counters: {
      uploads,
      new_certificate_share: fresh ?? -1,
      size_mode_share: mode,
      throttle_at: 6 * factor,
      ban_at: banAt
    }
  }
  if (fresh !== undefined && fresh < 0.3) return hit(atMostThrottle(rung), rule)
  return hit(factor > 2 ? lasting(rung) : rung, rule)
}

/** The same over an hour, for patient senders of certificates that nobody knew. */
export const steadyUploads: Rule = (context) => {
  const fresh = context.counts.hour('newCertificates')
  if (fresh < 6) return undefined
  const factor = patience(context, newShare(context))
  const rung = rungOf(fresh, { watch: 6 * factor, throttle: 10 * factor, ban: 20 * factor })
  return hit(factor > 1 ? lasting(rung) : rung, {
    rule: 'steady-uploads',
    category: 'upload-flood',
    text: `added ${Math.round(fresh)} certificates within an hour that the keyserver had not known`,
    counters: { new_certificates: fresh, throttle_at: 10 * factor, ban_at: 20 * factor }
  })
}

/**
 * Large uploads again and again: flooding with third-party signatures or oversized packets (A1, A2). 99 % of real
 * certificates have under 10 kB (contract §4.3), and their owners send them once or twice.
 */
export const largeUploads: Rule = ({ counts }) => {
  const uploads = counts.hour('largeUploads')
  return hit(rungOf(uploads, { watch: 3, throttle: 4, ban: 7 }), {
    rule: 'large-uploads',
    isHard: true,
    category: 'certificate-poisoning',
    text: `sent ${Math.round(uploads)} uploads of more than 16 KiB within an hour`,
    counters: { large_uploads: uploads, throttle_at: 4, ban_at: 7 }
  })
}

/** One certificate changed over and over: each upload adds signatures to a victim (CVE-2019-13050). */
export const sameCertificate: Rule = ({ detail }) => {
  let most = 0
  for (const times of detail.updates.values()) most = Math.max(most, times)
  return hit(rungOf(most, { watch: 4, throttle: 6, ban: 10 }), {
    rule: 'same-certificate',
    isHard: true,
    category: 'certificate-poisoning',
    text: `changed one and the same certificate ${most} times`,
    counters: { updates_of_one_certificate: most, throttle_at: 6, ban_at: 10 }
  })
}

/** The keyserver's own warnings about an upload: certificate, user ID or packet over its limits, unreadable packets. */
export const poisoningNotices: Rule = ({ counts }) => {
  const notices = counts.hour('poisoningNotices')
  const uploads = counts.hour('uploads')
  if (uploads < 2) return undefined
  return hit(rungOf(Math.min(notices, uploads), { watch: 2, throttle: 4, ban: 8 }), {
    rule: 'poisoning-notices',
    isHard: true,
    category: 'certificate-poisoning',
    text: `made the keyserver warn ${Math.round(notices)} times about oversized or unreadable material`,
    counters: { notices, uploads, throttle_at: 4, ban_at: 8 }
  })
}
