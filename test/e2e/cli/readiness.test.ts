/** A node that cannot do its work says so alike to a probe, to `status` and to `doctor`, and is ready again by itself. */
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match } from 'uvu/assert'
import { CliRig } from '../../support/cli-rig.ts'
import { suite } from '../../support/suite.ts'

const test = suite('readiness by the command line', { timeoutMs: 60_000 })
let rig: CliRig

test.before(async () => {
  rig = new CliRig()
  await rig.start()
})
test.after(() => rig.dispose())

async function probe(path: string): Promise<number> {
  const { url } = JSON.parse(readFileSync(join(rig.dataDir, 'api.json'), 'utf8')) as { url: string }
  const response = await fetch(url + path)
  await response.arrayBuffer()
  return response.status
}

interface Report {
  readonly findings: readonly { readonly code: string }[]
}

async function doctorCodes(): Promise<readonly string[]> {
  const { out } = await rig.run(['doctor', '--output', 'json'])
  return (JSON.parse(out) as Report).findings.map(({ code }) => code)
}

test('the only log goes and comes back', async () => {
  equal([await probe('/readyz'), await probe('/healthz')], [200, 200])
  match((await rig.run(['status'])).out, /^ready +yes$/m)
  const aside = `${rig.log}.aside`
  renameSync(rig.log, aside)
  await rig.until(
    () => probe('/readyz'),
    (status) => status === 503
  )
  is(await probe('/healthz'), 200)
  match((await rig.run(['status'])).out, /^ready +NO, it cannot do its work: source haproxy /m)
  is((await doctorCodes()).includes('NODE_NOT_READY'), true)
  renameSync(aside, rig.log)
  await rig.until(
    () => probe('/readyz'),
    (status) => status === 200
  )
  match((await rig.run(['status'])).out, /^ready +yes$/m)
})
