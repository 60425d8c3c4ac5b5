/** Reads tables of the Linux kernel and resolv.conf (proc(5), resolv.conf(5)). Pure; what does not parse is passed over. */

/** Little-endian hexadecimal of `/proc/net/route`: `0102A8C0` is 192.168.2.1. */
function ipv4FromHex(text: string): string | undefined {
  if (!/^[0-9A-F]{8}$/i.test(text)) return undefined
  const bytes = text.match(/../g) ?? []
  return bytes
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

function ipv6FromHex(text: string): string | undefined {
  if (!/^[0-9a-f]{32}$/i.test(text)) return undefined
  return (text.match(/.{4}/g) ?? []).join(':')
}

/** `/proc/net/tcp6` holds four 32-bit words in host (little-endian) order. */
function ipv6FromWords(text: string): string | undefined {
  if (!/^[0-9A-F]{32}$/i.test(text)) return undefined
  const words = (text.match(/.{8}/g) ?? []).map((word) =>
    (word.match(/../g) ?? []).reverse().join('')
  )
  return ipv6FromHex(words.join(''))
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .slice(0, 100_000)
    .map((line) => line.trim().split(/\s+/))
}

/** Gateways of default routes in `/proc/net/route`. */
export function parseIpv4Gateways(text: string): string[] {
  const gateways: string[] = []
  for (const [, destination, gateway] of rows(text)) {
    if (destination !== '00000000' || gateway === undefined || gateway === '00000000') continue
    const address = ipv4FromHex(gateway)
    if (address !== undefined) gateways.push(address)
  }
  return gateways
}

/** Gateways of default routes in `/proc/net/ipv6_route`. */
export function parseIpv6Gateways(text: string): string[] {
  const gateways: string[] = []
  for (const [destination, length, , , gateway] of rows(text)) {
    if (!/^0{32}$/.test(destination ?? '') || length !== '00') continue
    const address = ipv6FromHex(gateway ?? '')
    if (address !== undefined && !/^0{32}$/.test(gateway ?? '')) gateways.push(address)
  }
  return gateways
}

export function parseResolvers(text: string): string[] {
  const resolvers: string[] = []
  for (const [keyword, address] of rows(text)) {
    if (keyword === 'nameserver' && address !== undefined) resolvers.push(address)
  }
  return resolvers
}

const ESTABLISHED = '01'

/** Remote addresses of established connections to the given local ports, from `/proc/net/tcp` or `tcp6`. */
export function parseTcpPeers(text: string, localPorts: readonly number[]): string[] {
  const peers = new Set<string>()
  for (const [, local, remote, state] of rows(text)) {
    if (state !== ESTABLISHED || local === undefined || remote === undefined) continue
    const port = Number.parseInt(local.split(':')[1] ?? '', 16)
    if (!localPorts.includes(port)) continue
    const hex = remote.split(':')[0] ?? ''
    const address = hex.length === 8 ? ipv4FromHex(hex) : ipv6FromWords(hex)
    if (address !== undefined) peers.add(address)
  }
  return [...peers]
}
