/** Models of a running node by the command line: given to it, deployed, rolled back, taken along, and there again after a crash. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, match } from 'uvu/assert'
import { writePackage } from '../../../src/registry/package/package-dir.ts'
import { CliRig } from '../../support/cli-rig.ts'
import { behaviourPackage, tarOf } from '../../support/model-packages.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Models of a node by the command line', { timeoutMs: 180_000 })
const rig = new CliRig()
const ids = ['made-up@1', 'made-up@2']

interface Model {
  readonly id: string
  readonly stage: string
  readonly origin: string
}

test.before(async () => {
  await rig.start()
  for (const version of ['1', '2']) {
    await writePackage(
      join(rig.dir, `package-${version}`),
      behaviourPackage(version, Number(version))
    )
  }
})
test.after(() => rig.dispose())

const folder = (version: string) => join(rig.dir, `package-${version}`)
/** What is shipped with the program stands beside what the test gives. */
const own = async () =>
  (await rig.json<Model[]>('models', 'list')).filter(({ id }) => ids.includes(id))
const stages = async () => (await own()).map(({ id, stage }) => [id, stage])

test('a package without a signature is taken only if the operator answers for it', async () => {
  const refused = await rig.run(['models', 'import', folder('1')])
  is(refused.code, 1, refused.talk)
  match(refused.talk, /--unsigned/)
  const taken = await rig.run(['models', 'import', folder('1'), '--unsigned', '--reason', 'mine'])
  is(taken.code, 0, taken.talk)
  match(taken.out, /made-up@1 +behaviour +candidate +boosting +imported/)
  const twice = await rig.run(['models', 'import', folder('1'), '--unsigned'])
  is(twice.code, 1)
  match(twice.talk, /made-up@1: give it another version/)
  const none = await rig.run(['models', 'import', join(rig.dir, 'nowhere')])
  is(none.code, 66, none.talk)
  const { code, talk } = await rig.run(['models', 'import', rig.dir])
  is(code, 65, talk)
})

test('a deployed model answers, and a rollback brings the one before back', async () => {
  const tar = join(rig.dir, 'two.tar')
  writeFileSync(tar, await tarOf(behaviourPackage('2', 2)))
  is((await rig.run(['models', 'import', tar, '--unsigned'])).code, 0)
  for (const id of ids) {
    const deployed = await rig.run(['models', 'deploy', id, '--reason', 'a test'])
    is(deployed.code, 0, deployed.talk)
    match(deployed.talk, new RegExp(`${id} answers for behaviour`))
  }
  equal(await stages(), [
    ['made-up@2', 'champion'],
    ['made-up@1', 'archived']
  ])
  const back = await rig.run(['models', 'rollback', '--reason', 'worse'])
  is(back.code, 0, back.talk)
  equal(await stages(), [
    ['made-up@2', 'archived'],
    ['made-up@1', 'champion']
  ])
  const demoted = await rig.run(['models', 'deploy', 'made-up@1', '--stage', 'archived'])
  is(demoted.code, 1, demoted.talk)
  const shown = await rig.run(['models', 'show', 'made-up@1'])
  match(shown.out, /Stage: +champion/)
  match(shown.out, /rollback \(archived → champion\) by token:admin: worse/)
  const unknown = await rig.run(['models', 'show', 'made-up@9'])
  is(unknown.code, 1, unknown.talk)
  const wrong = await rig.run(['models', 'show', 'nonsense'])
  is(wrong.code, 64, wrong.talk)
})

test('an exported package is the very one, and is not written over another file', async () => {
  const file = join(rig.dir, 'out.tar')
  const done = await rig.run(['models', 'export', 'made-up@2', '--file', file])
  is(done.code, 0, done.talk)
  equal(readFileSync(file), await tarOf(behaviourPackage('2', 2)))
  const again = await rig.run(['models', 'export', 'made-up@2', '--file', file])
  is(again.code, 73, again.talk)
})

test('the champion is the same after a kill, and the audit says who made it so', async () => {
  await rig.stop('SIGKILL')
  await rig.start()
  equal(await stages(), [
    ['made-up@2', 'archived'],
    ['made-up@1', 'champion']
  ])
  const items = await rig.json<{ action: string; actor: string }[]>('audit', 'list')
  const actions = items
    .filter(({ action }) => action.startsWith('model.'))
    .map(({ action }) => action)
  is(actions.filter((action) => action === 'model.rollback').length, 2)
  is(actions.filter((action) => action === 'model.promote').length >= 3, true)
})
