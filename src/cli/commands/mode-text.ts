/** A mode in words. */
import type { OperationResponse } from '../../api/index.ts'

type ModeSettings = Pick<OperationResponse<'showMode'>, 'overall' | 'by_category'>

/** `shadow (only your own blocklist is applied); enforce for scanner`. */
export function modeText(mode: ModeSettings): string {
  const others = Object.entries(mode.by_category).filter(([, own]) => own !== mode.overall)
  const meaning =
    mode.overall === 'shadow' ? 'only your own blocklist is applied' : 'decisions are applied'
  const exceptions = others.map(([category, own]) => `${own} for ${category}`)
  return [`${mode.overall} (${meaning})`, ...exceptions].join('; ')
}
