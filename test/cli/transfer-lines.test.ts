import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatTime } from '../../src/cli/progress.ts'
import { createSpeed } from '../../src/cli/speed.ts'
import { textWidth } from '../../src/cli/text-width.ts'
import type { Transfer } from '../../src/cli/transfer-files.ts'
import { fetchedSentence, transferLines, transferSentence } from '../../src/cli/transfer-lines.ts'
import { createTransfers, type TransferState } from '../../src/cli/transfers.ts'
import type { JsonObject } from '../../src/lib/json.ts'

const MIB = 2 ** 20

/** An import that waits for files, as the server tells of it. */
const importing = (job: string, ...files: readonly [id: string, status: string, done: number, total?: number][]) => ({
  job_id: job,
  status: 'downloading',
  dependencies: files.map(([id, status, done, total = 400]) => ({
    filename: `${id}.safetensors`,
    status,
    resolved_source: 'civitai',
    download_job_id: `dl_${id}`,
    bytes_done: done * MIB,
    bytes_total: total * MIB,
  })),
})

/** What is known after these job objects, a second apart. */
function stateAfter(...jobs: readonly JsonObject[]): TransferState {
  let now = 0
  const transfers = createTransfers(() => now)
  for (const job of jobs) {
    transfers.see(job)
    now += 1000
  }
  now -= 1000
  return transfers.state()
}

const live = stateAfter(
  importing('imp_1', ['harbor', 'downloading', 0], ['pier', 'download_scheduled', 0], ['quay', 'verifying', 400]),
  importing('imp_1', ['harbor', 'downloading', 100], ['pier', 'download_scheduled', 0], ['quay', 'verifying', 400]),
)

describe('lines on a terminal', () => {
  test.each([
    [
      40,
      [
        'harbor.sa…   25 %   100.0 MiB/s     0:03',
        'quay.safe…  100 %  verifying',
        '+1 more',
        'total        41 %   100.0 MiB/s     0:07',
      ],
    ],
    [
      80,
      [
        'harbor.safetensors  [##        ]  25 %   100.0 MiB/s     0:03  civitai',
        'quay.safetensors    [##########] 100 %  verifying              civitai',
        '+1 more',
        'total               [####      ]  41 %   100.0 MiB/s     0:07  0 of 3 files',
      ],
    ],
    [
      200,
      [
        'harbor.safetensors  [#####               ]  25 %   100.0 MiB/s     0:03  civitai',
        'quay.safetensors    [####################] 100 %  verifying              civitai',
        '+1 more',
        'total               [########            ]  41 %   100.0 MiB/s     0:07  0 of 3 files, 500.0 MiB of 1.2 GiB',
      ],
    ],
  ])('of %i columns', (columns, lines) => {
    expect(transferLines(live, { columns, rows: 24 })).toEqual(lines)
  })

  test('fold what does not fit', () => {
    const files = Array.from({ length: 20 }, (_, at) => [`f${at}`, 'downloading', at] as const)
    const state = stateAfter(importing('imp_1', ...files.map(([id, status, done]) => [id, status, done] as never)))
    const heads = (rows: number) => transferLines(state, { columns: 80, rows }).map((line) => line.split(' ')[0])
    expect(heads(24)).toEqual([...Array.from({ length: 8 }, (_, at) => `f${at}.safetensors`), '+12', 'total'])
    expect(heads(6)).toEqual(['f0.safetensors', 'f1.safetensors', 'f2.safetensors', '+17', 'total'])
    expect(heads(2)).toEqual(['f0.safetensors', '+19', 'total'])
  })

  test('of one file need no sum', () => {
    const state = stateAfter(importing('imp_1', ['harbor', 'downloading', 0]))
    expect(transferLines(state, { columns: 80, rows: 24 })).toHaveLength(1)
  })

  test('never are wider than the terminal, whatever files are called, and hold neither colour nor control', () => {
    const phases = fc.constantFrom<Transfer['phase']>('waiting', 'downloading', 'verifying', 'done', 'stopped')
    const file = fc.record({
      name: fc.string({ unit: 'binary' }),
      from: fc.string(),
      phase: phases,
      bytesDone: fc.nat(),
      bytesTotal: fc.option(fc.nat(), { nil: undefined }),
      bytesPerSecond: fc.nat(),
    })
    fc.assert(
      fc.property(
        fc.array(file),
        fc.integer({ min: 10, max: 300 }),
        fc.integer({ min: 1, max: 50 }),
        (files, columns, rows) => {
          const state = { ...live, files }
          for (const line of transferLines(state, { columns, rows })) {
            expect(textWidth(line)).toBeLessThanOrEqual(columns)
            // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
            expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
          }
        },
      ),
    )
  })
})

