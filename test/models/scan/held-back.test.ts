import { expect, test } from 'bun:test'
import type { JobStatus } from '../../../src/jobs/table.ts'
import { isHeldBack, LATEST_SCANS } from '../../../src/models/scan/held-back.ts'

const all = (status: JobStatus) => ({ status, input: { roots: [], identify: false } })
const some = (status: JobStatus) => ({ status, input: { roots: ['/downloads'], identify: false } })

test.each([
  ['the first scan', [], false],
  ['after one that ended', [all('succeeded'), all('cancelled')], false],
  ['after one that failed', [all('failed')], false],
  ['after all folders were cancelled', [all('cancelled'), all('succeeded')], true],
  ['after one folder was cancelled', [some('cancelled'), all('succeeded')], false],
  ['after one folder was cancelled, the first of all', [some('cancelled')], false],
  ['one folder was cancelled after all were', [some('cancelled'), all('cancelled')], true],
  ['one folder was asked for after all were cancelled', [some('succeeded'), all('cancelled')], false],
  ['nothing but cancelled folders', Array.from({ length: LATEST_SCANS }, () => some('cancelled')), true],
] as const)('%s', (_, scans, held) => {
  expect(isHeldBack(scans)).toBe(held)
})
