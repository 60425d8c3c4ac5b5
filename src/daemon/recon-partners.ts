/** Reads the recon partners out of Hockeypuck's statistics; keys differ in case between releases (contract §0.3). Pure. */

export interface Partner {
  readonly name: string
  /** Host of the HTTP or recon address: a name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string
}

type Tree = Readonly<Record<string, unknown>>

function field(tree: Tree, name: string): unknown {
  for (const [key, value] of Object.entries(tree)) if (key.toLowerCase() === name) return value
  return undefined
}

function hostOf(address: unknown): string | undefined {
  if (typeof address !== 'string') return undefined
  const match = /^(\[[0-9a-f:.]+\]|[^:/\s]+)(?::\d{1,5})?$/i.exec(address.trim())
  const host = match?.[1]
  // Masked partners read k****g: their address is not to be known.
  return host === undefined || host.includes('*') ? undefined : host
}

/** @throws {SyntaxError} if the text is no JSON */
export function parsePartners(text: string): Partner[] {
  const stats: unknown = JSON.parse(text)
  if (typeof stats !== 'object' || stats === null) return []
  const peers = field(stats as Tree, 'peers')
  if (!Array.isArray(peers)) return []
  const partners: Partner[] = []
  for (const peer of peers as unknown[]) {
    if (typeof peer !== 'object' || peer === null) continue
    const name = field(peer as Tree, 'name')
    const hosts = new Set<string>()
    for (const key of ['httpaddr', 'reconaddr']) {
      const host = hostOf(field(peer as Tree, key))
      if (host !== undefined) hosts.add(host)
    }
    for (const host of hosts) partners.push({ name: typeof name === 'string' ? name : '', host })
  }
  return partners
}