describe('sentences', () => {
  test('for a log', () => {
    expect(transferSentence(live)).toBe(
      '0 of 3 files, 500.0 MiB of 1.2 GiB (41 %), 100.0 MiB/s, 0:07 left, 1 verifying',
    )
    expect(transferSentence(stateAfter(importing('imp_1', ['harbor', 'downloading', 100])))).toBe(
      'harbor.safetensors: 100.0 MiB of 400.0 MiB (25 %)',
    )
  })

  const after = (...ends: readonly JsonObject[]): string | undefined =>
    fetchedSentence(
      stateAfter(
        importing('imp_1', ['harbor', 'downloading', 100], ['pier', 'downloading', 0]),
        importing('imp_1', ['harbor', 'downloading', 300], ['pier', 'downloading', 200]),
        ...ends,
      ),
    )
  test.each([
    [
      'of a download that went on: what came now',
      [importing('imp_1', ['harbor', 'resolved', 400], ['pier', 'resolved', 400])],
      '2 files fetched: 700.0 MiB in 0:02 (350.0 MiB/s)',
    ],
    [
      'of one that failed only the other',
      [importing('imp_1', ['harbor', 'resolved', 400], ['pier', 'failed', 200])],
      '1 file fetched: 500.0 MiB in 0:02 (250.0 MiB/s)',
    ],
    ['of nothing', [importing('imp_1', ['harbor', 'failed', 300], ['pier', 'blocked', 200])], undefined],
  ])('of the end: %s', (_, ends, sentence) => {
    expect(after(...ends)).toBe(sentence)
  })

  test.each([
    [0, '0:00'],
    [0.2, '0:01'],
    [59, '0:59'],
    [61, '1:01'],
    [3723, '1:02:03'],
    [1e9, '>99 h'],
  ])('%f seconds', (seconds, text) => {
    expect(formatTime(seconds)).toBe(text)
  })
})

describe('what is known of files', () => {
  test('one job alone tells of a file, however many wait for it, until it has ended', () => {
    const of = (...jobs: readonly JsonObject[]) =>
      stateAfter(...jobs).files.map(({ phase, bytesDone }) => [phase, bytesDone / MIB])
    const first = importing('imp_1', ['harbor', 'downloading', 100])
    const second = importing('imp_2', ['harbor', 'downloading', 90])
    expect(of(first, second)).toEqual([['downloading', 100]])
    expect(of(first, { ...first, status: 'cancelled' }, second)).toEqual([['downloading', 90]])
    expect(of(first, importing('imp_2', ['harbor', 'resolved', 400]))).toEqual([['done', 400]])
    expect(of(importing('imp_1', ['harbor', 'resolved', 400]), second)).toEqual([['done', 400]])
  })

  test('a download by itself says how fast it is', () => {
    const job = {
      job_id: 'dl_1',
      status: 'downloading',
      phase: 'downloading',
      filename: 'harbor.safetensors',
      node: 'gpu-1',
      source: 'remote',
      bytes_done: 100 * MIB,
      bytes_total: 400 * MIB,
      speed_bytes_per_second: 7 * MIB,
    }
    const { files } = stateAfter(job)
    expect(files).toMatchObject([{ from: 'gpu-1', phase: 'downloading', bytesPerSecond: 7 * MIB }])
  })

  test('what was here already was not fetched', () => {
    const end = importing('imp_1', ['harbor', 'resolved', 400])
    const here = { ...end, dependencies: end.dependencies.map((one) => ({ ...one, resolved_source: 'local' })) }
    expect(fetchedSentence(stateAfter(here))).toBeUndefined()
  })

  test('a scan and dependencies that nobody fetches are none', () => {
    const scan = { job_id: 'scan_1', status: 'analyzing', phase: 'hashing', bytes_done: 1 }
    const told = { job_id: 'imp_1', dependencies: [{ status: 'missing', resolved_source: 'civitai', bytes_total: 5 }] }
    expect(stateAfter(scan, told).files).toEqual([])
  })
})

describe('speed', () => {
  const rows: readonly (readonly [
    what: string,
    samples: readonly (readonly [number, number])[],
    at: number,
    speed: number,
  ])[] = [
    ['of one sample is not known', [[0, 5]], 100, 0],
    [
      'is of the last seconds',
      [
        [0, 0],
        [10_000, 0],
        [12_000, 1000],
        [15_000, 5000],
      ],
      15_000,
      1000,
    ],
    [
      'falls while nothing comes',
      [
        [0, 0],
        [1000, 4000],
      ],
      4000,
      1000,
    ],
    [
      'is nothing when nothing came for long',
      [
        [0, 0],
        [1000, 4000],
      ],
      60_000,
      0,
    ],
    [
      'begins anew where bytes are fetched again',
      [
        [0, 0],
        [1000, 4000],
        [2000, 0],
        [3000, 500],
      ],
      3000,
      500,
    ],
  ]
  test.each(rows)('%s', (_, samples, at, expected) => {
    const speed = createSpeed()
    for (const [time, bytes] of samples) speed.add(time, bytes)
    expect(speed.at(at)).toBe(expected)
  })

  test('keeps few samples', () => {
    const speed = createSpeed()
    for (let at = 0; at < 100_000; at += 1) speed.add(at, at)
    expect(Math.round(speed.at(100_000))).toBeWithin(900, 1001)
  })
})
