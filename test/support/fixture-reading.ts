import type { Expected, Meaning } from '../../scripts/fixtures/expected.ts'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { isAppError } from '../../src/errors.ts'
import { analyze } from '../../src/import/analysis.ts'
import type { PromptReading } from '../../src/import/read/messages.ts'
import type { PromptReader } from '../../src/import/read/reader.ts'
import { createSourceReader, type SourceReader } from '../../src/import/source.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader } from '../../src/net/s3.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { s3Settings } from './s3-settings.ts'

/** A reader of local files as the program has it, for the owner; nothing else is asked of it. */
export function aFileReader(reader: PromptReader, tempDir: string): SourceReader {
  const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0' })
  return createSourceReader({
    reader,
    comfyNodes: { get: async () => undefined, warning: () => undefined },
    localFiles: createLocalFiles({ roots: () => [] }),
    fetch,
    hostsFor: () => [],
    s3: createS3Reader({ fetch, clock: systemClock, settings: s3Settings({}) }),
    bucketsFor: () => [],
    fetchImage: async () => undefined,
    civitaiToken: async () => undefined,
    tempDir,
  })
}

const call = { actor: OWNER, signal: new AbortController().signal }

export const readFile = (sources: SourceReader, path: string): Promise<PromptReading> =>
  sources.read({ kind: 'path', path }, { format: 'auto' }, call)

/** The code of the error that an import of the file ends with, if it does. */
export async function errorOf(sources: SourceReader, path: string): Promise<string | undefined> {
  try {
    await analyze({ source: { kind: 'path', path }, format: 'auto' }, sources, call)
    return undefined
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
}

/** What fixtures say of a file, in one shape for what was found and for what is expected. */
export const found = ({ prompt, damage }: PromptReading): object => ({
  format: prompt.format,
  dependencies: prompt.dependencies.map(({ type, reference, hashes, weight, active }) => ({
    type,
    reference,
    hashes: hashes.map(({ algorithm, value }) => ({ algorithm, value })),
    weight,
    active,
  })),
  generation: prompt.generation,
  warnings: [...damage, ...prompt.damage, ...prompt.warnings].map(({ place }) => place),
})

export const wanted = ({ format, dependencies, generation, warnings }: Expected | Meaning): object => ({
  format,
  dependencies: dependencies.map(({ type, reference, hashes = [], weight, active = true }) => ({
    type,
    reference,
    hashes: hashes.map(({ algorithm, value }) => ({ algorithm, value })),
    weight,
    active,
  })),
  generation,
  warnings: [...warnings],
})
