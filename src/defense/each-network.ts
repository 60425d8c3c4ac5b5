/** Says something in several networks, each for itself: one that refuses keeps nothing from the others. */
import type { NetworkService } from '../network/index.ts'
import type { GuardLogger } from './guard-service-ports.ts'

export interface NetworkRefusal {
  readonly network: string
  /** Said by others: never to be logged. Undefined: in no such network. */
  readonly name: string | undefined
  readonly error: unknown
}

export interface EachTold<T> {
  /** In the order of the networks; those that refused are missing. */
  readonly told: readonly T[]
  readonly refused: readonly NetworkRefusal[]
}

interface EachPorts {
  readonly network: Pick<NetworkService, 'list'>
  readonly logger: Pick<GuardLogger, 'warn'>
}

/** @param only undefined: all that this node is in */
export async function tellEach<T>(
  only: string | undefined,
  { network, logger }: EachPorts,
  tell: (network: string) => Promise<T>
): Promise<EachTold<T>> {
  const joined = network.list()
  const told: T[] = []
  const refused: NetworkRefusal[] = []
  for (const id of only === undefined ? joined.map((one) => one.id) : [only]) {
    try {
      told.push(await tell(id))
    } catch (error) {
      logger.warn({ network: id, error }, 'a network was not told')
      refused.push({ network: id, name: joined.find((one) => one.id === id)?.name, error })
    }
  }
  return { told, refused }
}
