/** Packages: what was built says the same when it is opened, and whatever was done to one is found before its model is used. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, match, ok } from 'uvu/assert'
import {
  buildPackage,
  type LoadOptions,
  loadPackage,
  openPackage,
  type PackageFiles,
  writePackage
} from '../../../src/registry/index.ts'
import { ModelError, ModelScorer } from '../../../src/runtime/index.ts'
import { ProtobufWriter } from '../../../src/runtime/onnx/protobuf-writer.ts'
import { signerFromSeed } from '../../../src/wire/index.ts'
import { draftOf, PARTS, ROWS, samplePackage, WIDTH } from '../../support/packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite('packages of models')
const dir = mkdtempSync(join(tmpdir(), 'netminder-package-'))
test.after(() => rmSync(dir, { recursive: true, force: true }))

async function refusal(work: () => unknown): Promise<ModelError> {
  try {
    await work()
  } catch (error) {
    ok(error instanceof ModelError, String(error))
    return error
  }
  throw new Error('expected a refusal, got none')
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const textOf = (files: PackageFiles, path: string) =>
  new TextDecoder().decode(files.get(path) ?? new Uint8Array(0))

/** One file in another state, with the hash that a forger would put into the manifest. */
function forged(path: string, bytes: Uint8Array, files = samplePackage()): PackageFiles {
  const manifest = JSON.parse(textOf(files, 'manifest.json'))
  for (const file of manifest.files) {
    if (file.path === path) Object.assign(file, { bytes: bytes.length, sha256: sha256(bytes) })
  }
  const all = new Map(files)
  all.set(path, bytes)
  all.set('manifest.json', Buffer.from(JSON.stringify(manifest)))
  return all
}

function withManifest(change: (manifest: Record<string, unknown>) => void): PackageFiles {
  const files = new Map(samplePackage())
  const manifest = JSON.parse(textOf(files, 'manifest.json'))
  change(manifest)
  files.set('manifest.json', Buffer.from(JSON.stringify(manifest)))
  return files
}

for (const kind of ['boosting', 'random-forest', 'isolation-forest', 'forest-stack'] as const) {
  test(`${kind}: says the same before and after`, () => {
    const files = samplePackage(kind)
    const { parts, manifest } = openPackage(files)
    is(manifest.kind, kind)
    const [before, after] = [new ModelScorer(PARTS[kind]), new ModelScorer(parts)]
    const [a, b] = [new Float64Array(1), new Float64Array(1)]
    const seen = new Set<number>()
    for (let row = 0; row < 200; row++) {
      before.score(ROWS, row * WIDTH, a)
      after.score(ROWS, row * WIDTH, b)
      ok(Math.abs((a[0] ?? 0) - (b[0] ?? 1)) < 1e-6)
      seen.add(b[0] ?? 0)
      is(before.topClass(a), after.topClass(b))
    }
    ok(seen.size > 5)
  })
}

test('what a stack says is what its parts say by hand', () => {
  const [boosting, forest, isolation] = PARTS['forest-stack'].members
  ok(boosting && forest && isolation)
  const out = new Float64Array(1)
  const of = (kind: 'boosting' | 'random-forest' | 'isolation-forest') => {
    new ModelScorer({ ...PARTS[kind], calibration: [] }).score(ROWS, 0, out)
    return out[0] ?? 0
  }
  const logit = (p: number) => Math.log(p / (1 - p))
  const clip = (p: number) => Math.min(1 - 1e-4, Math.max(1e-4, p))
  const margin =
    -0.5 +
    0.6 * logit(of('boosting')) +
    0.4 * logit(clip(of('random-forest'))) +
    0.2 * of('isolation-forest')
  const p = 1 / (1 + Math.exp(-margin))
  const expected = Math.min(1, Math.max(0, (p - 0.1) / 0.8))
  new ModelScorer(PARTS['forest-stack']).score(ROWS, 0, out)
  ok(Math.abs((out[0] ?? 0) - expected) < 1e-9, `${out[0]} for ${expected}`)
})

