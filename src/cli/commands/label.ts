/** `netminder label`: what is said of sources, for models to learn from. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { OperationResponse } from '../../api/index.ts'
import {
  LABEL_SOURCES,
  LABEL_WORDS,
  type LabelSource,
  type LabelWord
} from '../../feedback/index.ts'
import {
  given,
  leaf,
  noun,
  parsePrefixOption,
  parseSince,
  parseWholeNumber,
  placesOf
} from '../command-parts.ts'
import type { CliContext } from '../context.ts'
import { allItems, connect, firstItems } from '../node-client.ts'
import { type Column, plural, print, printItems, relativeTime, renderTable } from '../output.ts'
import { addLabelExport, addLabelImport } from './label-file.ts'

type Label = OperationResponse<'listLabels'>['items'][number]

export function addLabelCommand(program: Command, context: CliContext): void {
  const label = noun(program, 'label', 'say what a source was, for models to learn from')
  addAdd(label, context)
  addAlert(label, context)
  addList(label, context)
  addRemove(label, context)
  addLabelExport(label, context)
  addLabelImport(label, context)
}

interface SaidOptions {
  readonly class?: string
  readonly campaign?: string
  readonly reason?: string
  readonly from?: string
  readonly to?: string
  readonly weight?: number
}

function saidOptions(command: Command, context: CliContext): Command {
  return command
    .option('--class <class>', 'class of the taxonomy, such as A8 or N3')
    .option('--campaign <name>', 'the same for sources that did it together')
    .option('--reason <text>', 'why, for whoever reads it, and for the audit')
    .option(
      '--from <time>',
      'what it did since then: 2h ago, or 2027-01-31T00:00:00Z',
      parseSince(context.clock)
    )
    .option('--to <time>', 'and until then, likewise', parseSince(context.clock))
    .option('--weight <weight>', 'how much it counts, above 0, up to 1', parseWeight)
}

function parseWeight(text: string): number {
  const weight = Number(text)
  if (text.trim() !== '' && weight > 0 && weight <= 1) return weight
  throw new InvalidArgumentError(`expected a number above 0, up to 1, got "${text}".`)
}

function saidOf(options: SaidOptions) {
  return given(options, ['class', 'campaign', 'reason', 'from', 'to', 'weight'])
}

function addAdd(parent: Command, context: CliContext): void {
  saidOptions(
    leaf(parent.command('add', { isDefault: true }), {
      summary: 'say what a source was; the word "add" may be left out',
      examples: [
        ['label 198.51.100.7 abuse --class A8', 'of the last 24 hours'],
        ['label add 198.51.100.0/28 benign --from 7d --reason "our build servers"', 'of a week'],
        [
          'label 2001:db8::7 abuse --from 2027-01-31T00:00:00Z --to 2027-01-31T06:00:00Z',
          'of one night; an IPv6 client is its /64'
        ]
      ]
    })
      .argument('<prefix>', 'address, or prefix such as 192.0.2.0/24', parsePrefixOption)
      .addArgument(new Argument('<label>', 'what it was').choices(LABEL_WORDS)),
    context
  ).action(async (value: string, label: LabelWord, options: SaidOptions, command: Command) => {
    await say({ value, label, ...saidOf(options) }, command, context)
  })
}

function addAlert(parent: Command, context: CliContext): void {
  saidOptions(
    leaf(parent.command('alert'), {
      summary: 'say whether an alert or a decision was right, of all that it names',
      examples: [
        ['label alert 5f0c29d1a7b3 false', 'the id as "alerts list" shows it'],
        [
          'label alert 01933b2e-8d0a-7c3e-9b1f-5f6f0a1b2c3d true --class A3',
          'the id of a decision, as "decisions list" shows it'
        ]
      ]
    })
      .argument('<id>', 'id of an alert, or its first 8 digits or more; or id of a decision')
      .addArgument(new Argument('<verdict>', 'whether it was right').choices(['true', 'false'])),
    context
  ).action(
    async (alert: string, verdict: 'true' | 'false', options: SaidOptions, command: Command) => {
      const label = verdict === 'true' ? 'abuse' : 'benign'
      await say({ alert, label, ...saidOf(options) }, command, context)
    }
  )
}

async function say(
  body: SaidOptions & {
    readonly value?: string
    readonly alert?: string
    readonly label: LabelWord
  },
  command: Command,
  { io, signal, clock }: CliContext
): Promise<void> {
  const places = placesOf(command)
  const { items } = await connect(places).call('addLabel', { body }, { signal })
  await print(io, places.output, {
    value: items,
    asTable: () => renderTable(items, labelColumns(clock.nowMs()), io.columns)
  })
  const overruled = items.filter(({ overruled_by }) => overruled_by !== null).length
  if (overruled > 0) {
    io.talk(`${plural(overruled, 'label')} contradicted by one that counts more; both are kept.`)
  }
}

function labelColumns(nowMs: number): readonly Column<Label>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'ABOUT', value: ({ prefix }) => prefix.replace(/\/32$/, '') },
    { title: 'LABEL', value: ({ label, class: kind }) => (kind ? `${label} (${kind})` : label) },
    { title: 'FROM', value: (row) => relativeTime(row.from, nowMs) },
    { title: 'TO', value: (row) => relativeTime(row.to, nowMs) },
    {
      title: 'WEIGHT',
      value: ({ weight, overruled_by }) => `${weight}${overruled_by === null ? '' : ' (overruled)'}`
    },
    { title: 'SOURCE', value: ({ source }) => source },
    { title: 'BY', value: (row) => row.said_by },
    { title: 'NOTE', value: ({ note }) => note || '-', isFlexible: true }
  ]
}

interface ListOptions {
  readonly about?: string
  readonly label?: LabelWord
  readonly source?: LabelSource
  readonly since?: string
  readonly limit: number
}

function addList(parent: Command, context: CliContext): void {
  leaf(parent.command('list'), {
    summary: 'list what was said, newest first',
    examples: [
      ['label list --about 198.51.100.0/24', 'of one neighbourhood'],
      ['label list --source operator --since 7d', 'what people said in the last week']
    ]
  })
    .option('--about <prefix>', 'only what touches it', parsePrefixOption)
    .addOption(new Option('--label <label>', 'only such').choices(LABEL_WORDS))
    .addOption(new Option('--source <source>', 'only from there').choices(LABEL_SOURCES))
    .option('--since <time>', 'only what was said since: 24h, or a time', parseSince(context.clock))
    .option('--limit <count>', 'at most so many', parseWholeNumber(1, 100_000), 100)
    .action(async (options: ListOptions, command: Command) => {
      const places = placesOf(command)
      const { io, signal, clock } = context
      const client = connect(places)
      const query = {
        ...given(options, ['label', 'source', 'since']),
        ...(options.about === undefined ? {} : { value: options.about })
      }
      const all = allItems((page) =>
        client.call('listLabels', { query: { ...query, ...page } }, { signal })
      )
      await printItems(io, places.output, {
        items: firstItems(all, options.limit),
        table: labelColumns(clock.nowMs()),
        empty: 'Nothing was said.'
      })
    })
}

function addRemove(parent: Command, context: CliContext): void {
  leaf(parent.command('remove'), {
    summary: 'take back what was said',
    examples: [
      ['label remove 01933b2e-8d0a-7c3e-9b1f-5f6f0a1b2c3e', 'the id as "label list" shows it']
    ]
  })
    .argument('<id>', 'id of the label')
    .option('--reason <text>', 'why, for the audit')
    .action(async (id: string, options: { readonly reason?: string }, command: Command) => {
      const client = connect(placesOf(command))
      const query = given(options, ['reason'])
      await client.call('removeLabel', { params: { id }, query }, { signal: context.signal })
      context.io.talk(`Removed label ${id}.`)
    })
}
