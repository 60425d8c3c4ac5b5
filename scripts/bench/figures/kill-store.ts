/** How much of what the store acknowledged is gone after kill -9 under write load: nothing, or the figure is not met. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../../src/base/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { killRepeatedly } from '../kill-store/harness.ts'

const KILLS = 200

export const figure: BenchFigure = {
  name: 'kill-store',
  goal: `0 lost of ≥ ${KILLS} kills`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const dataDir = mkdtempSync(join(tmpdir(), 'netminder-kill-store-'))
    try {
      const result = await killRepeatedly({
        dataDir,
        kills: KILLS,
        random: seededRandom(context.seed),
        acknowledge: 'after-commit',
        progress: context.progress
      })
      const bad = result.lost + result.faults.length
      const note =
        result.faults.length === 0
          ? `${result.acknowledged} transactions acknowledged, each a decision with its audit entry; audit and database checked after every kill`
          : `faults: ${result.faults.slice(0, 5).join('; ')}`
      return [
        line('kill-store.lost', { value: bad, unit: 'events', goal: '0', isMet: bad === 0 }, note),
        line(
          'kill-store.kills',
          { value: result.kills, unit: 'kills', goal: `≥ ${KILLS}`, isMet: result.kills >= KILLS },
          'SIGKILL, about one in seven while the process was starting or recovering'
        )
      ]
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  }
}

function line(
  name: string,
  measured: {
    readonly value: number
    readonly unit: string
    readonly goal: string
    readonly isMet: boolean
  },
  note: string
): FigureLine {
  const { value, unit, goal, isMet } = measured
  return {
    figure: name,
    value,
    unit,
    reference: null,
    reference_value: null,
    ratio: null,
    goal,
    met: isMet,
    samples: KILLS,
    note
  }
}
