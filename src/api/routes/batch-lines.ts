/**
 * Cuts a body into blocks of whole lines, has several scored at a time and hands their answers out in order. Reading waits for
 * scoring and scoring for the reader, so that memory stays bounded however long the body is.
 */
import { endOfLines, type LineBlock } from '../../runtime/index.ts'

interface Answered {
  readonly bytes: Uint8Array
  readonly rows: number
}

export interface BatchPorts<T extends Answered> {
  score(block: LineBlock): Promise<T>
  /** What is said of a line that is too long to be read. */
  refuse(row: number, detail: string): T
  readonly signal: AbortSignal
  onBlock(scored: T): void
  onEnd(): void
}

const LINE_BYTES_MAX = 1_048_576
const LINE_FEED = 10
const TOO_LONG_TEXT = `expected lines of at most ${LINE_BYTES_MAX} bytes`
/** Stands for a line of which only the end is waited for. */
const TOO_LONG = new Uint8Array(0)
/** Blocks that are scored while others are read and sent. */
const AHEAD = 4

export async function* answerLines<T extends Answered>(
  body: AsyncIterable<Uint8Array>,
  ports: BatchPorts<T>
): AsyncGenerator<Uint8Array> {
  const blocks = blocksOf(body)
  const pending: Promise<T>[] = []
  // Rows are numbered before they are scored: a block must know how many came before it.
  let firstRow = 0
  let reading: Promise<IteratorResult<Uint8Array>> | undefined = attended(blocks.next())
  try {
    while (reading !== undefined || pending.length > 0) {
      ports.signal.throwIfAborted()
      const next = await nextOf(pending.length < AHEAD ? reading : undefined, pending[0])
      if (next.kind === 'scored') {
        // It has been waited for already.
        void pending.shift()
        ports.onBlock(next.value)
        yield next.value.bytes
      } else if (next.value.done) {
        reading = undefined
      } else {
        const bytes = next.value.value
        if (bytes === TOO_LONG) {
          pending.push(Promise.resolve(ports.refuse(firstRow++, TOO_LONG_TEXT)))
        } else {
          pending.push(attended(ports.score({ bytes, firstRow })))
          firstRow += countLines(bytes)
        }
        reading = attended(blocks.next())
      }
    }
  } finally {
    ports.onEnd()
  }
}

/**
 * Work that is not always waited for: while enough is at work nobody asks for what is read next. If a client goes away just then,
 * its failure is told to who asks later, and must not end the process.
 */
function attended<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}

type Next<T> =
  | { readonly kind: 'scored'; readonly value: T }
  | { readonly kind: 'read'; readonly value: IteratorResult<Uint8Array> }

/** What is done first; of both, the answer: who waits for it may send nothing before it has come. */
function nextOf<T>(
  reading: Promise<IteratorResult<Uint8Array>> | undefined,
  scoring: Promise<T> | undefined
): Promise<Next<T>> {
  const both: Promise<Next<T>>[] = []
  if (scoring !== undefined) both.push(scoring.then((value) => ({ kind: 'scored', value })))
  if (reading !== undefined) both.push(reading.then((value) => ({ kind: 'read', value })))
  return Promise.race(both)
}

/** As many whole lines as have come; `TOO_LONG` for a line that is passed over. */
async function* blocksOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  let isPassingOver = false
  for await (const piece of body) {
    let chunk = piece
    if (isPassingOver) {
      const feed = chunk.indexOf(LINE_FEED)
      if (feed < 0) continue
      isPassingOver = false
      chunk = chunk.subarray(feed + 1)
    }
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = endOfLines(bytes)
    if (end > 0) yield bytes.subarray(0, end)
    rest = bytes.subarray(end)
    if (rest.length > LINE_BYTES_MAX) {
      yield TOO_LONG
      rest = new Uint8Array(0)
      isPassingOver = true
    }
  }
  if (rest.length > 0) yield rest
}

/** Lines that are not empty, as a scorer counts them. */
function countLines(bytes: Uint8Array): number {
  let count = 0
  let isEmpty = true
  for (const byte of bytes) {
    if (byte === LINE_FEED) {
      if (!isEmpty) count++
      isEmpty = true
    } else if (byte > 32) {
      isEmpty = false
    }
  }
  return isEmpty ? count : count + 1
}
