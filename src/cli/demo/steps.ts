/** What must have happened for the demo to be a success, each by name. */

export interface Step {
  readonly title: string
  /** What was seen; undefined as long as it has not happened. */
  seen: string | undefined
}

const COMMON = {
  following: 'a node with its own data directory follows both logs',
  enforcing: 'enforce mode was set through the API and stands in the audit',
  networked: 'three nodes of their own form a network by an invitation',
  seated: 'a new node judges by the model that comes with the program',
  quiet: 'quiet traffic passes without a block',
  'upload-flood': 'an upload flood is detected',
  harvesting: 'harvesting by search is detected',
  scanner: 'a scanner is detected',
  judged: 'the model that judged is named, and says what it went by',
  throttled: 'a throttle is written where HAProxy looks',
  banned: 'a ban is written where HAProxy looks',
  explained: 'the node explains a decision: rules, counters, lines',
  expired: 'a decision ends by itself when its time is over',
  lifted: 'a decision is lifted by hand',
  alerted: 'the attacked node tells the network in a signed alert',
  heard: 'the alert is verified and stored at every other node',
  voted: 'its vote to block is counted there',
  'caught-up': 'a fourth node joins late and catches up on what it missed',
  hearsay: 'none of the others blocks anybody on hearsay',
  harmless: 'no harmless address was banned',
  audited: 'the audit chain is intact'
} as const

const WITH_HAPROXY = {
  'answers-before': 'HAProxy serves an address that did nothing',
  'refuses-throttled': 'HAProxy answers a throttled address with 429',
  'refuses-banned': 'HAProxy closes the connection of a banned address',
  'serves-expired': 'HAProxy serves an address again whose time is over',
  'serves-lifted': 'HAProxy serves an address again whose block was lifted'
} as const

export type StepId = keyof typeof COMMON | keyof typeof WITH_HAPROXY

/** In the order in which they are expected. */
const ORDER: readonly StepId[] = [
  'following',
  'enforcing',
  'networked',
  'answers-before',
  'seated',
  'quiet',
  'upload-flood',
  'harvesting',
  'scanner',
  'judged',
  'throttled',
  'refuses-throttled',
  'banned',
  'refuses-banned',
  'alerted',
  'heard',
  'voted',
  'explained',
  'lifted',
  'serves-lifted',
  'expired',
  'serves-expired',
  'caught-up',
  'hearsay',
  'harmless',
  'audited'
]

/** Known at the end only. */
const AT_THE_END: readonly StepId[] = ['hearsay', 'harmless', 'audited']

export class Steps {
  readonly #steps = new Map<StepId, Step>()

  constructor(options: { readonly hasHaproxy: boolean }) {
    const titles: Partial<Record<StepId, string>> = options.hasHaproxy
      ? { ...COMMON, ...WITH_HAPROXY }
      : COMMON
    for (const id of ORDER) {
      const title = titles[id]
      if (title !== undefined) this.#steps.set(id, { title, seen: undefined })
    }
  }

  /** The first time counts. Steps that this demo cannot have are ignored. */
  note(id: StepId, seen: string): void {
    const step = this.#steps.get(id)
    if (step !== undefined) step.seen ??= seen
  }

  isDone(id: StepId): boolean {
    return this.#steps.get(id)?.seen !== undefined
  }

  /** Everything that has to happen while the traffic plays. */
  get isShowOver(): boolean {
    return [...this.#steps].every(([id, { seen }]) => seen !== undefined || AT_THE_END.includes(id))
  }

  all(): readonly Readonly<Step>[] {
    return [...this.#steps.values()]
  }

  missing(): readonly string[] {
    return this.all()
      .filter(({ seen }) => seen === undefined)
      .map(({ title }) => title)
  }
}
