/** The process that is killed: takes events as fast as it can and says the id of each after it was accepted. Arguments: data directory, run. */
import { writeSync } from 'node:fs'
import { Author, alertBody, makeNode } from './network.ts'
import { makeStore, START_MS } from './store.ts'

const [dataDir = '', run = '0'] = process.argv.slice(2)
const node = makeNode({ store: makeStore(dataDir) })
node.intake.subscribe({
  onVerdict: () => undefined
})

async function speak(number: number): Promise<void> {
  // Each author says no more than his quota, so there are many.
  const author = new Author(`author ${number} of run ${run}`)
  await node.gossip(author.announce())
  for (let i = 0; i < 50; i++) {
    const event = author.say(alertBody(), { tsMs: START_MS })
    const verdict = await node.gossip(event)
    if (verdict.verdict === 'accept') writeSync(1, `${Buffer.from(event.id).toString('hex')}\n`)
  }
}

for (let number = 0; ; number += 8) {
  await Promise.all(Array.from({ length: 8 }, (_, i) => speak(number + i)))
}
