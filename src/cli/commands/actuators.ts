/** `netminder actuators`: where decisions are carried out. */
import type { Command } from 'commander'
import { leaf, noun, placesOf } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { connect } from '../node-client.ts'
import { plain, print, renderTable } from '../output.ts'
import { actuatorTable, NO_ACTUATOR } from './status.ts'

export function addActuatorsCommand(program: Command, context: CliContext): void {
  const actuators = noun(program, 'actuators', 'where decisions are carried out')
  addList(actuators, context)
  addDryRun(actuators, context)
  addSweep(actuators, context)
}

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'show what each actuator holds and whether it works',
    examples: [['actuators list', 'for a person']]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal } = context
    const { items } = await connect(places).call('listActuators', {}, { signal })
    if (items.length === 0) io.talk(NO_ACTUATOR)
    await print(io, places.output, {
      value: items,
      asTable: () => (items.length === 0 ? '' : actuatorTable(items, context))
    })
  })
}

function addDryRun(parent: Command, context: CliContext): void {
  leaf(parent.command('dry-run'), {
    summary: 'print exactly what each actuator would do now, without doing it',
    examples: [['actuators dry-run', 'commands and file changes, one a line']]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { io, signal } = context
    const { items } = await connect(places).call('dryRunActuators', {}, { signal })
    if (items.length === 0) io.talk(NO_ACTUATOR)
    await print(io, places.output, {
      value: items,
      asTable: () =>
        items
          .map(({ name, lines }) => {
            const shown = lines.length === 0 ? ['nothing to do'] : lines
            return `${name}\n${shown.map((line) => `  ${plain(line)}\n`).join('')}`
          })
          .join('')
    })
  })
}

function addSweep(parent: Command, context: CliContext): void {
  leaf(parent.command('sweep'), {
    summary: 'end at every actuator what has outlived its time; needs no running node',
    examples: [
      ['actuators sweep', 'as a timer does, so that a dead daemon leaves nothing behind'],
      ['actuators sweep --all', 'everything that netminder ever put there, before removing it']
    ]
  })
    .option('--all', 'what has not outlived its time too')
    .action(async (options: { readonly all?: true }, command: Command) => {
      const { dataDir, configFile, output } = placesOf(command)
      const { io, signal, daemon } = context
      const swept = await daemon.sweep({
        dataDir,
        configFile,
        isAll: options.all === true,
        signal
      })
      if (swept.length === 0) io.talk('No actuator keeps anything: there is nothing to sweep.')
      await print(io, output, {
        value: swept,
        asTable: () =>
          swept.length === 0
            ? ''
            : renderTable(
                swept,
                [
                  { title: 'ACTUATOR', value: (row) => row.name },
                  { title: 'ENDED', value: (row) => String(row.removed) }
                ],
                io.columns
              )
      })
    })
}