test('goes to a folder and comes back; another package there gives way, anything else does not', async () => {
  const place = join(dir, 'model')
  await writePackage(place, samplePackage('boosting'))
  await writePackage(place, samplePackage('random-forest'))
  const { manifest, sha256: name } = await loadPackage(place)
  is(manifest.kind, 'random-forest')
  is(name.length, 64)
  equal(readdirSync(dir), ['model'])
  const foreign = join(dir, 'papers')
  mkdirSync(foreign)
  writeFileSync(join(foreign, 'letter.txt'), 'dear')
  const error = await refusal(() => writePackage(foreign, samplePackage()))
  is(error.code, 'PACKAGE_UNWRITABLE')
  match(error.message, /got letter\.txt there/)
  equal(readdirSync(foreign), ['letter.txt'])
})

test('a folder with links, without a manifest, or that is not there is refused', async () => {
  is((await refusal(() => loadPackage(join(dir, 'absent')))).code, 'PACKAGE_MISSING')
  const linked = join(dir, 'linked')
  await writePackage(linked, samplePackage())
  rmSync(join(linked, 'golden.json'))
  symlinkSync('/etc/hostname', join(linked, 'golden.json'))
  const error = await refusal(() => loadPackage(linked))
  is(error.code, 'PACKAGE_INVALID')
  match(error.message, /plain file golden\.json/)
  rmSync(join(linked, 'golden.json'))
  is((await refusal(() => loadPackage(linked))).code, 'PACKAGE_INVALID')
  // What the manifest does not name is not read, whatever it is.
  const more = join(dir, 'more')
  await writePackage(more, samplePackage())
  writeFileSync(join(more, 'run.js'), 'throw 1')
  ok((await loadPackage(more)).manifest)
})

