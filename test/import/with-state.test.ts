import { expect, test } from 'bun:test'
import type { Dependency } from '../../src/import/dependency.ts'
import { withState } from '../../src/import/with-state.ts'
import type { DownloadState } from '../../src/models/fetch/downloads.ts'
import { MISSING_LORA } from './missing-lora.ts'

const scheduled: Dependency = { ...MISSING_LORA, status: 'download_scheduled', bytes_total: 100 }

const state = (status: DownloadState['status'], bytesDone = 0): DownloadState => ({
  ...{ status, bytesDone, bytesTotal: undefined },
})

/** Status, bytes and whether there is a reason, after each state. */
function through(...states: DownloadState[]): (readonly [string, number, boolean])[] {
  let now = scheduled
  return states.map((each) => {
    now = withState(now, each)
    return [now.status, now.bytes_done, now.reason !== null] as const
  })
}

test('a dependency goes forward only', () => {
  expect(
    through(
      state('waiting'),
      state('downloading', 40),
      // Its source went away in the middle: it looks for another.
      state('waiting', 0),
      state('downloading', 60),
      state('verifying', 100),
      state('downloading', 100),
      // It is taken in, and done.
      state('waiting', 100),
    ),
  ).toEqual([
    ['download_scheduled', 0, false],
    ['downloading', 40, false],
    ['downloading', 40, false],
    ['downloading', 60, false],
    ['verifying', 100, false],
    ['verifying', 100, false],
    ['verifying', 100, false],
  ])
})

test('what turned out to be damaged is fetched anew', () => {
  expect(through(state('verifying', 100), state('downloading', 10))).toEqual([
    ['verifying', 100, false],
    ['downloading', 10, false],
  ])
})

test('a pause holds it where it is, and its end goes on from there', () => {
  expect(through(state('downloading', 40), state('paused'), state('waiting'), state('downloading', 40))).toEqual([
    ['downloading', 40, false],
    ['download_scheduled', 40, true],
    ['download_scheduled', 40, false],
    ['downloading', 40, false],
  ])
})

test('the size is known from the first that says it', () => {
  expect(withState(scheduled, { status: 'downloading', bytesDone: 5, bytesTotal: 200 }).bytes_total).toBe(200)
  expect(withState(scheduled, state('downloading', 5)).bytes_total).toBe(100)
})
