/**
 * The only door to uvu. Plain uvu 0.5.6 exits 0 when `before` throws or when `.run()` is forgotten, and has no timeout;
 * this wrapper runs itself, fails the suite in the first two cases, bounds every test, and reports to `scripts/test.ts`.
 */
import { writeSync } from 'node:fs'
import { test as uvu } from 'uvu'

export type TestBody = () => void | Promise<void>

export interface SuiteOptions {
  /** Bound of one test. @default 20 000 */
  readonly timeoutMs?: number
  /** Why nothing here can run on this machine (names the missing program); undefined runs it. */
  readonly skip?: string | undefined
}

export interface Suite {
  (title: string, body: TestBody, options?: { timeoutMs?: number; skip?: string | undefined }): void
  before(hook: TestBody): void
  after(hook: TestBody): void
  beforeEach(hook: TestBody): void
  afterEach(hook: TestBody): void
}

interface Hooks {
  before: TestBody[]
  after: TestBody[]
  beforeEach: TestBody[]
  afterEach: TestBody[]
}

const report = { passed: 0, failed: 0, skipped: [] as { title: string; reason: string }[] }
let pendingSuites = 0
let hasReported = false

process.on('exit', () => {
  if (hasReported) return
  hasReported = true
  if (pendingSuites > 0) report.failed += pendingSuites
  writeSync(1, `\n#suite ${JSON.stringify(report)}\n`)
  if (report.failed > 0 || report.passed + report.skipped.length === 0) process.exitCode = 1
})

async function bounded(body: TestBody, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`expected the test to end within ${timeoutMs} ms`)),
      timeoutMs
    )
  })
  try {
    await Promise.race([body(), deadline])
  } finally {
    clearTimeout(timer)
  }
}

function describeFailure(name: string, title: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  writeSync(1, `FAIL  ${name}: ${title}\n      ${text.replaceAll('\n', '\n      ')}\n`)
}

export function suite(name: string, options: SuiteOptions = {}): Suite {
  const defaultTimeoutMs = options.timeoutMs ?? 20_000
  const hooks: Hooks = { before: [], after: [], beforeEach: [], afterEach: [] }
  const tests: { title: string; body: TestBody; timeoutMs: number; skip: string | undefined }[] = []
  pendingSuites++

  const add = (
    title: string,
    body: TestBody,
    own: { timeoutMs?: number; skip?: string | undefined } = {}
  ) => {
    tests.push({
      title,
      body,
      timeoutMs: own.timeoutMs ?? defaultTimeoutMs,
      skip: own.skip ?? options.skip
    })
  }

  const runOne = async (test: (typeof tests)[number]): Promise<void> => {
    try {
      for (const hook of hooks.beforeEach) await bounded(hook, defaultTimeoutMs)
      await bounded(async () => test.body(), test.timeoutMs)
      report.passed++
    } catch (error) {
      report.failed++
      describeFailure(name, test.title, error)
    } finally {
      for (const hook of hooks.afterEach) {
        await bounded(hook, defaultTimeoutMs).catch((error: unknown) => {
          report.failed++
          describeFailure(name, `${test.title} (afterEach)`, error)
        })
      }
    }
  }

  const runAll = async (): Promise<void> => {
    const runnable = tests.filter((test) => test.skip === undefined)
    for (const test of tests) {
      if (test.skip === undefined) continue
      report.skipped.push({ title: `${name}: ${test.title}`, reason: test.skip })
      writeSync(1, `SKIP  ${name}: ${test.title} (${test.skip})\n`)
    }
    if (tests.length === 0) {
      report.failed++
      describeFailure(name, '(suite)', new Error('expected at least one test, got none'))
    }
    if (runnable.length > 0) {
      try {
        for (const hook of hooks.before) await bounded(hook, 60_000)
        for (const test of runnable) await runOne(test)
      } catch (error) {
        report.failed += runnable.length
        describeFailure(name, '(before)', error)
      } finally {
        for (const hook of hooks.after) {
          await bounded(hook, 60_000).catch((error: unknown) => {
            report.failed++
            describeFailure(name, '(after)', error)
          })
        }
      }
    }
    pendingSuites--
  }

  // uvu gives the order and the process-wide queue; the counting is ours, since uvu loses failures of hooks.
  queue = queue.then(runAll)
  return Object.assign(add, {
    before: (hook: TestBody) => void hooks.before.push(hook),
    after: (hook: TestBody) => void hooks.after.push(hook),
    beforeEach: (hook: TestBody) => void hooks.beforeEach.push(hook),
    afterEach: (hook: TestBody) => void hooks.afterEach.push(hook)
  })
}

// One uvu test a file carries the whole queue, so that uvu's own exit code keeps working; its summary would count suites, not tests.
let queue: Promise<void> = new Promise((resolve) => setImmediate(resolve))
const uvuOutput = process.stdout.write.bind(process.stdout)
uvu('queue', async () => {
  let seen: Promise<void> | undefined
  while (seen !== queue) {
    seen = queue
    await seen
  }
  writeSync(1, '#done\n')
  if (report.failed > 0) throw new Error(`${report.failed} failed`)
})
setImmediate(() => {
  process.stdout.write = () => true
  uvu.run()
})
process.on('exit', () => {
  process.stdout.write = uvuOutput
})
