/** Every key of the configuration is read by somebody: a key without a reader promises what does not happen. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { equal, ok } from 'uvu/assert'
import { configShape, propertiesOf } from '../../src/config/shape.ts'
import { suite } from '../support/suite.ts'

const test = suite('configuration keys')
const root = join(import.meta.dirname, '..', '..')

/** Names that a source text reads: `config.store.key`, `{ key } = config.store`, `store['key']`. A declaration reads nothing. */
function namesRead(text: string): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) names.add(node.name.text)
    if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
      names.add(node.argumentExpression.text)
    }
    if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
      const name = node.propertyName ?? node.name
      if (ts.isIdentifier(name)) names.add(name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true))
  return names
}

function configKeys(): readonly string[] {
  return [...propertiesOf(configShape())].flatMap(([section, shape]) =>
    [...propertiesOf(shape.items ?? shape).keys()].map((key) => `${section}.${key}`)
  )
}

function unreadKeys(keys: readonly string[], texts: readonly string[]): readonly string[] {
  const read = new Set(texts.flatMap((text) => [...namesRead(text)]))
  return keys.filter((key) => !read.has(key.slice(key.lastIndexOf('.') + 1)))
}

function sourcesOutsideConfig(): readonly string[] {
  return globSync('src/**/*.ts', { cwd: root })
    .filter((path) => !path.startsWith('src/config/'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
}

test('are all read outside the room that declares them', () => {
  const keys = configKeys()
  ok(keys.length > 40, `expected many keys, got ${keys.length}`)
  equal(unreadKeys(keys, sourcesOutsideConfig()), [])
})

test('the check finds a key that is only declared, passed on or talked about', () => {
  const keys = [
    'store.deadMs',
    'store.readMs',
    'store.boundMs',
    'store.renamedMs',
    'store.quotedMs'
  ]
  const text = `
    /** deadMs is how long. */
    interface Options { readonly deadMs: number; readonly readMs: number }
    const passed = { deadMs: 1, ...options }
    const { boundMs, renamedMs: other } = options
    use(options.readMs, boundMs, other, options['quotedMs'], 'deadMs')`
  equal(unreadKeys(keys, [text]), ['store.deadMs'])
  equal(unreadKeys([...configKeys(), 'store.plantedMs'], sourcesOutsideConfig()), [
    'store.plantedMs'
  ])
})
