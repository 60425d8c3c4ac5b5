/** The generator's own table: rows of generated keyserver days as training reads them, split so that no campaign is on both sides. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BehaviourTable, groupNames, joinTables, loadTable } from '../../src/datasets/index.ts'
import { groupedFolds } from '../../src/training/index.ts'
import { makeDays } from '../base-model/make-days.ts'

/** As the shipped model's first days of each scenario: more than 100 000 rows. */
const DAYS = { region: 'train', seeds: [1], hours: 3 } as const
const PARTS = 5
const SPLITS = [0, 1] as const
const SEED = 1

/** @param days folder in which days are kept, and looked for first */
export async function exportGenerator(directory: string, days: string): Promise<void> {
  const folders = await makeDays({
    ...{ ...DAYS, dir: days },
    onDay: (day) => process.stderr.write(`made ${day}\n`)
  })
  const table = joinTables(await Promise.all(folders.map(loadTable)))
  const path = (ending: string) => join(directory, `generator.${ending}`)
  writeFileSync(path('f32'), bytesOf(table.values))
  writeFileSync(path('i32'), bytesOf(table.labels))
  for (const split of SPLITS) {
    const { train, test } = rowsOf(table, split)
    writeFileSync(path(`train${split}`), bytesOf(train))
    writeFileSync(path(`test${split}`), bytesOf(test))
  }
  const features = table.values.length / table.rows
  writeFileSync(path('json'), JSON.stringify({ rows: table.rows, features, classes: 2 }))
}

function rowsOf(table: BehaviourTable, split: number) {
  const { labels } = table
  const foldOf = groupedFolds({ labels, classes: 2, groups: groupNames(table) }, PARTS, SEED)
  const all = Int32Array.from(labels.keys())
  return {
    train: all.filter((row) => foldOf[row] !== split),
    test: all.filter((row) => foldOf[row] === split)
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
