import { createHash } from 'node:crypto'
import type { HashEngine, Hasher } from './app.ts'
import type { Hashed } from './digest-lines.ts'

export interface HashStdinOptions {
  readonly engine: HashEngine
  openHasher(): Promise<Hasher>
  readonly signal: AbortSignal
}

/** Hashes a stream whose end is not known. */
export async function hashStdin(chunks: AsyncIterable<Uint8Array>, options: HashStdinOptions): Promise<Hashed> {
  if (options.engine === 'wasm') return hashByWasm(chunks, options)
  const native = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of chunks) {
    native.update(chunk)
    sizeBytes += chunk.length
  }
  return { sha256: native.digest('hex'), sizeBytes }
}

async function hashByWasm(
  chunks: AsyncIterable<Uint8Array>,
  { openHasher, signal }: HashStdinOptions,
): Promise<Hashed> {
  const stream = await (await openHasher()).createStreamHasher({ signal })
  try {
    for await (const chunk of chunks) await stream.update(chunk)
    return await stream.digest()
  } finally {
    stream.dispose()
  }
}
