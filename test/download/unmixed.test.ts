import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import type { ExpectedFile } from '../../src/download/request.ts'
import { isAppError } from '../../src/errors.ts'
import type { TensorSha256 } from '../../src/hash/digest.ts'
import type { Conduct } from '../support/file-server.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { aSource, cleanUp, download, KIB, newTarget, serve } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const size = file.length
/** The same tensors behind another header of the same length. */
const renamed = Buffer.from(file.toString('latin1').replace('"pt"', '"np"'), 'latin1')
const TENSORS = HIGH.tensorSha256 as TensorSha256
const RUNS = 15

/** Within the header as often as anywhere. */
const aPlace = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: size }))

/** How one request is answered: of which version, and what is wrong. */
const anAnswer = fc.record({
  version: fc.constantFrom(0, 0, 0, 1),
  tells: fc.constantFrom('etag', 'weak', 'nothing'),
  fault: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Conduct>({}) },
    { weight: 3, arbitrary: aPlace.map((cutAfter): Conduct => ({ cutAfter })) },
    { weight: 1, arbitrary: fc.constantFrom<Conduct[]>({ ignoreRange: true }, { chunked: true }, { status: 503 }) },
    { weight: 1, arbitrary: fc.constant<Conduct>({ ignoreRange: true, chunked: true }) },
    {
      weight: 1,
      arbitrary: aPlace.map((cutAfter): Conduct => ({ cutAfter, ignoreRange: true })),
    },
  ),
})
type Answer = typeof anAnswer extends fc.Arbitrary<infer T> ? T : never

const ETAGS: Readonly<Record<Answer['tells'], (version: number) => string | undefined>> = {
  etag: (version) => `"${version}"`,
  weak: () => 'W/"same"',
  nothing: () => undefined,
}

/** What breaks off sooner or later does not: else a file of some bytes an answer would take for ever. */
const inTheEnd = (script: readonly Answer[]): Answer => ({ version: 0, tells: 'etag', ...script.at(-1), fault: {} })

interface Known {
  readonly what: string
  /** That sources have, one after the other. */
  readonly versions: readonly Buffer[]
  readonly expected: ExpectedFile
}

const KNOWN: readonly Known[] = [
  { what: 'nothing', versions: [file, payloadBytes(LOW.seed)], expected: {} },
  { what: 'the digest of the tensors', versions: [file, renamed], expected: { tensorSha256: TENSORS } },
]

test.each(KNOWN)('where $what is known the file is one that a source had, or none', async ({ versions, expected }) => {
  const toConduct = ({ version, tells, fault }: Answer): Conduct => ({
    ...fault,
    file: versions[version] ?? Buffer.alloc(0),
    headers: { etag: ETAGS[tells](version) },
  })
  let placed = 0
  const play = async (scripts: readonly (readonly Answer[])[], maxRanges: number): Promise<void> => {
    const servers = await Promise.all(
      scripts.map((script) => serve(Buffer.alloc(0), ({ index }) => toConduct(script[index] ?? inTheEnd(script)))),
    )
    const target = newTarget()
    const sources = servers.map(({ url }, at) => aSource(url, { id: `url:${at}` }))
    const found = await download({
      target,
      sources,
      maxRanges,
      tuning: { minSegmentBytes: 128 * KIB },
      request: { expected },
    }).catch((error: unknown) => {
      if (!isAppError(error) || error.code === 'internal') throw error
    })
    await Promise.all(servers.map((server) => server.close()))
    if (found === undefined) return
    placed += 1
    expect(versions.some((version) => version.equals(readFileSync(target)))).toBe(true)
  }
  const script = fc.array(anAnswer, { minLength: 1, maxLength: 6 })
  const property = fc.asyncProperty(fc.array(script, { minLength: 1, maxLength: 2 }), fc.constantFrom(1, 4), play)
  await fc.assert(property, { numRuns: RUNS })
  expect(placed).toBeGreaterThan(RUNS / 10)
})
