/** The demo from beginning to end: a sandbox, a keyserver's traffic, a node on guard, what it does, and whether all of it happened. */
import { writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import type { ApiClient } from '../../api/index.ts'
import { areColorsWelcome } from '../../config/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { DemoNetwork } from './demo-network.ts'
import { type Enforcement, FileEnforcement, HaproxyEnforcement } from './enforcement.ts'
import { follow, type Stage } from './follow.ts'
import { DemoHaproxy, findHaproxy } from './haproxy.ts'
import { DemoKeyserver } from './keyserver.ts'
import { listOf } from './network-wording.ts'
import { loadRecording, type Recording } from './recording.ts'
import { makeSandbox, removeSandbox, type Sandbox, writeDemoConfig } from './sandbox.ts'
import { Screen } from './screen.ts'
import { Steps } from './steps.ts'
import { concludeOn, introduce, introduceCommands } from './talk.ts'

export interface DemoOptions {
  /** Undefined: a temporary one. */
  readonly dataDir: string | undefined
  readonly isKept: boolean
  readonly speed: number
  readonly isOnce: boolean
  readonly apiPort: number
  /** Undefined: the one that comes with the program. */
  readonly recording: string | undefined
  /** False: list files, even where HAProxy is installed. */
  readonly mayUseHaproxy: boolean
}

/** An address that no recorded client has. */
const BYSTANDER = '127.0.0.99'

/** @throws {CLI_FAULT_FOUND} with the names of the steps that did not happen, if `isOnce` */
export async function runDemo(options: DemoOptions, context: CliContext): Promise<void> {
  const { clock, executable, io, signal } = context
  const recording = await loadRecording(
    options.recording ?? join(dirname(executable), '..', 'test', 'fixtures', 'traffic')
  )
  const sandbox = makeSandbox(options)
  const cleanUps: (() => Promise<void>)[] = []
  const screen = new Screen(io, clock, { areColorsWelcome: areColorsWelcome() })
  let missing: readonly string[]
  try {
    const stage = await setUp({ options, context, recording, sandbox, screen, cleanUps })
    await follow(stage, { ...options, recording, sandbox }, signal)
    const { isOnce: mustBeComplete, speed } = options
    missing = await concludeOn(stage, { harmless: recording.harmless, speed, mustBeComplete })
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp()
    removeSandbox(sandbox)
  }
  await screen.text(
    sandbox.isKept ? `Kept: ${sandbox.dataDir}` : `Removed: ${sandbox.dataDir}`,
    'faint'
  )
  if (options.isOnce && missing.length > 0) {
    throw new CliError('CLI_FAULT_FOUND', `these steps did not happen: ${missing.join('; ')}`)
  }
}

interface SetUp {
  readonly options: DemoOptions
  readonly context: CliContext
  readonly recording: Recording
  readonly sandbox: Sandbox
  readonly screen: Screen
  /** Filled as things start; carried out in reverse. */
  readonly cleanUps: (() => Promise<void>)[]
}

async function setUp(parts: SetUp): Promise<Stage> {
  const { options, context, recording, sandbox, screen, cleanUps } = parts
  const { clock, signal } = context
  for (const log of [sandbox.haproxyLog, sandbox.hockeypuckLog]) await writeFile(log, '')
  const keyserver = new DemoKeyserver({ reconPartners: recording.reconPartners })
  cleanUps.push(() => keyserver.stop())
  await keyserver.start()
  const haproxy = await startHaproxy(parts, keyserver.port)
  const enforcement: Enforcement =
    haproxy === undefined ? new FileEnforcement(sandbox.folder) : new HaproxyEnforcement(haproxy)
  await enforcement.prepare()
  const steps = new Steps({ hasHaproxy: haproxy !== undefined })
  writeDemoConfig(sandbox, {
    apiPort: options.apiPort,
    keyserverPort: keyserver.port,
    actuators: enforcement.actuators
  })
  await introduce(screen, { sandbox, haproxy, speed: options.speed })
  const { executable } = context
  const network = new DemoNetwork({ executable, sandbox, keyserverPort: keyserver.port }, clock)
  cleanUps.push(() => network.stop())
  const client = await network.start(signal)
  if ((await enforcement.request(BYSTANDER)) === 200) {
    steps.note('answers-before', `a request from ${BYSTANDER}: 200 OK`)
  }
  await introduceModel(client, { screen, steps })
  await enforce(client, { screen, steps })
  await formNetwork(network, { screen, steps, signal })
  const commandFor = commandsOf(executable, sandbox.dataDir)
  await introduceCommands(screen, commandFor)
  const { shared } = recording
  return { client, clock, enforcement, screen, steps, shared, network, commandFor }
}

async function startHaproxy(
  { options, context, sandbox, cleanUps }: SetUp,
  backendPort: number
): Promise<DemoHaproxy | undefined> {
  const found = options.mayUseHaproxy ? findHaproxy() : undefined
  if (found === undefined) return undefined
  const listPath = join(sandbox.folder, 'blacklist.list')
  const haproxy = new DemoHaproxy(
    { found, folder: sandbox.folder, listPath, backendPort },
    context.clock
  )
  await writeFile(listPath, '')
  cleanUps.push(() => haproxy.stop())
  await haproxy.start(context.signal)
  return haproxy
}

/** A new node has a champion by itself: the newest model that comes with the program. */
async function introduceModel(
  client: ApiClient,
  { screen, steps }: { readonly screen: Screen; readonly steps: Steps }
): Promise<void> {
  const query = { task: 'behaviour', stage: 'champion' } as const
  const { items } = await client.call('listModels', { query })
  const [model] = items
  if (model === undefined || model.problem !== null) {
    const why = model?.problem ?? 'no model came with the program'
    await screen.field('model', `none: the rules judge alone (${why})`, 'alarm')
    return
  }
  steps.note('seated', `${model.id}, ${model.kind}, ${model.origin}`)
  await screen.field(
    'model',
    `${model.id} judges beside the rules (${model.kind}, ${model.origin})`
  )
}

/** A new node only watches; this one is told to act, and the order must stand in its audit. */
async function enforce(
  client: ApiClient,
  { screen, steps }: { readonly screen: Screen; readonly steps: Steps }
): Promise<void> {
  const before = await client.call('showMode', {})
  const reason = 'the demo shows what happens in enforce mode'
  const after = await client.call('setMode', { body: { mode: 'enforce', reason } })
  const { items } = await client.call('listAudit', { query: { limit: 10 } })
  const row = items.find((item) => item.reason === reason)
  if (after.overall !== 'enforce' || row === undefined) return
  steps.note('enforcing', `audit row ${row.sequence}: ${row.action} by ${row.actor}`)
  await screen.field(
    'mode',
    `${before.overall} is how a new node starts; this one was set to enforce (audit row ${row.sequence})`
  )
}

/** The attacked node founds it, and each of the others is given the one line of text. */
async function formNetwork(
  network: DemoNetwork,
  parts: { readonly screen: Screen; readonly steps: Steps; readonly signal: AbortSignal }
): Promise<void> {
  const { screen, steps } = parts
  const { invitation, peersEach, tookMs } = await network.form(parts.signal)
  const names = network.members.map(({ place }) => place.name)
  if (peersEach === undefined) {
    await screen.field('network', `${listOf(names)} did not find each other`, 'alarm')
    return
  }
  const inMs = `within ${Math.round(tookMs)} ms`
  steps.note('networked', `${names.length} processes ${inMs}`)
  await screen.field(
    'network',
    `${listOf(names)}: processes of their own, joined ${inMs} by one line of text (${invitation.slice(0, 20)}…, ${invitation.length} characters). The traffic attacks ${names[0]} alone.`
  )
}

/** How a person in this directory calls netminder, for the attacked node if no other is named. */
function commandsOf(
  executable: string,
  ownDataDir: string
): (words: string, dataDir?: string) => string {
  const near = relative(process.cwd(), executable)
  const path = near.startsWith('..') ? executable : near
  return (words, dataDir = ownDataDir) => `node ${path} ${words} --data-dir ${dataDir}`
}
