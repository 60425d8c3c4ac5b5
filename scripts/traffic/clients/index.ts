/** Every class of the contract's taxonomy (§4.2) that shows in logs. */
import type { AbuseModel, BenignModel } from '../world.ts'
import { A1 } from './a1-certificate-flood.ts'
import { A2 } from './a2-oversized.ts'
import { A3, A4 } from './a3-spam-flood.ts'
import { A5 } from './a5-spam-by-recon.ts'
import { A6, A7 } from './a6-content.ts'
import { A8 } from './a8-harvest.ts'
import { A9 } from './a9-scrape.ts'
import { A10 } from './a10-crawl.ts'
import { A11 } from './a11-swarm-scrape.ts'
import { A12, A13 } from './a12-amplification.ts'
import { A14, A15 } from './a14-scanners.ts'
import { A16 } from './a16-hoarding.ts'
import { A17, A20 } from './a17-changes.ts'
import { A18 } from './a18-recon.ts'
import { A19 } from './a19-bad-data.ts'
import { N1 } from './n1-web.ts'
import { N2 } from './n2-gnupg.ts'
import { N3 } from './n3-refresh.ts'
import { N4 } from './n4-builders.ts'
import { N5 } from './n5-servers.ts'
import { N6 } from './n6-uploads.ts'
import { N7 } from './n7-gateways.ts'

export const BENIGN_MODELS: readonly BenignModel[] = [N1, N2, N3, N4, N5, N6, N7]
export const ABUSE_MODELS: readonly AbuseModel[] = [
  A1,
  A2,
  A3,
  A4,
  A5,
  A6,
  A7,
  A8,
  A9,
  A10,
  A11,
  A12,
  A13,
  A14,
  A15,
  A16,
  A17,
  A18,
  A19,
  A20
]
