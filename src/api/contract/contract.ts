/** The whole contract by operation id, and the types that follow from it. */
import type * as z from 'zod'
import { DEFENSE_ENDPOINTS } from './defense.ts'
import type { Endpoint } from './endpoint.ts'
import { INFERENCE_ENDPOINTS } from './inference.ts'
import { LABEL_ENDPOINTS } from './label.ts'
import { MODEL_ENDPOINTS } from './model.ts'
import { NETWORK_ENDPOINTS } from './network.ts'
import { NODE_ENDPOINTS } from './node.ts'
import { TRAINING_ENDPOINTS } from './training.ts'

export const CONTRACT = {
  ...DEFENSE_ENDPOINTS,
  ...NETWORK_ENDPOINTS,
  ...MODEL_ENDPOINTS,
  ...INFERENCE_ENDPOINTS,
  ...LABEL_ENDPOINTS,
  ...TRAINING_ENDPOINTS,
  ...NODE_ENDPOINTS
} as const

export type OperationId = keyof typeof CONTRACT
export const OPERATION_IDS = Object.keys(CONTRACT) as OperationId[]

type Part<Id extends OperationId, Key extends keyof Endpoint> =
  (typeof CONTRACT)[Id] extends Readonly<Record<Key, infer Value>> ? Value : undefined
type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined
type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined

/** What a handler gets: validated, with defaults. */
export interface OperationRequest<Id extends OperationId> {
  readonly params: Output<Part<Id, 'params'>>
  readonly query: Output<Part<Id, 'query'>>
  readonly body: Output<Part<Id, 'body'>>
}

type Given<Key extends string, Value> = [Value] extends [undefined]
  ? { readonly [K in Key]?: undefined }
  : Record<never, unknown> extends Value
    ? { readonly [K in Key]?: Value }
    : { readonly [K in Key]: Value }

/** What a client gives: what has a default may be left out. */
export type OperationInput<Id extends OperationId> = Given<'params', Input<Part<Id, 'params'>>> &
  Given<'query', Input<Part<Id, 'query'>>> &
  Given<'body', Input<Part<Id, 'body'>>>

/** The JSON body of the answer; undefined where there is none. */
export type OperationResponse<Id extends OperationId> = Output<Part<Id, 'response'>>

export function endpointOf(id: OperationId): Endpoint {
  return CONTRACT[id]
}
