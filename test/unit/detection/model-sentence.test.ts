/** What a volunteer reads at night, for several kinds of sources. */
import { is, match, not, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import { TOPICS } from '../../../src/detection/features/phrases.ts'
import { FEATURES, modelSentence } from '../../../src/detection/index.ts'
import { SENTENCE_LENGTH_MAX } from '../../../src/detection/model-sentence.ts'
import { featuresOf } from '../../support/evidence.ts'
import { suite } from '../../support/suite.ts'

const test = suite('model sentence')

const THRESHOLDS = { watch: 0.2, throttle: 0.6 }

type Values = Readonly<Record<string, number>>

/** @param moved how far each feature moved the score; what is left out did not */
function say(values: Values, moved: Values, score = 0.97): string {
  const contributions = Float64Array.from(FEATURES, ({ name }) => moved[name] ?? 0)
  return modelSentence({
    features: featuresOf(values),
    contributions,
    score,
    thresholds: THRESHOLDS
  })
}

const CASES: readonly {
  name: string
  values: Values
  moved: Values
  score?: number
  text: string
}[] = [
  {
    name: 'a harvester that walks a list',
    values: {
      ...{
        lookups_1h: 41.2,
        hex_searches_1h: 41,
        miss_share: 1,
        lookups_10m: 32,
        order_score: 8.23
      },
      ...{ gap_mean: 2.13, gap_variation: 0.02, is_gpg_like: 1 }
    },
    moved: {
      miss_share: 2,
      hex_searches_1h: 1.5,
      gap_variation: 0.9,
      order_score: 0.8,
      is_gpg_like: -0.9
    },
    text: "looks like abuse, with a probability of 97 %: it asked for 41 different keys within an hour (3.2 a minute of late), none of which exists; sends a request every 2.1 s, regular as a clock; and searches in order, as one walks a list (8.2 standard deviations from chance); against this speaks that it sends requests in the form of GnuPG's"
  },
  {
    name: 'a flood of uploads',
    values: {
      uploads_1h: 1_204,
      uploads_10m: 480,
      new_certificate_share: 1,
      size_mode_share: 0.94
    },
    moved: { uploads_10m: 3, size_mode_share: 1 },
    score: 0.99999,
    text: 'looks like abuse, with a probability of more than 99.9 %: it uploaded 1,204 times within an hour (48 a minute of late), all of it certificates that nobody knew; and sends uploads of one size (94 % of its last within 64 bytes)'
  },
  {
    name: 'a member of a swarm',
    values: {
      alike_sources: 212,
      alike_ratio: 31.7,
      alike_miss_share: 0.93,
      session_requests: 1,
      session_age: 0
    },
    moved: { alike_ratio: 3, alike_deviations: 2, alike_miss_share: 1, session_requests: 0.5 },
    score: 0.81,
    text: 'looks like abuse, with a probability of 81 %: it is one of 212 addresses that lately began to send the same kind of request, 32 times as many as usual, and mostly find nothing; and has sent 1 request only'
  },
  {
    name: 'a scanner',
    values: {
      foreign_paths_1h: 12,
      scanner_paths_1h: 7,
      injections_1h: 2,
      agent: 7,
      session_requests: 14,
      session_age: 21
    },
    moved: { scanner_paths_1h: 2, agent: 1.5, injections_1h: 1 },
    text: 'looks like abuse, with a probability of 97 %: it asked for 12 different paths that no keyserver has, 7 of which only scanners try; calls itself a scanner; and sent 2 requests with the syntax of an injection in an hour'
  },
  {
    name: 'a neighbour of others',
    values: { prefix_members: 6, prefix_banned: 2, alike_sources: 0.4 },
    moved: { prefix_banned: 2, alike_sources: -1 },
    score: 0.42,
    text: 'may be abuse, with a probability of 42 %: it has 6 neighbours that uploaded or strayed within an hour, 2 of them badly enough for a ban; against this speaks that it comes without others of its kind'
  },
  {
    name: 'one that rules speak of loudest',
    values: { rule_count: 2, rule_score: 0.9, agent: 7, answer_bytes: 166, alike_sources: 0.2 },
    moved: { rule_score: 4, answer_bytes: 2, alike_sources: 1, agent: 0.8 },
    score: 1,
    text: 'looks like abuse, with a probability of more than 99.9 %: it calls itself a scanner; and breaks 2 rules'
  },
  {
    name: 'somebody harmless',
    values: {
      has_page_signs: 1,
      rule_count: 0,
      lookups_1h: 3,
      word_searches_1h: 3,
      miss_share: 0.4
    },
    moved: { has_page_signs: -2, rule_count: -1, miss_share: 0.6 },
    score: 0.004,
    text: 'looks harmless, abuse with a probability of 0.4 %: it loads pages with all that is around them, as people do; and breaks no rule; against this speaks that it searched for 3 different words within an hour'
  },
  {
    name: 'one of whom nothing is known',
    values: {},
    moved: {},
    score: 0.3,
    text: 'may be abuse, with a probability of 30 %'
  }
]

for (const { name, values, moved, score, text } of CASES) {
  test(`tells ${name}`, () => is(say(values, moved, score), text))
}

test('says nothing twice, and nothing of features that hardly moved the score', () => {
  const text = say(
    { uploads_1h: 9, uploads_10m: 9, upload_share: 1, gap_mean: 4 },
    { uploads_1h: 2, uploads_10m: 1.9, upload_share: 1.8, gap_mean: 0.1 }
  )
  is(text.match(/upload/g)?.length, 1)
  not.match(text, /every/)
})

test('tells a feature without words of its own by its meaning and its value with the unit', () => {
  const covered = new Set(TOPICS.flatMap(({ features }) => features))
  const index = FEATURES.findIndex(({ name }) => !covered.has(name))
  const feature = FEATURES[index]
  if (feature === undefined) return
  const text = say({ [feature.name]: 1 }, { [feature.name]: 1 })
  ok(text.includes(`(${feature.meaning})`), text)
})

test('speaks of features that there are', () => {
  const names = new Set(FEATURES.map(({ name }) => name))
  const strangers = TOPICS.flatMap(({ features }) => features).filter((name) => !names.has(name))
  // The topics of counters name a span that some counters do not have.
  is(strangers.filter((name) => !name.endsWith('_10m')).join(), '')
})

test('is bounded and well formed whatever the features are', () => {
  const random = seededRandom(7)
  for (let round = 0; round < 3_000; round++) {
    const features = Float32Array.from(FEATURES, ({ range: [least, greatest], categories }) => {
      const kind = random.next()
      if (kind < 0.1) return Number.NaN
      if (kind < 0.2) return least
      if (kind < 0.3) return greatest
      const value = least + random.next() ** 3 * (greatest - least)
      return categories === undefined ? value : Math.floor(value)
    })
    const contributions = Float64Array.from(FEATURES, () => (random.next() - 0.5) * 6)
    const score = random.next()
    const text = modelSentence({ features, contributions, score, thresholds: THRESHOLDS })
    ok(text.length <= SENTENCE_LENGTH_MAX, text)
    not.match(text, /NaN|undefined|Infinity|\n| {2}|\.$/)
    match(
      text,
      /^(?:looks like abuse, with|may be abuse, with|looks harmless, abuse with) a probability of (?:less|more)? ?(?:than )?[\d.]+ %/
    )
  }
})
