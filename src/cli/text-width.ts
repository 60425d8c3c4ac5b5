/** How many columns a text takes on a terminal: wide characters and emoji take two, what is set upon another none. */
import { eastAsianWidth } from 'get-east-asian-width'

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' })
const ASCII = /^[\x20-\x7e]*$/
const INVISIBLE = /^[\p{Cf}\p{M}]+$/u
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u

export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of GRAPHEMES.segment(text)) width += graphemeWidth(segment)
  return width
}

/** With spaces after it. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0
  return EMOJI.test(grapheme) ? 2 : eastAsianWidth(grapheme.codePointAt(0) ?? 0)
}
