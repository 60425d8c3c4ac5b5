/** The model card: what the shipped model is for, what it learned from, what it can and cannot do. */
import type { RegionFigures, Thresholds } from './figures.ts'

export interface CardFacts {
  readonly regions: readonly RegionFigures[]
  readonly thresholds: Thresholds
  readonly rows: number
  readonly seed: number
  readonly hours: number
}

export function cardOf({ regions, thresholds, rows, seed, hours }: CardFacts): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const table = regions.map(
    (figures) =>
      `| ${figures.region} | ${figures.abuseSources} | ${percent(figures.recall)} | ${percent(figures.recallByClassMean)} | ${figures.falsePositives} of ${figures.benignSources} | ${figures.falseBans} |`
  )
  const classes = [...new Set(regions.flatMap(({ recallByClass }) => Object.keys(recallByClass)))]
  const byClass = classes.map(
    (name) =>
      `| ${name} | ${regions.map(({ recallByClass }) => (recallByClass[name] === undefined ? '–' : percent(recallByClass[name]))).join(' | ')} |`
  )
  return `# Model card: behaviour

## What it is for
Tells from what a client of an OpenPGP keyserver has done until now how likely it is to be abusive. It judges beside the rules of
netminder: hard evidence stays with them. It is not made for other web services, nor to identify anybody.

## What it is
Boosted trees, a random forest and an isolation forest, put together by a logistic regression over scores of folds that had not seen
the campaign, and calibrated (isotonic). Features: docs/FEATURES.md.
What only tells one keyserver from another (how busy it is, shares and paces of everybody's requests) it was not shown; what speaks
against a source (injections, rules that speak, banned neighbours, …) can only raise the score of the boosted trees.

## What it learned from
${rows} moments of generated keyserver days of ${hours} hours (\`npm run traffic\`, region train; seed ${seed}). The traffic is **synthetic**:
its parameters are ranges with sources (docs/TRAFFIC.md); no log of anybody was used.

## Thresholds
watch ${thresholds.watch.toFixed(3)}, throttle ${thresholds.throttle.toFixed(3)} (half the room above what 5 in 10 000 harmless sources of the validation region reached), ban ${thresholds.ban.toFixed(3)}.

## Figures, by source
| region | abusive | recall | mean over classes | harmless flagged | over the ban threshold |
|---|---|---|---|---|---|
${table.join('\n')}

| class | ${regions.map(({ region }) => region).join(' | ')} |
|---|${regions.map(() => '---|').join('')}
${byClass.join('\n')}

Regions hold ranges of rates, tools, evasions and scenarios that training has never seen.

## Limits
Generated traffic is not the world: the figures say how it generalises from one part of the generator to another. A class that the
logs do not show (content of certificates, connections without a request) cannot be seen by it. A keyserver behind a proxy that hides
its clients gives it little to see.
`
}
