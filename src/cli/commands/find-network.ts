/** Which network a person means. */
import type { OperationResponse } from '../../api/index.ts'
import { CliError } from '../errors.ts'
import type { connect } from '../node-client.ts'

type Client = ReturnType<typeof connect>
type Network = OperationResponse<'listNetworks'>['items'][number]

/** By id, or by a name that only one has. @throws {CLI_INPUT_INVALID} */
export function findNetwork(networks: readonly Network[], named: string): Network {
  const found = networks.filter(({ id, name }) => id === named || name === named)
  const [first, second] = found
  if (first !== undefined && second === undefined) return first
  throw new CliError(
    'CLI_INPUT_INVALID',
    second === undefined
      ? `expected a network of this node, got "${named}": see netminder network list`
      : `expected the name of one network, got that of ${found.length}: give its id`
  )
}

/** @throws {CLI_INPUT_INVALID} */
export async function askNetwork(client: Client, named: string, signal: AbortSignal) {
  const { items } = await client.call('listNetworks', {}, { signal })
  return findNetwork(items, named)
}
