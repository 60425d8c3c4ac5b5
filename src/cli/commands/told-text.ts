/** What a person is told of something that was said in networks: who did not take it, and where nobody hears it yet. */
import type { OperationResponse } from '../../api/index.ts'
import { plain } from '../output.ts'

type Refusal = OperationResponse<'sendAlert'>['refused'][number]
type Network = OperationResponse<'listNetworks'>['items'][number]

export function describeRefusal({ name, network, code, detail }: Refusal): string {
  return plain(`Not told in "${name === '' ? network : name}": ${detail} (${code})`)
}

/** Undefined: everybody who was told has somebody who hears it. */
export function describeUnheard(
  told: readonly { readonly network: string }[],
  networks: readonly Pick<Network, 'id' | 'name' | 'is_alone'>[]
): string | undefined {
  const alone = networks.filter(
    ({ id, is_alone: isAlone }) => isAlone && told.some(({ network }) => network === id)
  )
  if (alone.length === 0) return undefined
  const names = alone.map(({ name }) => `"${name}"`).join(', ')
  return plain(
    `No other node of ${names} is connected: who connects before it ends hears it then. "netminder doctor" says why nobody is there.`
  )
}
