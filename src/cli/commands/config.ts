/** `netminder config`: is the configuration right, and what does it come to. */
import type { Command } from 'commander'
import { stringify } from 'smol-toml'
import { type Config, redactConfig } from '../../config/index.ts'
import { leaf, noun, placesOf, readPlaces } from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { print } from '../output.ts'

export function addConfigCommand(program: Command, context: CliContext): void {
  const config = noun(program, 'config', 'is the configuration right, and what does it come to')
  leaf(config.command('check'), {
    summary: 'read files and environment and name every mistake with its place',
    examples: [
      ['config check', 'of this node'],
      ['config check --config ./new.toml', 'before it is put in place']
    ]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const { config: effective, files } = readPlaces(places)
    await print(context.io, places.output, {
      value: { is_valid: true, files },
      asTable: () => checkText(effective, files)
    })
  })
  leaf(config.command('show'), {
    summary: 'print what counts: defaults, files and environment together, passwords hidden',
    examples: [
      ['config show', 'as TOML'],
      ['config show --output json | jq .api', 'one table of it']
    ]
  }).action(async (_options: unknown, command: Command) => {
    const places = placesOf(command)
    const shown = redactConfig(readPlaces(places).config)
    await print(context.io, places.output, {
      value: shown,
      asTable: () => `${stringify(shown).trimEnd()}\n`
    })
  })
}

function checkText(config: Config, files: readonly string[]): string {
  const read = files.length === 0 ? 'no file is there: the defaults count' : files.join(', ')
  const names = (list: readonly { readonly name: string }[]) =>
    list.length === 0 ? 'none' : list.map(({ name }) => name).join(', ')
  return [
    `The configuration is right (${read}).`,
    `logs that are followed: ${names(config.sources)}`,
    `places where decisions are carried out: ${names(config.actuators)}\n`
  ].join('\n')
}
