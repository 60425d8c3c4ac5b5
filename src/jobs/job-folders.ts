/** The folders of jobs that have not ended; those of others are not kept. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { endOrphan } from './job-process.ts'
import { WORK_FILE, type WorkSpec } from './worker/work-spec.ts'

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export class JobFolders {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  dirOf(id: string): string {
    return join(this.#root, id)
  }

  /** Makes the folder ready for a process, whatever it holds from before. @param champion the tar of the package to compare with */
  async prepare(
    spec: WorkSpec,
    champion: () => Promise<AsyncIterable<Uint8Array>>
  ): Promise<string> {
    const dir = this.dirOf(spec.id)
    endOrphan(dir)
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await writeFile(join(dir, WORK_FILE.spec), JSON.stringify(spec), { mode: 0o600 })
    if (spec.parent !== null) {
      await writeFile(join(dir, WORK_FILE.champion), await champion(), { mode: 0o600 })
    }
    return dir
  }

  async remove(id: string): Promise<void> {
    await rm(this.dirOf(id), { recursive: true, force: true })
  }

  /** Ends what an earlier life of the node left running, and removes what no open job needs. */
  async sweep(open: ReadonlySet<string>): Promise<void> {
    const entries = await readdir(this.#root).catch(() => [])
    for (const name of entries.filter((entry) => ID.test(entry))) {
      endOrphan(this.dirOf(name))
      if (!open.has(name)) await this.remove(name)
    }
  }
}
