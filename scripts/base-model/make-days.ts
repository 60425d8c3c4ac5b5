/** Many generated days, two at a time, each made once: a folder that has its rows is not made again. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Region, scenariosOf } from '../traffic/regions.ts'

export interface DaysOptions {
  readonly dir: string
  readonly region: Region
  readonly seeds: readonly number[]
  readonly hours: number
  readonly onDay?: (site: string) => void
}

/** @returns the folders, in the order of seeds and scenarios */
export async function makeDays(options: DaysOptions): Promise<readonly string[]> {
  const { dir, region, seeds, hours } = options
  const days = seeds.flatMap((seed) =>
    scenariosOf(region).map((scenario) => ({
      out: join(dir, `${region}-${scenario}-${seed}-${hours}h`),
      args: [String(seed), String(hours), scenario, region]
    }))
  )
  const waiting = days.filter(({ out }) => !existsSync(join(out, 'table.json')))
  const worker = async () => {
    for (let day = waiting.shift(); day !== undefined; day = waiting.shift()) {
      await runDay([day.out, ...day.args])
      options.onDay?.(day.out)
    }
  }
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker))
  return days.map(({ out }) => out)
}

const PROGRAM = fileURLToPath(new URL('make-rows.ts', import.meta.url))

function runDay(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', 'ignore', 'inherit']
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`expected a day in ${args[0]}, got exit code ${code}`))
    })
  })
}
