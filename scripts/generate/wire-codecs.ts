/**
 * `protocols/*.proto` → `src/wire/generated/*.ts` by protons, with three changes. Protons writes each message as a namespace,
 * which Node refuses to run as it stands (only types can be stripped from a source): it becomes a constant with the same
 * members. Its decoders take a field of any wire type for the one that is meant, and read past the end of a message inside a
 * message: here, as the specification has it, the first is an unknown field and the second an error.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { generate } from 'protons'
import ts from 'typescript'

export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** @param root of the repository */
export async function renderWireCodecs(root: string): Promise<readonly GeneratedFile[]> {
  const folder = mkdtempSync(join(tmpdir(), 'netminder-codecs-'))
  try {
    const files: GeneratedFile[] = []
    for (const source of globSync('protocols/*/*.proto', { cwd: root }).sort()) {
      await generate(join(root, source), { output: folder, strict: true })
      const name = basename(source, '.proto')
      const text = readFileSync(join(folder, `${name}.ts`), 'utf8')
      files.push({
        path: `src/wire/generated/${name}.ts`,
        text: `// Generated from ${source} by "npm run generate". Not to be edited.\n// @ts-nocheck: protons writes for looser settings than ours.\n${adapt(text)}`
      })
    }
    return files
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Streams of single fields are left out: nobody reads them. */
function adapt(text: string): string {
  const file = ts.createSourceFile('codec.ts', text, ts.ScriptTarget.ES2023, true)
  return file.statements
    .map((statement) =>
      ts.isModuleDeclaration(statement) ? constantOf(statement, file) : statement.getText(file)
    )
    .join('\n\n')
    .replace(/\nimport \{ alloc as uint8ArrayAlloc \} from 'uint8arrays\/alloc'\n/, '\n')
    .replaceAll('uint8ArrayAlloc(0)', 'new Uint8Array(0)')
    .replace(', streamMessage }', ' }')
    .replaceAll(/\n{2,}(?=import )/g, '\n')
    .concat('\n')
}

function constantOf(module: ts.ModuleDeclaration, file: ts.SourceFile): string {
  const name = module.name.getText(file)
  const body = module.body
  if (body === undefined || !ts.isModuleBlock(body)) {
    throw new Error(`expected protons to write a block for ${name}`)
  }
  const members = body.statements.flatMap((statement) => memberOf(statement, file))
  const text = `let codecOf${name}: Codec<${name}> | undefined\n\nexport const ${name} = {\n${members.join(',\n\n')}\n}`
  return strict(text.replaceAll(/\b_codec\b/g, `codecOf${name}`))
}

/** The encoder beside it writes the full tag (field and wire type) of each field. */
function strict(text: string): string {
  const tags = new Map(
    [...text.matchAll(/\bw\.uint32\((\d+)\)/g)].map(([, tag]) => [Number(tag) >>> 3, tag])
  )
  return text
    .replaceAll('switch (tag >>> 3) {', 'switch (tag) {')
    .replaceAll(/\bcase (\d+): \{/g, (_, field) => `case ${tags.get(Number(field))}: {`)
    .replaceAll(
      /\n( +)return obj\n/g,
      "\n$1if (reader.pos !== end) {\n$1  throw new Error('Decode error - a field runs past the end of its message')\n$1}\n\n$1return obj\n"
    )
}

function memberOf(statement: ts.Statement, file: ts.SourceFile): readonly string[] {
  if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) {
    if (statement.name.text === 'stream') return []
    return [`  ${statement.getText(file).replace(/^export function (\w+) /, '$1')}`]
  }
  if (!ts.isVariableStatement(statement)) return []
  const declaration = statement.declarationList.declarations[0]
  const value = declaration?.initializer
  if (declaration === undefined || value === undefined) return []
  return [`  ${declaration.name.getText(file)}: ${value.getText(file)}`]
}
