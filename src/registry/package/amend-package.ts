/** A package with more said in it: figures that somebody else has measured of the model, and words for its card. The model stays as it is. */
import { ModelError } from '../../runtime/index.ts'
import type { Signer } from '../../wire/index.ts'
import { FILE, type Manifest, manifestSchema, parseFile } from './manifest.ts'
import { type LoadOptions, openPackage, type PackageFiles, sha256Of } from './open-package.ts'
import { signManifest } from './signature.ts'

export interface Amendment {
  /** Beside those that are there. */
  readonly metrics: Manifest['metrics']
  readonly lineage: Manifest['lineage']
  /** Markdown, added at the end of the card. */
  readonly card: string
  readonly signer?: Signer | undefined
}

/** @throws {PACKAGE_INVALID} and whatever makes a package impossible to load */
export function amendPackage(
  files: PackageFiles,
  amendment: Amendment,
  options: LoadOptions = {}
): PackageFiles {
  const given = files.get(FILE.manifest)
  const oldCard = files.get(FILE.card)
  if (given === undefined || oldCard === undefined) {
    throw new ModelError('PACKAGE_INVALID', 'expected a package with a manifest and a card')
  }
  const { signature: _, ...manifest } = parseFile(FILE.manifest, given, manifestSchema)
  const text = `${new TextDecoder().decode(oldCard).trimEnd()}\n\n${amendment.card.trimEnd()}\n`
  const card = new TextEncoder().encode(text)
  const unsigned: Manifest = {
    ...manifest,
    metrics: { ...manifest.metrics, ...amendment.metrics },
    lineage: amendment.lineage,
    files: manifest.files.map((file) =>
      file.path === FILE.card
        ? { path: file.path, sha256: sha256Of(card), bytes: card.length }
        : file
    )
  }
  const { signer } = amendment
  const amended = signer === undefined ? unsigned : signManifest(unsigned, signer)
  const bytes = new TextEncoder().encode(`${JSON.stringify(amended, undefined, 1)}\n`)
  const changed = new Map([...files, [FILE.card, card], [FILE.manifest, bytes]])
  openPackage(changed, options)
  return changed
}
