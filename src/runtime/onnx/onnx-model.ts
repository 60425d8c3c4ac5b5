/**
 * An ONNX file taken apart (https://onnx.ai/onnx/repo-docs/IR.html), before anything of it is run: operators that nobody expects,
 * foreign domains, functions, data outside the file and tensors beyond all measure are refused here.
 */
import { ModelError } from '../errors.ts'
import { ProtobufReader, packedFloats, WIRE } from './protobuf-reader.ts'

const NODES_MAX = 10_000
/** Elements of one tensor. */
const TENSOR_ELEMENTS_MAX = 64 * 1024 * 1024
const NUMBERS_MAX = 256 * 1024 * 1024
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx', 'ai.onnx.ml'])
const EXTERNAL = 1

export interface OnnxAttribute {
  readonly int: number | undefined
  readonly text: string | undefined
  readonly floats: Float32Array
  readonly ints: Int32Array
  readonly texts: readonly string[]
}

export interface OnnxNode {
  readonly operator: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, OnnxAttribute>
}

export interface OnnxModel {
  /** Version of each set of operators, by domain. */
  readonly opsets: ReadonlyMap<string, number>
  readonly nodes: readonly OnnxNode[]
  readonly initializers: number
}

/**
 * @param operators those that may occur, as `domain:operator`
 * @throws {ONNX_INVALID | OPERATOR_UNKNOWN | DOMAIN_FOREIGN | EXTERNAL_DATA | TENSOR_TOO_LARGE}
 */
export function readOnnxModel(bytes: Uint8Array, operators: ReadonlySet<string>): OnnxModel {
  const reader = new ProtobufReader(bytes)
  const opsets = new Map<string, number>()
  let graph: Uint8Array | undefined
  while (reader.next()) {
    if (reader.field === 7 && reader.wire === WIRE.length) graph = reader.bytes
    else if (reader.field === 8) readOpset(reader.bytes, opsets)
    else if (reader.field === 20 || reader.field === 25) {
      throw new ModelError('OPERATOR_UNKNOWN', 'expected a model without functions of its own')
    }
  }
  if (graph === undefined) throw invalid('expected an ONNX model, got a file without a graph')
  if (opsets.size === 0) throw invalid('expected an ONNX model, got one without operator sets')
  return { opsets, ...readGraph(graph, operators) }
}

function readOpset(bytes: Uint8Array, opsets: Map<string, number>): void {
  const reader = new ProtobufReader(bytes)
  let domain = ''
  let version = 0
  while (reader.next()) {
    if (reader.field === 1) domain = reader.text
    else if (reader.field === 2) version = reader.value
  }
  checkDomain(domain)
  opsets.set(domain, version)
}

function checkDomain(domain: string): void {
  if (DOMAINS.has(domain)) return
  throw new ModelError(
    'DOMAIN_FOREIGN',
    `expected operators of ONNX itself, got the domain "${domain.slice(0, 60)}"`
  )
}

function readGraph(bytes: Uint8Array, operators: ReadonlySet<string>) {
  const reader = new ProtobufReader(bytes)
  const nodes: OnnxNode[] = []
  let initializers = 0
  while (reader.next()) {
    if (reader.field === 1) {
      if (nodes.length >= NODES_MAX) throw invalid(`expected at most ${NODES_MAX} nodes`)
      nodes.push(readNode(reader.bytes, operators))
    } else if (reader.field === 5) {
      checkTensor(reader.bytes)
      initializers++
    } else if (reader.field === 15) {
      throw invalid('expected no sparse tensors')
    }
  }
  return { nodes, initializers }
}

