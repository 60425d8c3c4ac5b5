/** One job from its spec to a package: training, then the gate, beside the champion of the day on which it began. */
import { createReadStream } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  amendPackage,
  type ModelPackage,
  openPackage,
  type PackageFiles,
  readTar,
  writeTar
} from '../../registry/index.ts'
import { readSecret } from '../../store/index.ts'
import { type Signer, signerFromSeed } from '../../wire/index.ts'
import { type Gate, judgeAtGate } from './gate.ts'
import { createdAtOf, type MadeModel, type WorkPorts } from './made-model.ts'
import { renderGate } from './render-gate.ts'
import { trainMoments } from './train-moments.ts'
import { trainTable } from './train-table.ts'
import { WORK_FILE, type WorkSpec } from './work-spec.ts'

const GATE_SHARE = 0.98

/** @returns what the node keeps of it; the package lies in the folder */
export async function runWork(
  spec: WorkSpec,
  ports: WorkPorts & { readonly dir: string }
): Promise<unknown> {
  const made = await train(spec, ports)
  ports.onProgress('comparing with the champion', GATE_SHARE)
  const champion = await readChampion(spec, ports)
  const { name, version } = spec.order
  const gate = judgeAtGate({
    ...made.held,
    candidate: { id: `${name}@${version}`, parts: made.parts },
    champion: champion && { id: spec.parent ?? '', parts: champion.parts },
    gap: made.gap
  })
  const files = amendPackage(made.files, {
    metrics: JSON.parse(JSON.stringify({ gate })),
    lineage: { parent: spec.parent, created_at: createdAtOf(spec), job: spec.id },
    card: renderGate(gate),
    signer: signerOf(spec)
  })
  await writeResult(ports.dir, files)
  ports.onProgress('done', 1)
  return { ...made.summary, gate } satisfies { readonly gate: Gate }
}

async function train(
  spec: WorkSpec,
  ports: WorkPorts & { readonly dir: string }
): Promise<MadeModel> {
  const { data } = spec.order
  return data.kind === 'table' ? trainTable(spec, data, ports) : trainMoments(spec, data, ports)
}

/** It was loaded when it became champion; that it cannot be now is no reason to lose a training. */
async function readChampion(
  { parent }: WorkSpec,
  { dir, onNote }: { readonly dir: string; readonly onNote: (text: string) => void }
): Promise<ModelPackage | undefined> {
  if (parent === null) return undefined
  const path = join(dir, WORK_FILE.champion)
  try {
    await stat(path)
    return openPackage(await readTar(createReadStream(path)))
  } catch {
    onNote(`${parent} could not be read: the model was compared with nobody`)
    return undefined
  }
}

function signerOf({ keyFile }: WorkSpec): Signer | undefined {
  if (keyFile === null) return undefined
  return signerFromSeed(new Uint8Array(Buffer.from(readSecret(keyFile), 'hex')))
}

/** Whole or not there. */
async function writeResult(dir: string, files: PackageFiles): Promise<void> {
  const draft = join(dir, `.${WORK_FILE.result}.tmp`)
  const file = await open(draft, 'w', 0o600)
  try {
    for await (const chunk of writeTar(files)) await file.write(chunk)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, join(dir, WORK_FILE.result))
}
