/** Files that come with the program and lie beside `src` and `dist` alike. */
import { join } from 'node:path'

/** Packages of models. */
export function shippedModelsDir(): string {
  return join(import.meta.dirname, '..', '..', 'models')
}
