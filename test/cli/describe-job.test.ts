import { expect, test } from 'bun:test'
import { describeJob } from '../../src/cli/describe-job.ts'
import type { JsonObject } from '../../src/lib/json.ts'

const MIB = 2 ** 20

test.each<[JsonObject, string]>([
  [
    {
      status: 'downloading',
      phase: 'downloading',
      progress: 0.5,
      bytes_done: 5 * MIB,
      bytes_total: 10 * MIB,
      speed_bytes_per_second: 2 * MIB,
      seconds_left: 3,
    },
    '[##########          ]  50 % downloading 5.0 MiB of 10.0 MiB at 2.0 MiB/s, 3 s left',
  ],
  [
    { status: 'downloading', phase: 'verifying', progress: 1, bytes_done: MIB, bytes_total: MIB },
    '[####################] 100 % verifying 1.0 MiB of 1.0 MiB',
  ],
  [
    { status: 'downloading', phase: 'downloading', progress: 0, bytes_done: 7, bytes_total: null, seconds_left: null },
    '[                    ]   0 % downloading',
  ],
  [
    {
      status: 'downloading',
      progress: 0,
      bytes_done: 0,
      bytes_total: MIB,
      speed_bytes_per_second: 100,
      seconds_left: 10_486,
    },
    '[                    ]   0 % downloading 0 B of 1.0 MiB at 100 B/s, 3 h left',
  ],
  [
    { status: 'downloading', progress: 0, dependencies: [{ bytes_done: MIB, bytes_total: 2 * MIB }], bytes_done: 7 },
    '[                    ]   0 % downloading 1.0 MiB of 2.0 MiB',
  ],
  [{ status: 'resolving', phase: 'looking', progress: 0 }, '[                    ]   0 % resolving'],
  [
    { status: 'analyzing', phase: 'hashing', progress: 0.25, hashed_bytes: MIB, bytes_to_hash: 4 * MIB },
    '[#####               ]  25 % hashing 1.0 MiB of 4.0 MiB',
  ],
  [{ status: 'completed', progress: 1, bytes_done: MIB, bytes_total: MIB }, 'completed 1.0 MiB of 1.0 MiB'],
])('%j', (job, line) => {
  expect(describeJob(job)).toBe(line)
})
