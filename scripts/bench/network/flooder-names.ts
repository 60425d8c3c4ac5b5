/** What hostile peers do, each one thing; apart from the process that does it, which answers as soon as it is loaded. */
export const MANNERS = ['over-quota', 'badly-signed', 'garbage', 'copies'] as const
export type Manner = (typeof MANNERS)[number]
export type { FlooderHandlers } from './flooder-process.ts'