const other = samplePackage('random-forest')
const golden = JSON.parse(textOf(samplePackage(), 'golden.json'))
const faults: readonly {
  title: string
  files: () => PackageFiles
  code: string
  says: RegExp
  options?: LoadOptions
}[] = [
  {
    title: 'a model whose hash is wrong',
    files: () =>
      new Map([
        ...samplePackage(),
        ['boosting.onnx', other.get('forest.onnx') ?? new Uint8Array(0)]
      ]),
    code: 'HASH_MISMATCH',
    says: /boosting\.onnx with the hash [0-9a-f]{12}/
  },
  {
    title: 'a card that somebody has improved',
    files: () => new Map([...samplePackage(), ['MODEL_CARD.md', Buffer.from('# perfect\n')]]),
    code: 'HASH_MISMATCH',
    says: /MODEL_CARD\.md/
  },
  {
    title: 'golden predictions that disagree',
    files: () => {
      const changed = structuredClone(golden)
      changed.rows[7].output[0] += 2e-6
      return forged('golden.json', Buffer.from(JSON.stringify(changed)))
    },
    code: 'GOLDEN_MISMATCH',
    says: /golden prediction 7 .* not loaded/
  },
  {
    title: 'fewer golden predictions than twenty',
    files: () =>
      forged(
        'golden.json',
        Buffer.from(JSON.stringify({ ...golden, rows: golden.rows.slice(0, 19) }))
      ),
    code: 'PACKAGE_INVALID',
    says: /golden\.json at rows/
  },
  {
    title: 'golden predictions of another width',
    files: () => {
      const changed = structuredClone(golden)
      for (const row of changed.rows) row.input.push(1)
      return forged('golden.json', Buffer.from(JSON.stringify(changed)))
    },
    code: 'GOLDEN_MISMATCH',
    says: /inputs/
  },
  {
    title: 'an unknown operator',
    files: () =>
      forged(
        'boosting.onnx',
        new ProtobufWriter()
          .message(7, (graph) => graph.message(1, (node) => node.text(4, 'Loop')))
          .message(8, (opset) => opset.text(1, '').number(2, 13))
          .finish()
      ),
    code: 'OPERATOR_UNKNOWN',
    says: /got the operator "Loop"/
  },
  {
    title: 'a tensor of 2 GB',
    files: () =>
      forged(
        'boosting.onnx',
        new ProtobufWriter()
          .message(7, (graph) =>
            graph.message(5, (tensor) => tensor.numbers(1, [536_870_912]).number(2, 1))
          )
          .message(8, (opset) => opset.text(1, '').number(2, 13))
          .finish()
      ),
    code: 'TENSOR_TOO_LARGE',
    says: /got one of 536870912/
  },
  {
    title: 'a way out of its folder',
    files: () =>
      withManifest((manifest) => {
        const files = manifest['files'] as { path: string }[]
        if (files[0] !== undefined) files[0].path = '../../etc/passwd'
      }),
    code: 'PACKAGE_INVALID',
    says: /manifest\.json at files\.0\.path/
  },
  {
    title: 'a manifest of a later form',
    files: () => withManifest((manifest) => Object.assign(manifest, { formatVersion: 2 })),
    code: 'PACKAGE_INVALID',
    says: /formatVersion/
  },
  {
    title: 'a manifest with words that nobody knows',
    files: () => withManifest((manifest) => Object.assign(manifest, { script: 'run.sh' })),
    code: 'PACKAGE_INVALID',
    says: /script/
  },
  {
    title: 'other features than the model has',
    files: () => withManifest((manifest) => (manifest['features'] as unknown[]).pop()),
    code: 'ONNX_INVALID',
    says: /at most 3 features/
  },
  {
    title: 'more classes than the model has',
    files: () => withManifest((manifest) => (manifest['classes'] as unknown[]).push('third')),
    code: 'PACKAGE_INVALID',
    says: /3 scores for 3 classes/
  },
  {
    title: 'a file that is not there',
    files: () => new Map([...samplePackage()].filter(([path]) => path !== 'stack.json')),
    code: 'PACKAGE_INVALID',
    says: /stack\.json in the package/
  },
  {
    title: 'a manifest that is no JSON',
    files: () => new Map([...samplePackage(), ['manifest.json', Buffer.from('formatVersion: 1')]]),
    code: 'PACKAGE_INVALID',
    says: /JSON in manifest\.json/
  },
  {
    title: 'no manifest',
    files: () => new Map(),
    code: 'PACKAGE_INVALID',
    says: /manifest\.json in the package/
  },
  {
    title: 'more bytes than are taken',
    files: samplePackage,
    options: { bytesMax: 5_000 },
    code: 'PACKAGE_TOO_LARGE',
    says: /at most 5000 bytes/
  }
]
for (const { title, files, code, says, options } of faults) {
  test(`refuses ${title}`, async () => {
    const error = await refusal(() => openPackage(files(), options))
    is(error.code, code, error.message)
    match(error.message, says)
  })
}

const signer = () => signerFromSeed(randomBytes(32))

test('a signature holds for this manifest alone, and is taken from those who are trusted', async () => {
  const own = signer()
  const files = buildPackage({ ...draftOf('boosting'), signer: own })
  ok(openPackage(files, { trusted: [own.publicKey] }).manifest.signature)
  // Spaces do not matter: what is signed is what is said.
  const manifest = JSON.parse(textOf(files, 'manifest.json'))
  const compact = new Map([
    ...files,
    ['manifest.json', Buffer.from(JSON.stringify(manifest))] as const
  ])
  ok(openPackage(compact, { trusted: [own.publicKey] }))
  const changed = { ...manifest, seed: 2 }
  const tampered = new Map([
    ...files,
    ['manifest.json', Buffer.from(JSON.stringify(changed))] as const
  ])
  is((await refusal(() => openPackage(tampered))).code, 'SIGNATURE_INVALID')
  const stranger = await refusal(() => openPackage(files, { trusted: [signer().publicKey] }))
  is(stranger.code, 'SIGNATURE_FOREIGN')
  match(stranger.message, /signed by this node/)
})
