/** What the front end's `capture` rules keep of a request, in their order, cut to their lengths. */
import type { ClientRequest } from '../client.ts'
import { CAPTURE_LENGTHS } from './haproxy-writer.ts'

/** @param forwarded the addresses that `X-Forwarded-For` names */
export function frontCaptures(
  { agent, referer, bodyBytes }: ClientRequest,
  host: string,
  forwarded: string
): readonly string[] {
  return [
    host,
    '',
    forwarded.slice(0, CAPTURE_LENGTHS.forwardedFor),
    agent.acceptLanguage.slice(0, CAPTURE_LENGTHS.acceptLanguage),
    (referer ?? '').slice(0, CAPTURE_LENGTHS.referer),
    agent.userAgent.slice(0, CAPTURE_LENGTHS.userAgent),
    bodyBytes === undefined ? '' : String(bodyBytes),
    '1',
    '1'
  ]
}
