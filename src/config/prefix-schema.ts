/** An address or a prefix, as text. */
import * as z from 'zod'
import { findPrefix } from '../base/index.ts'

export const prefix = z.string().refine((text) => findPrefix(text) !== undefined, {
  error: 'expected an address or a prefix such as 192.0.2.0/24'
})
