/** `%U`: how many bytes a request has at the outer front end, and how many more at the inner one. Fitted to the recording. */
import type { AddressText } from '../../../src/base/index.ts'
import type { ClientRequest } from '../client.ts'
import { rewritten } from './haproxy-model.ts'

/** Of the request line, its headers and its body. */
export function requestBytes(request: ClientRequest, host: string): number {
  const { agent, referer, forwardedFor, bodyBytes } = request
  const header = (name: number, value: string | undefined) =>
    value === undefined || value === '' ? 0 : name + 4 + Buffer.byteLength(value)
  const line = request.method.length + request.target.length + 12
  const body = bodyBytes === undefined ? 0 : bodyBytes + 63
  return (
    line +
    header(4, host) +
    header(10, agent.userAgent) +
    header(15, agent.acceptLanguage) +
    header(7, referer) +
    header(15, forwardedFor) +
    agent.otherBytes +
    2 +
    body
  )
}

/** Headers that HAProxy adds on the way in, less those that it takes away. */
export function addedBytes(request: ClientRequest, host: string): number {
  const { agent, source, target } = request
  const longer = rewritten(target).length - target.length
  const connection = agent.httpVersion === '2.0' ? -7 : agent.sendsConnection ? -12 : 13
  return longer + 2 * (source.length + 19) + (agent.isTls ? 26 : 25) + host.length + 20 + connection
}

/** `X-Forwarded-For` as a proxy in front sends it on. */
export function forwardedChain(forwardedFor: string | undefined, source: AddressText): string {
  return forwardedFor === undefined || forwardedFor === '' ? source : `${forwardedFor}, ${source}`
}
