import type { Blake3Hasher } from './blake3.ts'
import { createCrc32 } from './crc32.ts'
import type { AutoV1, Blake3, Crc32, Sha256, TensorSha256 } from './digest.ts'
import type { FilePass, PassedFile, PassOptions, Plan, Span } from './file-pass.ts'
import type { Sha256Hasher } from './native.ts'
import { SHORTEST_SAFETENSORS, safetensorsDataOffset } from './safetensors.ts'
import { sampleBlocks, startSample } from './sample.ts'

export type HashEngine = 'native' | 'wasm'

export type Sha256Engines = Readonly<Record<HashEngine, () => Sha256Hasher>>

export interface FileDigest extends PassedFile {
  readonly sha256: Sha256
  /** Only when asked for and the file is a safetensors with data behind its header. */
  readonly tensorSha256?: TensorSha256
  /** Only for files longer than 1 MiB: there is nothing at its offset in shorter ones. */
  readonly autoV1?: AutoV1
  /** Only when asked for, like the two below. */
  readonly blake3?: Blake3
  readonly crc32?: Crc32
  /** What `sampleOf` gives for this file. */
  readonly sample?: Sha256
  readonly engine: HashEngine
}

/** What a file is asked for besides its SHA-256. */
export interface WantedDigests {
  readonly tensor?: boolean | undefined
  readonly sample?: boolean | undefined
  readonly blake3?: boolean | undefined
  readonly crc32?: boolean | undefined
}

export interface WholeFileOptions extends PassOptions, WantedDigests {
  readonly engine: HashEngine
}

export interface WholeFileDeps {
  readonly engines: Sha256Engines
  readonly createBlake3: () => Blake3Hasher
  readonly pass: FilePass
}

/** Of AutoV1, as A1111 read it; where the file ends inside, it hashed what there was. */
const AUTO_V1_OFFSET = 0x100000
const AUTO_V1_BYTES = 0x10000

type Digests = Omit<FileDigest, keyof PassedFile>

/** All digests of files at rest in one pass. What it returns blocks and throws like a FilePass. */
export function createWholeFileHasher({
  engines,
  createBlake3,
  pass,
}: WholeFileDeps): (path: string, options: WholeFileOptions) => FileDigest {
  function plan(sizeBytes: number, first: Uint8Array, { engine, ...wanted }: WholeFileOptions): Plan<Digests> {
    const create = engines[engine]
    const spans: Span[] = []
    const add = <S extends Span['sink']>(sink: S, from = 0, to = sizeBytes): S => {
      spans.push({ sink, from, to })
      return sink
    }
    const whole = add(create())
    const autoV1 =
      sizeBytes > AUTO_V1_OFFSET ? add(create(), AUTO_V1_OFFSET, AUTO_V1_OFFSET + AUTO_V1_BYTES) : undefined
    const dataOffset = wanted.tensor ? tensorOffset(first, sizeBytes) : undefined
    const tensor = dataOffset === undefined ? undefined : add(create(), dataOffset)
    const blake3 = wanted.blake3 ? add(createBlake3()) : undefined
    const crc32 = wanted.crc32 ? add(createCrc32()) : undefined
    const sample = wanted.sample ? startSample(sizeBytes, create) : undefined
    if (sample !== undefined) for (const { from, to } of sampleBlocks(sizeBytes)) add(sample, from, to)
    return {
      spans,
      digest: () => ({
        sha256: whole.digest(),
        ...(tensor === undefined ? {} : { tensorSha256: tensor.digest() as string as TensorSha256 }),
        ...(autoV1 === undefined ? {} : { autoV1: autoV1.digest().slice(0, 8) as AutoV1 }),
        ...(blake3 === undefined ? {} : { blake3: blake3.digest() }),
        ...(crc32 === undefined ? {} : { crc32: crc32.digest() }),
        ...(sample === undefined ? {} : { sample: sample.digest() }),
        engine,
      }),
    }
  }

  return (path, options) => pass(path, { ...options, plan: (sizeBytes, first) => plan(sizeBytes, first, options) })
}

function tensorOffset(first: Uint8Array, sizeBytes: number): number | undefined {
  const offset = safetensorsDataOffset(first.subarray(0, SHORTEST_SAFETENSORS), sizeBytes)
  // Nothing behind the header: the digest would be that of no bytes, which identifies nothing.
  return offset === undefined || offset >= sizeBytes ? undefined : offset
}
