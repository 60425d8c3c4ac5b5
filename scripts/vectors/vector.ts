/** The shape of the vector files, and plain data as JSON. */
import { DecodeError, InvitationError } from '../../src/wire/index.ts'

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

/** `bytes` in hexadecimal digits; either what it decodes to, or the code of the error. */
export type Vector = {
  readonly name: string
  readonly bytes: string
} & ({ readonly decoded: Json } | { readonly error: string })

/** What is wrong, the code that says so, and the bytes. */
export type Fault = readonly [name: string, error: string, bytes: Uint8Array]

export interface VectorFile {
  readonly path: string
  readonly about: string
  /** Keys and other input that several vectors share. */
  readonly given?: Json
  readonly vectors: readonly { readonly name: string }[]
}

/** Bytes as hexadecimal digits, 64-bit numbers as decimal text, and nothing for what is not there. */
export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined)
    return Object.fromEntries(entries.map(([key, member]) => [key, toJson(member)]))
  }
  return value as Json
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The code with which a decoder refuses, or undefined if it does not. Anything else that it throws is a fault of its own. */
export function codeOf(decode: () => unknown): string | undefined {
  try {
    decode()
    return undefined
  } catch (error) {
    if (error instanceof DecodeError || error instanceof InvitationError) return error.code
    throw error
  }
}

/** @throws if the decoder refuses the bytes */
export function valid(
  name: string,
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown
): Vector {
  return { name, bytes: hex(bytes), decoded: toJson(decode(bytes)) }
}

/** @throws if the decoder takes the bytes, or refuses them for another reason */
export function invalid(
  [name, error, bytes]: Fault,
  decode: (bytes: Uint8Array) => unknown
): Vector {
  const code = codeOf(() => decode(bytes))
  if (code !== error) throw new Error(`${name}: expected ${error}, got ${code ?? 'no error'}`)
  return { name, bytes: hex(bytes), error }
}

export function render({ about, given, vectors }: VectorFile): string {
  const head = given === undefined ? { about } : { about, given }
  return `${JSON.stringify({ ...head, vectors }, undefined, 2)}\n`
}
