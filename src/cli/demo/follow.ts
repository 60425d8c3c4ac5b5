/** Plays the traffic and shows what the node makes of it, until every step has happened or somebody has seen enough. */
import type { OperationResponse } from '../../api/index.ts'
import { type Clock, formatDuration } from '../../base/index.ts'
import type { DemoNetwork } from './demo-network.ts'
import { EventQueue } from './event-queue.ts'
import { NetworkShow } from './network-show.ts'
import type { Recording } from './recording.ts'
import type { Sandbox } from './sandbox.ts'
import { Show, type ShowPorts } from './show.ts'
import { type PlayedLog, playTraffic, recordedSpan } from './traffic-player.ts'

/** Everything that was set up. */
export interface Stage extends ShowPorts {
  readonly network: DemoNetwork
}

export interface Piece {
  readonly recording: Recording
  readonly sandbox: Sandbox
  readonly speed: number
  readonly isOnce: boolean
}

type NodeStatus = OperationResponse<'showStatus'>

const LOOP_MS = 100
const STATUS_MS = 500
/** So much traffic without a block is called quiet. */
const QUIET_EVENTS = 500
/** After the last line was written, for the node to read it and decide. */
const SETTLE_MS = 4_000

export async function follow(stage: Stage, piece: Piece, signal: AbortSignal): Promise<void> {
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const queue = new EventQueue()
  const player = new Player(stage, piece)
  const networkShow = new NetworkShow({ ...stage, signal: both })
  stage.screen.startClock()
  // Both keep their failure for the one who watches.
  const work = Promise.all([queue.listen(stage.client, both), player.play(both)])
  try {
    await watch(stage, { queue, player, networkShow, isOnce: piece.isOnce }, signal)
    await networkShow.conclude()
  } finally {
    ending.abort()
    await Promise.all([work, networkShow.ended()])
  }
}

interface Watched {
  readonly queue: EventQueue
  readonly player: Player
  readonly networkShow: NetworkShow
  readonly isOnce: boolean
}

async function watch(stage: Stage, watched: Watched, signal: AbortSignal): Promise<void> {
  const { clock, network, steps } = stage
  const { queue, player, networkShow, isOnce } = watched
  const show = new Show(stage)
  let statusAtMs = clock.monotonicMs()
  while (!signal.aborted) {
    network.requireRunning()
    player.requireWell()
    const event = queue.take()
    if (event?.kind === 'decided') {
      networkShow.decided(event.decision)
      await show.decided(event.decision)
    }
    if (event?.kind === 'ended') await show.ended(event.decision, event.why)
    if (event?.kind === 'warned') {
      await networkShow.warned(event.alert).catch((error: unknown) => {
        // Somebody has seen enough: what did not arrive until then is no fault.
        if (!signal.aborted) throw error
      })
    }
    await networkShow.advance()
    if (isOnce && steps.isShowOver) return
    await show.liftIfDue()
    if (clock.monotonicMs() >= statusAtMs) {
      statusAtMs = clock.monotonicMs() + STATUS_MS
      const status = await stage.client.call('showStatus', {})
      await noteStatus(stage, show, status)
      const { ban, throttle } = status.active_decisions
      const isCalm = ban + throttle === 0 && event === undefined && networkShow.isIdle
      if (isOnce && player.isOver && isCalm) return
    }
    if (event === undefined) await clock.sleep(LOOP_MS, signal).catch(() => undefined)
  }
}

async function noteStatus(stage: Stage, show: Show, status: NodeStatus): Promise<void> {
  const { screen, steps } = stage
  const events = status.events_total.toLocaleString('en')
  const sources = status.components.filter(({ name }) => name.startsWith('source '))
  const areRead = sources.every(({ state, detail }) => state === 'ok' && !detail.startsWith('0 '))
  if (sources.length === 2 && areRead) {
    steps.note('following', sources.map(({ name, detail }) => `${name}: ${detail}`).join(', '))
  }
  if (show.blockedCount === 0 && status.events_total >= QUIET_EVENTS && !steps.isDone('quiet')) {
    const seen = `${events} events from ${status.sources_tracked} addresses`
    steps.note('quiet', seen)
    await screen.news('quiet   ', `${seen}: all of them let through`, 'good')
  }
  const { ban, throttle } = status.active_decisions
  await screen.status(
    `watching  ${events} events from ${status.sources_tracked} addresses; in force: ban ${ban}, throttle ${throttle}; ended: ${show.endedCount}`
  )
}

/** Plays the recording once, or over and over. */
class Player {
  readonly #clock: Clock
  readonly #stage: Stage
  readonly #piece: Piece
  #failure: unknown
  #isOver = false

  constructor(stage: Stage, piece: Piece) {
    this.#clock = stage.clock
    this.#stage = stage
    this.#piece = piece
  }

  /** Everything was played, and the node has had time to read it. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** @throws what ended the playing */
  requireWell(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async play(signal: AbortSignal): Promise<void> {
    const { recording, sandbox, speed, isOnce } = this.#piece
    const logs: readonly PlayedLog[] = [
      { format: 'haproxy', lines: recording.haproxy, target: sandbox.haproxyLog },
      { format: 'hockeypuck', lines: recording.hockeypuck, target: sandbox.hockeypuckLog }
    ]
    const { lengthMs } = recordedSpan(logs)
    try {
      do {
        await playTraffic({ logs, speed }, this.#clock, signal)
        await this.#clock.sleep(SETTLE_MS, signal)
        if (isOnce || lengthMs === 0) break
        const length = formatDuration(lengthMs)
        await this.#stage.screen.news('again   ', `the recording (${length}) starts over`, 'faint')
      } while (!signal.aborted)
      this.#isOver = true
    } catch (error) {
      if (!signal.aborted) this.#failure = error
    }
  }
}
