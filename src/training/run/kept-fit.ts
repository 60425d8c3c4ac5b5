/** A fit that is kept when it is done, and now and then before: a training that was ended goes on where it was, to the same bits. */
import { decodeForest, encodeForest, type Forest } from '../../runtime/index.ts'

/** Keeps the forests that are done, so that a training that was ended goes on from there. */
export interface PartStore {
  /** Undefined if it was not kept, or cannot be read any more. */
  find(part: string): Promise<Uint8Array | undefined>
  keep(part: string, bytes: Uint8Array): Promise<void>
  /** Whether so much has been done that a forest should be kept before it is done. @default never */
  isDue?(): boolean
  drop?(part: string): Promise<void>
  /** All of them: what they were learned from has changed. */
  clear?(): Promise<void>
}

export interface FitStart {
  /** What there was of it; grown on to the same bits. */
  readonly resumeFrom: Forest | undefined
  /** Called between two trees. */
  readonly afterTree: (soFar: () => Forest) => Promise<void>
}

/** @param name of this fit and no other of the training */
export async function keptFit(
  store: PartStore | undefined,
  name: string,
  grow: (start: FitStart) => Promise<Forest>
): Promise<Forest> {
  const whole = await store?.find(name)
  if (whole !== undefined) return decodeForest(whole)
  const partName = `${name}-begun`
  const part = await store?.find(partName)
  const forest = await grow({
    resumeFrom: part === undefined ? undefined : decodeForest(part),
    afterTree: async (soFar) => {
      if (store?.isDue?.() === true) await store.keep(partName, encodeForest(soFar()))
    }
  })
  await store?.keep(name, encodeForest(forest))
  await store?.drop?.(partName)
  return forest
}
