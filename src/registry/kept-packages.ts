/**
 * Opens the very package that once judged, by its name and the hash of its manifest, anew from its files: what is in memory proves
 * nothing. Each is opened once for all who ask in one go.
 */
import { messageOf } from '../base/index.ts'
import { ModelError, ModelScorer } from '../runtime/index.ts'
import { type ModelEvent, type ModelStore, modelId, type PackageShelf } from './model-record.ts'
import type { ModelPackage } from './package/open-package.ts'

export type KeptPackage =
  | {
      readonly kind: 'opened'
      readonly width: number
      readonly score: (features: Float32Array) => number
    }
  | { readonly kind: 'absent'; readonly detail: string }
  | { readonly kind: 'changed'; readonly detail: string }

export interface KeptPackagesPorts {
  readonly shelf: Pick<PackageShelf, 'load'>
  readonly store: Pick<ModelStore, 'events'>
  readonly task: string
}

/** Packages that one caller asks about; a decision names any that it likes. */
const OPENED_MAX = 16
const EVENTS_MAX = 1_000

export class KeptPackages {
  readonly #ports: KeptPackagesPorts
  readonly #opened = new Map<string, Promise<KeptPackage>>()

  constructor(ports: KeptPackagesPorts) {
    this.#ports = ports
  }

  open(model: string, digest: string): Promise<KeptPackage> {
    const key = `${model} ${digest}`
    const known = this.#opened.get(key)
    if (known !== undefined) return known
    const [oldest] = this.#opened.keys()
    if (this.#opened.size >= OPENED_MAX && oldest !== undefined) this.#opened.delete(oldest)
    const opening = this.#open(model, digest)
    this.#opened.set(key, opening)
    return opening
  }

  async #open(model: string, digest: string): Promise<KeptPackage> {
    const at = model.lastIndexOf('@')
    const [name, version] = [model.slice(0, at), model.slice(at + 1)]
    const faults: string[] = []
    for (const isShipped of [false, true]) {
      try {
        const opened = await this.#ports.shelf.load({ name, version, isShipped })
        if (opened.sha256 === digest) return scoring(opened)
        faults.push(
          `expected ${model} with the SHA-256 ${short(digest)}, which judged, got one with ${short(opened.sha256)}`
        )
      } catch (error) {
        if (!(error instanceof ModelError)) throw error
        if (error.code !== 'PACKAGE_MISSING') faults.push(messageOf(error))
      }
    }
    const [fault] = faults
    if (fault !== undefined) {
      return { kind: 'changed', detail: `the package of ${model} was changed: ${fault}` }
    }
    return { kind: 'absent', detail: `${this.#whereIs(model)}; its SHA-256 is ${digest}` }
  }

  /** What became of a package that is not here, and where another copy of it may be. */
  #whereIs(model: string): string {
    const events = this.#ports.store
      .events(this.#ports.task, EVENTS_MAX)
      .filter((event) => modelId(event) === model)
    const last = events[0]
    const gone =
      last?.action === 'delete' ? `was deleted ${dayOf(last)} by ${last.actor}` : 'is not here'
    const came = events.find(({ action }) => action === 'install')
    const isShipped = came?.actor === 'system' && came.reason.startsWith('shipped')
    const from = isShipped
      ? 'it came with the release of netminder that ran then, in its folder models'
      : came === undefined
        ? 'take it from the node or the backup that it came from ("netminder models import")'
        : `it was installed ${dayOf(came)} by ${came.actor}: ask there, or a backup, and import it ("netminder models import")`
    return `the package of ${model} ${gone}; ${from}`
  }
}

function scoring({ parts }: ModelPackage): KeptPackage {
  const scorer = new ModelScorer(parts)
  const out = new Float64Array(scorer.width)
  return {
    kind: 'opened',
    width: parts.members[0]?.forest.features.length ?? 0,
    score: (features) => {
      scorer.score(features, 0, out)
      return out[0] ?? Number.NaN
    }
  }
}

function dayOf({ atMs }: ModelEvent): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

function short(digest: string): string {
  return `${digest.slice(0, 12)}…`
}
