/** Answers the Open Inference Protocol. A model takes one tensor of rows and gives scores and labels. */
import { type ModelRecord, modelId } from '../../registry/index.ts'
import { featuresOf, type RowScores, type ServedModel } from '../../runtime/index.ts'
import { apiError } from '../errors.ts'
import type { NodeFacts } from '../ports.ts'
import type { Handlers } from './answer.ts'
import { type InferRequest, readTensor } from './inference-tensor.ts'
import type { ModelPorts } from './model-routes.ts'

type InferenceHandlers = Pick<
  Handlers,
  Extract<keyof typeof import('../contract/inference.ts').INFERENCE_ENDPOINTS, keyof Handlers>
>

const OUTPUTS = ['scores', 'label'] as const
const PLATFORM = 'netminder_package'
const TASK = 'behaviour'

export function inferenceHandlers(
  ports: ModelPorts & { readonly node: NodeFacts }
): InferenceHandlers {
  const { registry, runner, node } = ports
  const isReady = async (name: string, version?: string) => {
    const record = find(ports, name, version)
    return { name, ready: (await load(ports, record)) !== undefined }
  }
  const infer = async (name: string, version: string | undefined, body: InferRequest) => {
    // By task, whoever is champion when it is answered; by name, this very one.
    const champion = version === undefined ? runner.champion(name) : undefined
    const model = champion ?? (await load(ports, find(ports, name, version)))
    if (model === undefined) {
      throw apiError('MODEL_NOT_READY', `the model ${name} cannot be loaded`)
    }
    const asked = (body.outputs ?? []).map(({ name: output }) => output)
    const wanted = asked.length === 0 ? OUTPUTS : asked
    for (const output of wanted) {
      if (!OUTPUTS.some((known) => known === output)) {
        throw apiError(
          'REQUEST_INVALID',
          `expected outputs of ${OUTPUTS.join(', ')}, got ${output}`
        )
      }
    }
    const { rows, count } = readTensor(model, body)
    const scored = await runner.scoreRows(champion === undefined ? model : name, rows, count)
    if (scored.model === undefined) {
      throw apiError('MODEL_NOT_READY', `the model ${name} cannot answer: ${scored.reason}`)
    }
    const at = scored.model.id.lastIndexOf('@')
    return {
      model_name: name,
      model_version: scored.model.id.slice(at + 1),
      ...(body.id === undefined ? {} : { id: body.id }),
      outputs: wanted.map((output) => outputOf(output, scored, count))
    }
  }
  const describe = async (name: string, version?: string) => {
    const record = find(ports, name, version)
    const model = await load(ports, record)
    const features = model === undefined ? -1 : featuresOf(model).length
    const versions = registry.list().filter((other) => other.name === record.name)
    return {
      name,
      versions: versions.map((other) => other.version),
      platform: PLATFORM,
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, features] }],
      outputs: [
        { name: 'scores', datatype: 'FP64', shape: [-1, model?.parts.classes.length ?? -1] },
        { name: 'label', datatype: 'BYTES', shape: [-1] }
      ]
    }
  }
  return {
    showInferenceServer: () => ({ name: 'netminder', version: node.version, extensions: [] }),
    checkInferenceLive: () => ({ live: true }),
    checkInferenceReady: () => ({ ready: runner.champion(TASK) !== undefined }),
    showInferenceModel: ({ params }) => describe(params.model_name),
    showInferenceModelVersion: ({ params }) => describe(params.model_name, params.version),
    checkInferenceModel: ({ params }) => isReady(params.model_name),
    checkInferenceModelVersion: ({ params }) => isReady(params.model_name, params.version),
    inferModel: ({ params, body }) => infer(params.model_name, undefined, body),
    inferModelVersion: ({ params, body }) => infer(params.model_name, params.version, body)
  }
}

/** A task's champion; else a model of this name: its champion if it has one, else the newest. @throws {MODEL_NOT_FOUND} */
function find({ registry }: ModelPorts, name: string, version: string | undefined): ModelRecord {
  const champion = version === undefined ? registry.champion(name) : undefined
  if (champion !== undefined) return champion
  const named = registry.list().filter((record) => record.name === name)
  const found =
    version === undefined
      ? (named.find(({ stage }) => stage === 'champion') ?? named[0])
      : named.find((record) => record.version === version)
  if (found !== undefined) return found
  const at = version === undefined ? '' : ` version ${version}`
  throw apiError('MODEL_NOT_FOUND', `expected a model that this node has, got ${name}${at}`)
}

async function load(
  { registry }: ModelPorts,
  record: ModelRecord
): Promise<ServedModel | undefined> {
  return await registry.model(modelId(record)).catch(() => undefined)
}

function outputOf(
  name: string,
  { model, scores, width }: Extract<RowScores, { readonly scores: Float64Array }>,
  count: number
) {
  const { classes, threshold } = model.parts
  const byClass = (row: number): number[] => {
    if (width > 1) return [...scores.subarray(row * width, (row + 1) * width)]
    const score = scores[row] ?? 0
    return [1 - score, score]
  }
  const rows = Array.from({ length: count }, (_, row) => byClass(row))
  if (name === 'scores') {
    return { name, shape: [count, classes.length], datatype: 'FP64', data: rows.flat() }
  }
  const labels = rows.map((row) => {
    const top = width === 1 ? Number((row[1] ?? 0) >= threshold) : row.indexOf(Math.max(...row))
    return classes[top] ?? ''
  })
  return { name: 'label', shape: [count], datatype: 'BYTES', data: labels }
}
