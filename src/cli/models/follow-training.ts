/** Waits for a training and shows how far it is: a bar on a terminal, else a line now and then. */
import { setTimeout as wait } from 'node:timers/promises'
import type { ApiClient, OperationResponse } from '../../api/index.ts'
import { isAbortError } from '../../base/index.ts'
import type { CliContext } from '../context.ts'
import { plain } from '../output.ts'
import { ProgressBar } from './progress-bar.ts'
import { leftText } from './training-text.ts'

type Training = OperationResponse<'showTraining'>

const POLL_MS = 1_000
/** Lines where there is no bar: one each tenth. */
const SHARE_STEP = 0.1

/** @returns the training as it ended. Ctrl-C ends the waiting, and not the training. */
export async function followTraining(
  job: Training,
  client: Pick<ApiClient, 'call'>,
  { io, clock, signal }: CliContext
): Promise<Training> {
  const bar = new ProgressBar(io, clock)
  const params = { id: job.id }
  let said = { step: '', share: -1 }
  let now = job
  try {
    while (now.state === 'queued' || now.state === 'running') {
      const step = now.state === 'queued' ? 'waiting' : now.step || 'starting'
      bar.show(plain(step), now.progress, leftText(now.eta_seconds))
      if (!io.isInteractive && (step !== said.step || now.progress - said.share >= SHARE_STEP)) {
        said = { step, share: now.progress }
        io.talk(plain(`netminder: ${Math.floor(now.progress * 100)} %, ${step}`))
      }
      await wait(POLL_MS, undefined, { signal })
      now = await client.call('showTraining', { params }, { signal })
    }
    return now
  } catch (error) {
    if (isAbortError(error)) {
      bar.clear()
      io.talk(
        `The training goes on. "netminder models jobs show ${job.id} --follow" comes back to it, "netminder models jobs cancel ${job.id}" ends it.`
      )
    }
    throw error
  } finally {
    bar.clear()
  }
}
