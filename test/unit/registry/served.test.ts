import { equal, is } from 'uvu/assert'
import { openPackage } from '../../../src/registry/index.ts'
import { servedModel } from '../../../src/registry/served.ts'
import { SAMPLE_FIT, samplePackage, smallPackage } from '../../support/model-packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite('served model')
const RECORD = { name: 'small', version: '1', task: 'behaviour', thresholds: { watch: 0.5 } }

test('knows the ranges of its features by their names, wherever they stand', () => {
  const sample = openPackage(samplePackage('1'))
  equal(servedModel(RECORD, sample, SAMPLE_FIT).ranges, SAMPLE_FIT.ranges)
  const turned = {
    ...SAMPLE_FIT,
    features: SAMPLE_FIT.features.toReversed(),
    ranges: SAMPLE_FIT.ranges?.toReversed()
  }
  equal(servedModel(RECORD, sample, turned).ranges, SAMPLE_FIT.ranges)
})

test('knows no ranges of features that the task does not have', () => {
  const { ranges } = servedModel(RECORD, openPackage(smallPackage('1')), SAMPLE_FIT)
  equal(ranges, [undefined, undefined, undefined, undefined])
  is(servedModel(RECORD, openPackage(smallPackage('1')), undefined).ranges, undefined)
})
