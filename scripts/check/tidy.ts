/** House rules that a line of text can break. Pure: a file's path and text in, faults out; which files there are is not its business. */

export const FILE_LINES_MAX = 400

interface TidyRule {
  readonly name: string
  readonly pattern: RegExp
  /** Paths from the root of the repository. */
  readonly where: RegExp
  readonly except?: RegExp
}

const CODE = /^(?:src|bin|scripts|test)\/.*\.[jt]s$/

const RULES: readonly TidyRule[] = [
  {
    name: 'a to-do without an issue',
    pattern: /\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))/,
    where: /^(?:src|bin)\//
  },
  {
    name: 'Math.random; take a Random',
    pattern: /\bMath\.random\(/,
    where: CODE
  },
  {
    name: 'the wall clock outside base/clock.ts',
    pattern: /\bDate\.now\(|\bnew Date\(\)/,
    where: /^src\//,
    except: /^src\/base\/clock\.ts$/
  },
  {
    name: 'setInterval outside base/clock.ts',
    pattern: /\bsetInterval\(/,
    where: /^src\//,
    // Its only timer keeps the process alive, and does nothing.
    except: /^src\/(?:base\/clock|daemon\/daemon)\.ts$/
  },
  {
    name: 'the environment or exit of the process outside bin/ and src/config',
    pattern:
      /\bprocess\.(?:env|exit|abort|kill\(process\.pid)\b|\b(?:env|exit|abort)\b.* from 'node:process'/,
    where: /^src\//,
    // The process that trains ends itself when its node has gone.
    except: /^src\/(?:config\/|jobs\/worker\/main\.ts$)/
  },
  {
    name: 'SQL outside src/store',
    pattern:
      /\bSELECT\s.+\sFROM\b|\bINSERT\s+(?:OR\s+\w+\s+)?INTO\b|\bDELETE\s+FROM\b|\bUPDATE\s+\w+\s+SET\b|\bPRAGMA\s/,
    where: /^src\//,
    except: /^src\/store\//
  },
  {
    name: 'an import that does not end in .ts',
    pattern: /\b(?:from|import)\s*\(?\s*'\.{1,2}\/[^']*(?<!\.ts)'/,
    where: /^(?:src|scripts|test)\/.*\.ts$/
  },
  {
    name: 'an address of a package registry',
    pattern: /registry\.npmjs|npmmirror|registry\.yarnpkg/,
    where: /./
  },
  {
    name: 'a path of somebody’s machine',
    pattern: /(?:^|[\s"'`(=])\/(?:home|Users|work)\/\w+\b/,
    where: /./
  },
  {
    name: 'a file beside the repository',
    pattern: /\.\.\/shared\/|\bshared\/(?:design|contracts|traffic|live|requirements)\b/,
    where: /./
  },
  {
    name: 'a test without the suite wrapper',
    pattern: /from 'uvu'/,
    where: /^test\//,
    except: /^test\/support\/suite\.ts$/
  }
]

/** The rules and their test say what they forbid. */
const SELF = /^(?:scripts\/check\/tidy|test\/tidy\/tidy\.test)\.ts$/

/** One line for each fault: where, and which rule. */
export function findFaults(file: string, text: string): string[] {
  const faults: string[] = []
  const lines = text.split('\n')
  const count = lines.length - (lines.at(-1) === '' ? 1 : 0)
  if (
    /^(?:src|scripts|bin)\/(?!wire\/generated\/).*\.[jt]s$/.test(file) &&
    count > FILE_LINES_MAX
  ) {
    faults.push(`${file}: ${count} lines, expected at most ${FILE_LINES_MAX}`)
  }
  if (file === 'package-lock.json' && text.includes('"resolved":')) {
    faults.push(`${file}: records download addresses`)
  }
  if (
    file === 'package-lock.json' &&
    !/"node_modules\/better-sqlite3": \{[^}]*"gypfile": false/.test(text)
  ) {
    // `npm install` drops it; npm then believes the package must be compiled, and `npm ci` fails where there is no compiler.
    faults.push(`${file}: expected "gypfile": false in the entry of better-sqlite3`)
  }
  if (SELF.test(file)) return faults
  for (const rule of RULES) {
    if (!rule.where.test(file) || rule.except?.test(file)) continue
    const at = lines.findIndex((line) => rule.pattern.test(line))
    if (at >= 0) faults.push(`${file}:${at + 1}: ${rule.name}`)
  }
  return faults
}

/** False for what is read by no person: pictures, archives. */
export function isText(file: string): boolean {
  return /\.(?:ts|js|cjs|mjs|jsonl?|md|toml|yaml|yml|sh|in|html|css|sql|txt|cfg|conf|service|timer|path)$|(?:^|\/)[^./]+$|(?:^|\/)\.\w+$/.test(
    file
  )
}
