/**
 * Generates one keyserver day, reads it as the node would, keeps the rows and throws the logs away. A process of its own, so that
 * several run side by side.
 *
 *   node scripts/base-model/make-rows.ts OUT SEED HOURS SCENARIO REGION
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildRows, readLabels, saveTable } from '../../src/datasets/index.ts'
import { generateDay } from '../traffic/generate-day.ts'
import type { Region, ScenarioName } from '../traffic/regions.ts'

const [out = '', seed = '', hours = '', scenario = '', region = ''] = process.argv.slice(2)
await mkdir(out, { recursive: true })
await generateDay({
  out,
  seed: Number(seed),
  hours: Number(hours),
  scenario: scenario as ScenarioName,
  region: region as Region
})
const haproxy = join(out, 'haproxy.log')
const hockeypuck = join(out, 'hockeypuck.log')
const labels = await readLabels(join(out, 'truth.jsonl'), { isTruth: true })
const site = `${region}/${scenario}/${seed}`
await saveTable(out, await buildRows({ haproxy, hockeypuck }, labels, { site, isSynthetic: true }))
for (const log of [haproxy, hockeypuck]) await rm(log)
