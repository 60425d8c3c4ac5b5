/**
 * What other programs put around a log line before it reaches us: Docker's json-file record, a syslog header (RFC 3164, RFC
 * 5424, or the ones rsyslog and journalctl write to files), the name that `docker compose logs` prepends. Takes it off.
 */
import type { UnparsedCause } from '../events.ts'

/** A record of Docker's json-file driver holds at most 16 KiB of a line; the last part ends with a line feed. */
export const DOCKER_HEAD = '{"log":"'

/** The parts of one line that have come so far. */
class SplitLine {
  #parts: string[] = []
  #length = 0
  readonly #maxLength: number

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  get text(): string {
    return this.#parts.join('')
  }

  /** One part beyond the limit is kept, so that a line which is restored is still too long. */
  add(part: string): void {
    if (this.#length <= this.#maxLength) this.#parts.push(part)
    this.#length += part.length
  }

  end(): { line: string } | { cause: UnparsedCause } {
    if (this.#length > this.#maxLength) return { cause: 'too-long' }
    return { line: trimLine(this.text) }
  }
}

export class Envelope {
  /** By stream of the container: a line of stderr may stand between two parts of one of stdout. */
  readonly #split = new Map<string, SplitLine>()
  readonly #maxLength: number

  /** @param maxLength characters of a line that is put together from parts */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** Lines that have begun and are not complete, as records that `open` takes back. */
  pendingRecords(): string[] {
    return [...this.#split].map(([stream, split]) => JSON.stringify({ log: split.text, stream }))
  }

  /** What follows is not the continuation of what came before. */
  reset(): void {
    this.#split.clear()
  }

  /** @returns the bare line, `undefined` if more parts must come, or why the wrapper could not be read */
  open(raw: string): { line: string } | { cause: UnparsedCause } | undefined {
    const first = raw.charCodeAt(0)
    if (first === 123 && raw.startsWith(DOCKER_HEAD)) return this.#openDocker(raw)
    if (this.#split.size > 0) this.reset()
    if (first === 91 || raw.startsWith('time="')) return { line: raw }
    return { line: stripHeader(raw) }
  }

  #openDocker(raw: string): { line: string } | { cause: UnparsedCause } | undefined {
    let record: Record<string, unknown>
    try {
      record = JSON.parse(raw)
    } catch {
      this.reset()
      return { cause: raw.endsWith('}') ? 'bad-wrapper' : 'truncated' }
    }
    const text = record['log']
    if (typeof text !== 'string') return { cause: 'bad-wrapper' }
    const stream = record['stream'] === 'stderr' ? 'stderr' : 'stdout'
    const isLast = text.endsWith('\n')
    const begun = this.#split.get(stream)
    if (isLast && begun === undefined) return { line: trimLine(text) }
    const split = begun ?? new SplitLine(this.#maxLength)
    split.add(text)
    if (isLast) {
      this.#split.delete(stream)
      return split.end()
    }
    this.#split.set(stream, split)
    return undefined
  }
}

function trimLine(text: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 10 || text.charCodeAt(end - 1) === 13)) end--
  return text.slice(0, end)
}

const PRIORITY = /^<\d{1,3}>/
/** `Nov 23 03:16:35 host haproxy[123]: `; HAProxy leaves the host out. */
const RFC_3164 =
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[^\s:[\]]+ )?[^\s:[\]]+(?:\[[^\]\s]{0,32}\])?: ?/
/** `2026-11-23T03:16:35.027+00:00 host haproxy[123]: `: what rsyslog writes by default since Debian 12. */
const ISO_HEADER =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)? (?:[^\s:[\]]+ )?[^\s:[\]]+(?:\[[^\]\s]{0,32}\])?: ?/
const RFC_5424_HEAD = /^\d{1,3} (?:-|\S{1,64}) \S{1,255} \S{1,48} \S{1,128} \S{1,32} /
const COMPOSE = /^[A-Za-z0-9][\w.-]{0,63} +\| (?=\S)/

/** The message of a line with a known header; the line itself if there is none. */
export function stripHeader(raw: string): string {
  const priority = PRIORITY.exec(raw)?.[0].length ?? 0
  const text = priority > 0 ? raw.slice(priority) : raw
  if (priority > 0) {
    const structured = stripRfc5424(text)
    if (structured !== undefined) return structured
  }
  if (!mayHaveHeader(text)) return text
  const head = RFC_3164.exec(text) ?? ISO_HEADER.exec(text) ?? COMPOSE.exec(text)
  return head === null ? text : text.slice(head[0].length)
}

/** A cheap look first: this runs once a line. HAProxy's and nginx's own lines begin with an address. */
function mayHaveHeader(text: string): boolean {
  const first = text.charCodeAt(0)
  const isLetter = (first >= 65 && first <= 90) || (first >= 97 && first <= 122)
  if (!isLetter) return text.charCodeAt(4) === 45 && text.charCodeAt(10) === 84
  return true
}

function stripRfc5424(text: string): string | undefined {
  const head = RFC_5424_HEAD.exec(text)
  if (head === null) return undefined
  let at = head[0].length
  if (text.charCodeAt(at) === 45) {
    at++
  } else {
    while (text.charCodeAt(at) === 91) {
      at = endOfElement(text, at)
      if (at < 0) return undefined
    }
  }
  if (text.charCodeAt(at) === 32) at++
  if (text.charCodeAt(at) === 0xfeff) at++
  return text.slice(at)
}

/** Position behind the `]` of a structured-data element; quoted values may hold an escaped one. */
function endOfElement(text: string, from: number): number {
  let isQuoted = false
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 92) at++
    else if (code === 34) isQuoted = !isQuoted
    else if (code === 93 && !isQuoted) return at + 1
  }
  return -1
}
