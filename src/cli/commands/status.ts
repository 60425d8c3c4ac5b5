/** `netminder status`: how the running node is doing. */
import type { Command } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import { leaf, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { connect } from '../node-client.ts'
import { print, relativeTime, renderPairs, renderTable } from '../output.ts'
import { modeText } from './mode-text.ts'

export const NO_ACTUATOR = 'No actuator is configured: decisions are carried out nowhere.'

type Status = OperationResponse<'showStatus'>

export function addStatusCommand(program: Command, context: CliContext): void {
  leaf(program.command('status'), {
    summary: 'show how the running node is doing',
    examples: [
      ['status', 'for a person'],
      ['status --output json | jq .active_decisions', 'for a program']
    ]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const status = await connect(places).call('showStatus', {}, { signal: context.signal })
    await print(context.io, places.output, {
      value: status,
      asTable: () => asTable(status, context)
    })
  })
}

function asTable(status: Status, context: CliContext): string {
  const nowMs = context.clock.nowMs()
  const { ban, throttle, watch } = status.active_decisions
  const pairs = renderPairs([
    ['node', `${status.name}, netminder ${status.version}`],
    ['running since', `${status.started_at} (${relativeTime(status.started_at, nowMs)})`],
    ['ready', readyText(status.components)],
    ['mode', modeText(status.mode)],
    ['judged by', status.policy],
    [
      'last log event',
      status.last_event_at === null
        ? 'none yet'
        : `${status.last_event_at} (${relativeTime(status.last_event_at, nowMs)})`
    ],
    ['log events', status.events_total.toLocaleString('en')],
    ['addresses known', status.sources_tracked.toLocaleString('en')],
    ['decisions now', `${ban} ban, ${throttle} throttle, ${watch} watch${shadowText(status.mode)}`]
  ])
  const components = [...status.components]
  const parts =
    components.length === 0
      ? 'No log is followed.\n'
      : renderTable(
          components,
          [
            { title: 'PART', value: (part) => part.name },
            { title: 'STATE', value: (part) => part.state },
            { title: 'DETAIL', value: (part) => part.detail, isFlexible: true }
          ],
          context.io.columns
        )
  if (status.actuators.length === 0) {
    return `${pairs}\n${parts}\n${NO_ACTUATOR}\n`
  }
  return `${pairs}\n${parts}\n${actuatorTable(status.actuators, context)}`
}

/** As `/readyz` answers: what is degraded does not make the node unready. */
export function readyText(components: Status['components']): string {
  const named = (wanted: string) =>
    components.filter(({ state }) => state === wanted).map(({ name }) => name)
  const failed = named('failed')
  if (failed.length > 0) return `NO, it cannot do its work: ${failed.join(', ')} (see below)`
  const degraded = named('degraded')
  return degraded.length === 0 ? 'yes' : `yes, but for ${degraded.join(', ')} (see below)`
}

/** In shadow mode a count of bans must not be taken for bans. */
function shadowText({ overall, by_category }: Status['mode']): string {
  if (overall === 'enforce') return ''
  const others = Object.values(by_category).includes('enforce') ? ' and the categories above' : ''
  return ` (shadow mode: all but your own blocklist${others} is only shown)`
}

export function actuatorTable(actuators: Status['actuators'], context: CliContext): string {
  return renderTable(
    actuators,
    [
      { title: 'ACTUATOR', value: (row) => row.name },
      { title: 'KIND', value: (row) => row.kind },
      { title: 'STATE', value: (row) => row.state },
      { title: 'SHOULD HOLD', value: (row) => String(row.desired) },
      { title: 'HOLDS', value: (row) => (row.held === null ? '?' : String(row.held)) },
      {
        title: 'LAST ERROR',
        value: (row) => row.last_error ?? '-',
        isFlexible: true
      }
    ],
    context.io.columns
  )
}
