/** What was written as ONNX comes back as the forest it was: same scores, same explanations; and nothing else is let in. */
import { is, ok } from 'uvu/assert'
import {
  exportForest,
  type Forest,
  importForest,
  ModelError,
  predictRows,
  TreeShap
} from '../../../src/runtime/index.ts'
import { ProtobufWriter } from '../../../src/runtime/onnx/protobuf-writer.ts'
import { rowMajor } from '../../../src/training/index.ts'
import { sampleForests } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

// Before the suite, which runs at the next turn of the loop.
const forests = await sampleForests()
const test = suite('forests from ONNX models')

function read(forest: Forest, bytes: Uint8Array = exportForest(forest)): Forest {
  const { features, combination, objective } = forest
  ok(objective !== 'isolation')
  return importForest(bytes, { features, combination, objective })
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    ok(error instanceof ModelError, String(error))
    return error.code
  }
  return 'nothing thrown'
}

function worstOf(a: Float64Array, b: Float64Array): number {
  is(a.length, b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0)
}

for (const [name, [forest, table]] of forests) {
  test(`${name}: the same nodes, scores and explanations`, () => {
    const back = read(forest)
    const rows = rowMajor(table)
    is(back.feature.join(), forest.feature.join())
    is(back.categoryWords.join(), forest.categoryWords.join())
    is(back.missingLeft.join(), forest.missingLeft.join())
    ok(worstOf(predictRows(back, rows, table.rows), predictRows(forest, rows, table.rows)) < 1e-7)
    const [ours, theirs] = [new TreeShap(forest), new TreeShap(back)]
    const out = [new Float64Array(ours.width), new Float64Array(ours.width)] as const
    for (let row = 0; row < 20; row++) {
      ours.contributions(rows, row * forest.features.length, out[0])
      theirs.contributions(rows, row * forest.features.length, out[1])
      ok(worstOf(out[0], out[1]) < 1e-6)
    }
    ok(new Set(out[0]).size > 3)
  })
}

const [given] = forests.get('boosting, two classes') ?? []

test('a forest of more nodes than a call takes arguments', () => {
  ok(given)
  const trees = 1_000
  const nodes = 199
  const count = trees * nodes
  const isLeaf = (node: number) => node % 2 === 1 || node === nodes - 1
  const within = Int32Array.from({ length: count }, (_, at) => at % nodes)
  // A comb: every second node is a leaf, the others lead on to the next two.
  const comb: Forest = {
    ...given,
    features: [{ name: 'x', kind: 'numeric' }],
    treeStart: Int32Array.from({ length: trees + 1 }, (_, tree) => tree * nodes),
    treeClass: new Int32Array(trees),
    feature: within.map((node) => (isLeaf(node) ? -1 : 0)),
    threshold: Float32Array.from(within, (node) => (isLeaf(node) ? 0 : node / 100)),
    left: within.map((node, at) => (isLeaf(node) ? at : at + 1)),
    right: within.map((node, at) => (isLeaf(node) ? 0 : at + 2)),
    missingLeft: new Uint8Array(count),
    categorySet: new Int32Array(count).fill(-1),
    categoryWords: new Uint32Array(0),
    leafValue: Float32Array.from(within, (node) => (node - 100) / 1e5),
    cover: new Float64Array(count).fill(1)
  }
  const rows = Float32Array.from({ length: 50 }, (_, row) => row / 20)
  const back = read(comb)
  ok(worstOf(predictRows(back, rows, 50), predictRows(comb, rows, 50)) < 1e-9)
  ok(new Set(predictRows(back, rows, 50)).size > 20)
})

test('every shortened model is refused', () => {
  ok(given)
  const bytes = exportForest(given)
  for (let length = 0; length < bytes.length - 8; length += 1_009) {
    const code = codeOf(() => read(given, bytes.subarray(0, length)))
    ok(code === 'ONNX_INVALID', `${code} at ${length}`)
  }
})

test('a changed byte is refused or read as another forest, and nothing else happens', () => {
  ok(given)
  const bytes = exportForest(given)
  let refused = 0
  for (let at = 0; at < bytes.length; at += 211) {
    const changed = bytes.slice()
    changed[at] = (changed[at] ?? 0) ^ 0x55
    if (codeOf(() => read(given, changed)) !== 'nothing thrown') refused++
  }
  ok(refused > 10, String(refused))
})

/** A model of one node with what a case adds to it. */
function model(
  node: (writer: ProtobufWriter) => void,
  graph: (writer: ProtobufWriter) => void = () => undefined,
  domain = 'ai.onnx.ml'
): Uint8Array {
  return new ProtobufWriter()
    .number(1, 8)
    .message(7, (writer) => {
      writer.message(1, node)
      graph(writer)
    })
    .message(8, (opset) => opset.text(1, domain).number(2, 3))
    .finish()
}

const ensemble = (writer: ProtobufWriter) => {
  writer.text(4, 'TreeEnsembleRegressor').text(7, 'ai.onnx.ml')
}
const bigTensor = (writer: ProtobufWriter) => writer.numbers(1, [2_147_483_648]).number(2, 1)
const FAULTS: readonly { name: string; bytes: Uint8Array; code: string }[] = [
  {
    name: 'an unknown operator',
    bytes: model((writer) => writer.text(4, 'Loop').text(7, '')),
    code: 'OPERATOR_UNKNOWN'
  },
  {
    name: 'an operator of a foreign domain',
    bytes: model((writer) => writer.text(4, 'TreeEnsembleRegressor').text(7, 'com.example')),
    code: 'DOMAIN_FOREIGN'
  },
  {
    name: 'a foreign set of operators',
    bytes: model(ensemble, () => undefined, 'com.microsoft'),
    code: 'DOMAIN_FOREIGN'
  },
  {
    name: 'data in another file',
    bytes: model(ensemble, (graph) =>
      graph.message(5, (tensor) =>
        tensor
          .numbers(1, [2])
          .message(13, (entry) => entry.text(1, 'location').text(2, '/etc/passwd'))
      )
    ),
    code: 'EXTERNAL_DATA'
  },
  {
    name: 'a tensor of 2 G elements, of which no byte is there',
    bytes: model(ensemble, (graph) => graph.message(5, bigTensor)),
    code: 'TENSOR_TOO_LARGE'
  },
  {
    name: 'such a tensor within a node',
    bytes: model((writer) => {
      ensemble(writer)
      writer.message(5, (attribute) =>
        attribute.text(1, 'nodes_values_as_tensor').message(5, bigTensor)
      )
    }),
    code: 'TENSOR_TOO_LARGE'
  },
  {
    name: 'functions of its own',
    bytes: new ProtobufWriter().message(25, (writer) => writer.text(1, 'own')).finish(),
    code: 'OPERATOR_UNKNOWN'
  },
  { name: 'an ensemble without nodes', bytes: model(ensemble), code: 'ONNX_INVALID' },
  { name: 'no bytes', bytes: new Uint8Array(0), code: 'ONNX_INVALID' },
  { name: 'a text', bytes: new TextEncoder().encode('a,b,label\n1,2,x\n'), code: 'ONNX_INVALID' }
]
for (const { name, bytes, code } of FAULTS) {
  test(`refuses ${name}`, () => {
    ok(given)
    is(
      codeOf(() => read(given, bytes)),
      code
    )
  })
}

test('refuses another link than the objective has', () => {
  ok(given)
  const { features } = given
  const bytes = exportForest(given)
  is(
    codeOf(() => importForest(bytes, { features, objective: 'binary', combination: 'mean' })),
    'ONNX_INVALID'
  )
})
