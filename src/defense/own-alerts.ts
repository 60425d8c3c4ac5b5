/** Finds the alert that somebody means by the beginning of its id, among those that stand. */
import type { NetworkService, ReceivedAlert } from '../network/index.ts'
import { GuardError } from './errors.ts'

const PAGE_LIMIT = 1_000

/** @throws {ALERT_NOT_FOUND | ALERT_AMBIGUOUS | ALERT_NOT_OWN | NETWORK_NOT_JOINED} */
export function getOwnAlert(
  service: Pick<NetworkService, 'alerts'>,
  wanted: { readonly network: string | undefined; readonly idStart: string }
): ReceivedAlert {
  const { network, idStart } = wanted
  const start = idStart.toLowerCase()
  const found: ReceivedAlert[] = []
  let cursor: string | undefined
  do {
    const page = service.alerts({
      limit: PAGE_LIMIT,
      ...(network !== undefined && { network }),
      ...(cursor !== undefined && { cursor })
    })
    found.push(...page.items.filter(({ id }) => id.startsWith(start)))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  // What others said cannot be meant, as long as one of the own is.
  const own = found.filter(({ isOwn }) => isOwn)
  const [alert, other] = own
  if (other !== undefined) {
    const message = `expected the beginning of one id, got that of ${own.length}: give more of it`
    throw new GuardError('ALERT_AMBIGUOUS', message)
  }
  if (alert !== undefined) return alert
  if (found.length > 0) {
    throw new GuardError('ALERT_NOT_OWN', 'expected an alert of this node, got one of another')
  }
  throw new GuardError('ALERT_NOT_FOUND', `expected an alert that stands, got ${start}`)
}
