/** The words of `netminder train` as what the trainer takes; whatever is wrong with them is said in one sentence. */
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import { messageOf } from '../../base/index.ts'
import {
  type FeatureRange,
  MODEL_KINDS,
  type ModelKind,
  type ModelParams
} from '../../training/index.ts'
import { CliError } from '../errors.ts'

/** Of a later release; named so that the refusal can say so. */
const NETWORKS = ['mlp', 'cnn', 'gru', 'lstm', 'transformer'] as const
export const MODEL_NAMES = [...MODEL_KINDS, 'stack', ...NETWORKS] as const
export type ModelName = (typeof MODEL_NAMES)[number]

const FOLDS = { min: 2, max: 50 } as const

/** @throws {CLI_USAGE} */
export function requireTrees(name: ModelName): ModelKind | 'stack' {
  const kind = ([...MODEL_KINDS, 'stack'] as const).find((own) => own === name)
  if (kind !== undefined) return kind
  throw new CliError(
    'CLI_USAGE',
    `expected ${MODEL_KINDS.join(', ')} or stack as model, got ${name}: networks are trained by a later release`
  )
}

export function parseParams(text: string): ModelParams {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new InvalidArgumentError(
      `expected a JSON object, got ${text.slice(0, 60)} (${messageOf(error)}).`
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as ModelParams
  throw new InvalidArgumentError(
    `expected a JSON object such as {"trees":200}, got ${text.slice(0, 60)}.`
  )
}

/** `grouped:5`. */
export function parseFolds(text: string): number {
  const folds = Number(/^grouped:(\d{1,3})$/.exec(text)?.[1])
  if (folds >= FOLDS.min && folds <= FOLDS.max) return folds
  throw new InvalidArgumentError(
    `expected grouped:K with K from ${FOLDS.min} to ${FOLDS.max}, got "${text.slice(0, 60)}".`
  )
}

export function parseShare(text: string): number {
  const share = Number(text)
  if (text.trim() !== '' && share >= 0 && share <= 1) return share
  throw new InvalidArgumentError(`expected a share from 0 to 1, got "${text.slice(0, 60)}".`)
}

export function parsePackageVersion(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text
  throw new InvalidArgumentError(`expected a version such as 1.0.0, got "${text.slice(0, 60)}".`)
}

/** `{"column":[least,greatest]}`. @throws {CLI_INPUT_MISSING | CLI_INPUT_INVALID} */
export async function readRanges(path: string): Promise<ReadonlyMap<string, FeatureRange>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new CliError('CLI_INPUT_MISSING', `could not read the ranges: ${messageOf(cause)}`, {
      cause
    })
  }
  const invalid = () =>
    new CliError(
      'CLI_INPUT_INVALID',
      `expected {"column":[least,greatest]} in ${path}, got something else`
    )
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid()
  return new Map(
    Object.entries(value).map(([name, range]) => {
      const [minimum, maximum] = Array.isArray(range) ? range : []
      if (!(typeof minimum === 'number' && typeof maximum === 'number' && minimum <= maximum))
        throw invalid()
      return [name, { minimum, maximum }]
    })
  )
}
