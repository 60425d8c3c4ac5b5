/** What a day is asked for, and the files that it becomes. */
import type { ClassName } from './client.ts'
import type { LogFile } from './output/line-queue.ts'
import type { Region, ScenarioName } from './regions.ts'

export interface DayOptions {
  readonly out: string
  readonly seed: number
  readonly hours: number
  readonly scenario: ScenarioName
  readonly region: Region
  /** Times the drawn load of harmless requests. @default 1 */
  readonly intensity?: number
  /** Times the scenario's number of campaigns. @default 1 */
  readonly abuse?: number
  readonly isGzip?: boolean
  readonly only?: ReadonlySet<ClassName> | undefined
}

export type DayFiles = Readonly<Record<'haproxy' | 'hockeypuck' | 'truth' | 'campaigns', LogFile>>
