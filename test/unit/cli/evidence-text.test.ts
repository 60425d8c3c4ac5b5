import { equal, is } from 'uvu/assert'
import { evidenceFields } from '../../../src/cli/commands/evidence-text.ts'
import { suite } from '../../support/suite.ts'

const test = suite('evidence as text')
type Evidence = Parameters<typeof evidenceFields>[0]

function evidence(fields: Partial<Evidence> = {}): Evidence {
  const row = (feature: string, contribution: number) => ({
    ...{ feature, contribution, value: 1, shown: '100 %', unit: 'share', meaning: `of ${feature}` },
    usual: null
  })
  return {
    ...{ model: 'behaviour@1', sha256: 'ab'.repeat(32), feature_set_version: 1 },
    ...{ source: '198.51.100.7', score: 0.97234, bias: -1, rest: 0.1, explained: 'then' },
    thresholds: { watch: 0.2, throttle: 0.6, ban: 0.995 },
    features: [
      { ...row('miss_share', 2.5), usual: { from: 0, to: 0.4, shown: '0 % to 40 %' } },
      row('page_share', -0.301)
    ],
    text: 'looks like abuse',
    ...fields
  }
}

test('says who gave which score, between which thresholds, and what moved it which way', () => {
  equal(evidenceFields(evidence(), '198.51.100.7'), [
    [
      'model',
      'behaviour@1 (SHA-256 abababababab…) gave 0.9723; slowed down from 0.6 on, banned from 0.995 on'
    ],
    ['', 'looks like abuse'],
    ['went by', 'of miss_share: 100 %, usual 0 % to 40 % (+2.50)'],
    ['', 'of page_share: 100 % (−0.30)']
  ])
})

test('names the member of a swarm, and the one threshold that there is on a side', () => {
  const [[, first] = []] = evidenceFields(evidence({ score: 0.1 }), 'swarm:harvesting:1')
  is(
    first,
    'behaviour@1 (SHA-256 abababababab…) gave 0.1000 to 198.51.100.7, whose request led to it; watched from 0.2 on'
  )
  const [[, surest] = []] = evidenceFields(evidence({ score: 1 }), '198.51.100.7')
  is(surest, 'behaviour@1 (SHA-256 abababababab…) gave 1.0000; banned from 0.995 on')
})

test('says so where nobody can say any more what moved the score', () => {
  const fields = evidenceFields(evidence({ explained: 'not', features: [] }), '198.51.100.7')
  is(
    fields.at(-1)?.join(' '),
    'went by this was not worked out in a wave of addresses, and the package is not here to do it now'
  )
})
