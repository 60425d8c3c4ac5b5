/**
 * The schema seen as JSON Schema: which keys stand at a path, of what type, with what bounds. What the environment reader
 * and the generators need to know of it, so that neither walks the inside of a validation library.
 */
import * as z from 'zod'
import { configSchema } from './schema.ts'

export interface Shape {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly items?: Shape
  readonly oneOf?: readonly Shape[]
  readonly anyOf?: readonly Shape[]
}

let cached: Shape | undefined

/** Computed once: it depends on nothing but the schema. */
export function configShape(): Shape {
  cached ??= z.toJSONSchema(configSchema, { io: 'input' }) as Shape
  return cached
}

/** The forms that a table can have: one, or one for each member of a union. */
export function variantsOf(shape: Shape): readonly Shape[] {
  return shape.oneOf ?? shape.anyOf ?? [shape]
}

/** Every property of every variant; of a property that several variants have, the first. */
export function propertiesOf(shape: Shape): ReadonlyMap<string, Shape> {
  const properties = new Map<string, Shape>()
  for (const variant of variantsOf(shape)) {
    for (const [key, value] of Object.entries(variant.properties ?? {})) {
      if (!properties.has(key)) properties.set(key, value)
    }
  }
  return properties
}
