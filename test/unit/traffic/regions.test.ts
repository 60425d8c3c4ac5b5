import * as assert from 'node:assert/strict'
import { TOOL_FAMILIES } from '../../../scripts/traffic/clients/agents.ts'
import { ABUSE_MODELS, BENIGN_MODELS } from '../../../scripts/traffic/clients/index.ts'
import { PAYLOADS, SCAN_PATHS } from '../../../scripts/traffic/clients/word-lists.ts'
import { Draw } from '../../../scripts/traffic/draw.ts'
import { quantile } from '../../../scripts/traffic/parameter.ts'
import {
  BANDS,
  bandBounds,
  bandsOf,
  drawIn,
  EVASIONS,
  evasionsOf,
  REGIONS,
  scenariosOf
} from '../../../scripts/traffic/regions.ts'
import { DAY_PARAMETERS } from '../../../scripts/traffic/scenario.ts'
import { suite } from '../../support/suite.ts'

const test = suite('regions of generated traffic')
const PARAMETERS = [...BENIGN_MODELS, ...ABUSE_MODELS]
  .flatMap(({ name, parameters }) =>
    Object.entries(parameters).map(([key, parameter]) => ({
      key,
      label: `${name}.${key}`,
      parameter
    }))
  )
  .concat(
    Object.entries(DAY_PARAMETERS).map(([key, parameter]) => ({ key, label: key, parameter }))
  )

test('share out all bands, none twice', () => {
  const bands = REGIONS.flatMap((region) => bandsOf(region)).sort((a, b) => a - b)
  assert.deepEqual(
    bands,
    Array.from({ length: BANDS }, (_, band) => band)
  )
})

test('draw every parameter from values that no other region draws', () => {
  for (const { label, parameter } of PARAMETERS) {
    const edges = Array.from({ length: BANDS + 1 }, (_, band) => quantile(parameter, band / BANDS))
    for (let band = 0; band < BANDS; band++) {
      assert.ok((edges[band] ?? 0) < (edges[band + 1] ?? 0), `${label}, band ${band}`)
    }
    for (const region of REGIONS) {
      const draw = new Draw(3)
      for (let i = 0; i < 60; i++) {
        const value = drawIn(region, parameter, draw)
        const home = bandsOf(region).some((band) => {
          const [low, high] = bandBounds(parameter, band)
          return value >= low && value <= high
        })
        assert.ok(home, `${label}: ${value} in ${region}`)
      }
    }
  }
})

test('name each parameter as its key and say where its range comes from', () => {
  for (const { key, label, parameter } of PARAMETERS) {
    assert.equal(parameter.name, key, label)
    assert.match(parameter.source, /contract §|recording|assumed|published/, label)
  }
})

test('keep ways of evasion and scenarios apart', () => {
  for (const a of REGIONS) {
    for (const b of REGIONS) {
      if (a === b) continue
      const hidden = evasionsOf(a).filter((name) => EVASIONS[name] !== 'any')
      assert.deepEqual(
        hidden.filter((name) => evasionsOf(b).includes(name)),
        []
      )
      assert.notDeepEqual(scenariosOf(a), scenariosOf(b))
    }
  }
})

test("keep abusers' tools and words apart", () => {
  const own = (region: (typeof REGIONS)[number]) =>
    new Set(
      (['script', 'scanner', 'injector'] as const).flatMap((family) =>
        TOOL_FAMILIES[family]
          .filter(({ belongs }) => belongs === region)
          .flatMap(({ userAgents }) => userAgents.filter((agent) => /\d/.test(agent)))
      )
    )
  for (const a of REGIONS) {
    for (const b of REGIONS) {
      if (a === b) continue
      assert.deepEqual(
        [...own(a)].filter((agent) => own(b).has(agent)),
        []
      )
      assert.deepEqual(
        SCAN_PATHS[a].filter((path) => SCAN_PATHS[b].includes(path)),
        []
      )
      assert.deepEqual(
        PAYLOADS[a].filter((payload) => PAYLOADS[b].includes(payload)),
        []
      )
    }
  }
})

test('give every abusive class a plain variant', () => {
  for (const { name, evasions } of ABUSE_MODELS) assert.ok(evasions.includes('none'), name)
})
