/** Names of gossip topics, stream protocols and gossip messages of one network. */
import { sha256 } from './bytes.ts'
import { TOPICS, type Topic } from './event/kinds.ts'
import { NETWORK_ID_BYTES } from './limits.ts'

export const PROTOCOLS = ['sync', 'fetch', 'kad'] as const
export type Protocol = (typeof PROTOCOLS)[number]

export function networkIdText(network: Uint8Array): string {
  return Buffer.from(network).toString('hex')
}

/** Undefined if the text is not 32 hexadecimal digits. */
export function findNetworkId(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{32}$/i.test(text)
    ? new Uint8Array(Buffer.from(text, 'hex').subarray(0, NETWORK_ID_BYTES))
    : undefined
}

export function topicName(network: Uint8Array, topic: Topic): string {
  return `/netminder/${networkIdText(network)}/${topic}/1`
}

export function protocolId(network: Uint8Array, protocol: Protocol): string {
  return `/netminder/${networkIdText(network)}/${protocol}/1.0.0`
}

/** Undefined for a name that is not one of ours. */
export function findTopic(name: string): { network: Uint8Array; topic: Topic } | undefined {
  const [, hex = '', word = ''] = /^\/netminder\/([0-9a-f]{32})\/([a-z]+)\/1$/.exec(name) ?? []
  const network = findNetworkId(hex)
  const topic = TOPICS.find((other) => other === word)
  return network === undefined || topic === undefined ? undefined : { network, topic }
}

const MESSAGE_ID_HEAD = Buffer.from('netminder-mid/1\0')
const MESSAGE_ID_BYTES = 20

/**
 * Bound to the topic: what is replayed on another one does not look like what was seen on the first. Bound to the whole envelope
 * (its SHA-256) and not to the event's id: gossipsub notes an id before anybody has checked the signature, so a forged copy under the id
 * of the genuine event would keep that one away, and cost those who forward it their score.
 */
export function gossipMessageId(topic: string, envelopeDigest: Uint8Array): Uint8Array {
  return sha256(MESSAGE_ID_HEAD, Buffer.from(topic), envelopeDigest).subarray(0, MESSAGE_ID_BYTES)
}
