/** `netminder decisions watch`: decisions as they happen. */
import type { Command } from 'commander'
import type { ServerSentEvent } from '../../api/index.ts'
import { leaf, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { connect } from '../node-client.ts'
import { isEndless, plain, utcTime } from '../output.ts'

interface EventData {
  readonly at?: string
  readonly why?: string
  readonly value?: string
  readonly wanted?: string
  readonly protected_by?: string
  readonly detail?: string
  readonly decision?: {
    readonly value: string
    readonly type: string
    readonly mode: string
    readonly category: string
    readonly created_at: string
    readonly until: string
    readonly lifted_at: string | null
    readonly reasons: readonly { readonly text: string }[]
  }
}

export function addWatchCommand(parent: Command, context: CliContext): void {
  leaf(parent.command('watch'), {
    summary: 'show decisions as they happen, until Ctrl-C',
    examples: [
      ['decisions watch', 'one line for each'],
      ['decisions watch --output json', 'one JSON object a line, for a program']
    ]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal } = context
    try {
      for await (const event of connect(places).events({ signal })) {
        if (isOfNetworks(event)) continue
        const text = places.output === 'json' ? JSON.stringify(event) : describeEvent(event)
        await io.write(`${text}\n`)
      }
    } catch (error) {
      // The connection that Ctrl-C cuts may end in whatever error.
      if (!signal.aborted) throw error
    }
    if (!signal.aborted) {
      throw new CliError('CLI_STREAM_ENDED', 'the node ended the stream; is it stopping?')
    }
  })
}

/** Warnings and lists come on the same stream: alerts watch and network lists show them. */
export function isOfNetworks({ event }: Pick<ServerSentEvent, 'event'>): boolean {
  return /^(?:alert|list)\./.test(event)
}

/** One line for a person. */
export function describeEvent(event: ServerSentEvent): string {
  const data = event.data as EventData
  const { decision } = data
  if (decision === undefined) {
    return event.event === 'suppression'
      ? plain(
          `${utcTime(data.at ?? '')}  held back  ${data.value}: ${data.wanted} wanted, but ${data.protected_by} (${data.detail})`
        )
      : `-- ${event.event}: events were lost`
  }
  const subject = `${decision.value}: ${decision.type} for ${decision.category}`
  const shadow = decision.mode === 'shadow' ? ' (shadow: not applied)' : ''
  if (event.event === 'decision.ended') {
    return plain(`${utcTime(data.at ?? '')}  ended      ${subject}, ${data.why}${shadow}`)
  }
  const word = event.event === 'decision.extended' ? 'prolonged' : 'decided  '
  const why = decision.reasons.map((reason) => reason.text).join('; ')
  const end = isEndless(decision.until) ? 'it is removed' : utcTime(decision.until)
  return plain(`${utcTime(decision.created_at)}  ${word}  ${subject} until ${end}${shadow}: ${why}`)
}
