/** How soon the other operators hear that a decision was lifted. */
import type { ApiClient } from '../../api/index.ts'
import { formatDuration, NetminderError } from '../../base/index.ts'

/** When those hear of it who were told of what is lifted. */
export async function takenBackText(
  client: Pick<ApiClient, 'call'>,
  signal: AbortSignal
): Promise<string> {
  try {
    const { networks, sharing } = await client.call('showNetworkStatus', {}, { signal })
    if (networks.length === 0 || !sharing.is_taking_back) return ''
    return ` The other operators are told within ${formatDuration(sharing.taken_back_within_ms)}.`
  } catch (error) {
    // Networks are turned off, or the token may not ask for them; it is lifted all the same.
    if (error instanceof NetminderError) return ''
    throw error
  }
}
