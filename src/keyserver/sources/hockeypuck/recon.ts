/** What Hockeypuck's lines about recon (reconciliation with its gossip partners) say. */
import { type AddressText, findAddress } from '../../../base/index.ts'
import type { ReconEvent } from '../../events.ts'
import type { LogrusLine } from './logrus.ts'

export interface ReconFact {
  readonly what: ReconEvent['what']
  readonly peer: AddressText | undefined
}

/** Undefined if the line is not about recon, or says nothing that another line does not say better. */
export function findReconFact(line: LogrusLine): ReconFact | undefined {
  const { message } = line
  const remote = () => addressOfEndpoint(line.fields.get('remoteAddr') ?? '')
  if (message === 'upsert') return { what: 'upserted', peer: remote() }
  if (message === 'recovery complete') return { what: 'recovered', peer: remote() }
  if (message.startsWith('mismatched ')) return { what: 'mismatched', peer: remote() }
  if (message.startsWith('accepted recon from ')) {
    return { what: 'accepted', peer: addressOfPartner(message) }
  }
  if (message.startsWith('initiating recon to ')) {
    return { what: 'initiated', peer: addressOfPartner(message) }
  }
  if (message.startsWith('connection rejected from ')) {
    const quoted =
      /"([^"]*)"/.exec(message)?.[1] ?? message.slice('connection rejected from '.length)
    return { what: 'rejected', peer: addressOfEndpoint(quoted) }
  }
  const failed = /^recon with (\S+) failed$/.exec(message)
  if (failed !== null)
    return { what: 'failed', peer: addressOfEndpoint(failed[1] ?? '') ?? remote() }
  return undefined
}

/** `[recon=host:port, http=…, weight=0, addr=127.0.2.2:21380, ips=[127.0.2.2]]`; the port may be missing. */
function addressOfPartner(message: string): AddressText | undefined {
  const text = /[[\s]addr=(\[[^\]]+\](?::\d+)?|[^,\]\s]+)/.exec(message)?.[1]
  return text === undefined ? undefined : addressOfEndpoint(text)
}

/** Address of `1.2.3.4:80`, `[2001:db8::1]:80`, or of either without a port. */
export function addressOfEndpoint(text: string): AddressText | undefined {
  const whole = findAddress(text)
  if (whole !== undefined) return whole
  const colon = text.lastIndexOf(':')
  return colon < 0 ? undefined : findAddress(text.slice(0, colon))
}
