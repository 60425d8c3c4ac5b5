/**
 * Generates one keyserver day, reads it as the node would, keeps the rows and throws the logs away. A process of its own, so that
 * several run side by side.
 *
 *   node scripts/base-model/make-rows.ts OUT SEED HOURS SCENARIO REGION
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { generateDay } from '../traffic/generate-day.ts'
import type { Region, ScenarioName } from '../traffic/regions.ts'
import { readDay, saveDay } from './day-rows.ts'

const [out = '', seed = '', hours = '', scenario = '', region = ''] = process.argv.slice(2)
await mkdir(out, { recursive: true })
await generateDay({
  out,
  seed: Number(seed),
  hours: Number(hours),
  scenario: scenario as ScenarioName,
  region: region as Region
})
const site = `${region}/${scenario}/${seed}`
await saveDay(out, await readDay(out, { site, isSynthetic: true }))
for (const name of ['haproxy.log', 'hockeypuck.log']) await rm(join(out, name))
