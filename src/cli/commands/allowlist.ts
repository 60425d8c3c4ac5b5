/** `netminder allowlist`: who is never acted on, by order of the operator. */
import type { Command } from 'commander'
import { noun, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { connect } from '../node-client.ts'
import { print, renderTable } from '../output.ts'
import {
  type AddOptions,
  addEntryOptions,
  addListCommand,
  entryColumns,
  entryCommand
} from './list-parts.ts'

export function addAllowlistCommand(program: Command, context: CliContext): void {
  const allowlist = noun(program, 'allowlist', 'who is never acted on')
  addListCommand(allowlist, 'allowlist', context)
  addEntryOptions(
    entryCommand(allowlist, 'add', {
      summary: 'never act on this prefix, and end every decision that it covers',
      examples: [
        ['allowlist add 198.51.100.0/28 --note "our build servers"', 'for good'],
        ['allowlist add 2001:db8::7 --until 7d', 'for a week']
      ]
    }),
    context
  ).action(async (prefix: string, options: AddOptions, command: Command) => {
    const places = placesOf(command)
    const { io, signal, clock } = context
    const body = { prefix, note: options.note, until: options.until ?? null }
    const entry = await connect(places).call('addToAllowlist', { body }, { signal })
    await print(io, places.output, {
      value: entry,
      asTable: () => renderTable([entry], entryColumns(clock.nowMs()), io.columns)
    })
  })
  entryCommand(allowlist, 'remove', {
    summary: 'treat this prefix like any other again',
    examples: [['allowlist remove 198.51.100.0/28', 'as it was added']]
  }).action(async (prefix: string, _options: unknown, command: Command) => {
    const client = connect(placesOf(command))
    await client.call('removeFromAllowlist', { query: { prefix } }, { signal: context.signal })
    context.io.talk(`Removed ${prefix} from the allowlist.`)
  })
}