function readNode(bytes: Uint8Array, operators: ReadonlySet<string>): OnnxNode {
  const reader = new ProtobufReader(bytes)
  const inputs: string[] = []
  const outputs: string[] = []
  const written: Uint8Array[] = []
  let operator = ''
  let domain = ''
  while (reader.next()) {
    if (reader.field === 1) inputs.push(reader.text)
    else if (reader.field === 2) outputs.push(reader.text)
    else if (reader.field === 4) operator = reader.text
    else if (reader.field === 5) written.push(reader.bytes)
    else if (reader.field === 7) domain = reader.text
  }
  checkDomain(domain)
  const name = `${domain === 'ai.onnx' ? '' : domain}:${operator}`
  if (!operators.has(name)) {
    throw new ModelError(
      'OPERATOR_UNKNOWN',
      `expected one of ${[...operators].map((known) => known.replace(/^:/, '')).join(', ')}, got the operator "${operator.slice(0, 60)}"`
    )
  }
  return { operator, domain, inputs, outputs, attributes: new Map(written.map(readAttribute)) }
}

function readAttribute(bytes: Uint8Array): [string, OnnxAttribute] {
  const reader = new ProtobufReader(bytes)
  let name = ''
  let int: number | undefined
  let text: string | undefined
  let floats = new Float32Array(0)
  const loose: number[] = []
  const ints: number[] = []
  const texts: string[] = []
  const textOf = cachedText()
  while (reader.next()) {
    const { field, wire } = reader
    if (field === 1) name = reader.text
    else if (field === 3) int = reader.value
    else if (field === 4) text = reader.text
    else if (field === 5 || field === 10) checkTensor(reader.bytes)
    else if (field === 6 || field === 11) throw invalid('expected no graph within a node')
    else if (field === 7 && wire === WIRE.length) {
      if (reader.bytes.length / 4 > NUMBERS_MAX) throw tooLarge(reader.bytes.length / 4)
      floats = Float32Array.from(packedFloats(reader.bytes))
    } else if (field === 7) loose.push(reader.float)
    else if (field === 8 && wire === WIRE.length) readPacked(reader.bytes, ints)
    else if (field === 8) ints.push(reader.value)
    else if (field === 9) texts.push(textOf(reader.bytes))
  }
  if (loose.length > 0) floats = Float32Array.from(loose)
  return [name, { int, text, floats, ints: Int32Array.from(ints), texts }]
}

/** A forest names the mode of each of its nodes, the same few words a million times. */
function cachedText(): (bytes: Uint8Array) => string {
  const known: { readonly bytes: Uint8Array; readonly text: string }[] = []
  return (bytes) => {
    const found = known.find(
      (one) => one.bytes.length === bytes.length && one.bytes.every((byte, i) => byte === bytes[i])
    )
    if (found !== undefined) return found.text
    const text = new TextDecoder().decode(bytes)
    if (known.length < 8) known.push({ bytes, text })
    return text
  }
}

function readPacked(bytes: Uint8Array, into: number[]): void {
  const reader = new ProtobufReader(bytes)
  while (!reader.isAtEnd) into.push(reader.varint())
}

/** Its size is what its dimensions say, whether or not the bytes are there. */
function checkTensor(bytes: Uint8Array): void {
  const reader = new ProtobufReader(bytes)
  const dims: number[] = []
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === WIRE.length) readPacked(reader.bytes, dims)
    else if (reader.field === 1) dims.push(reader.value)
    else if (reader.field === 13 || (reader.field === 14 && reader.value === EXTERNAL)) {
      throw new ModelError(
        'EXTERNAL_DATA',
        'expected a model that is whole, got one with data in other files'
      )
    }
  }
  const elements = dims.reduce((product, dim) => product * dim, 1)
  if (!(elements >= 0)) throw invalid('expected a tensor with a size')
  if (elements > TENSOR_ELEMENTS_MAX) throw tooLarge(elements)
}

function tooLarge(elements: number): ModelError {
  return new ModelError(
    'TENSOR_TOO_LARGE',
    `expected tensors of at most ${TENSOR_ELEMENTS_MAX} elements, got one of ${elements}`
  )
}

function invalid(message: string): ModelError {
  return new ModelError('ONNX_INVALID', message)
}
