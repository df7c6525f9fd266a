import type { ByteSource } from './byte-source.ts'

/** One text found in a media file, with no meaning given to it yet. */
export interface MetadataText {
  /** Where it stands: `png:tEXt:parameters`. */
  readonly place: string
  /** The name the container files it under: `parameters`. */
  readonly key: string
  readonly text: string
}

/** Something that was not understood, or not as it should be; never a reason to stop. */
export interface MediaWarning {
  readonly place: string
  readonly reason: string
}

export interface MetadataLimits {
  /** Bytes of one text, inflated. */
  readonly textBytes: number
  /** Bytes of all texts of one file together, inflated. */
  readonly totalBytes: number
}

export const DEFAULT_LIMITS: MetadataLimits = { textBytes: 64 * 2 ** 20, totalBytes: 256 * 2 ** 20 }

/** What a container gives back. Pixels, when it has any. */
export interface ContainerContent {
  readonly width?: number
  readonly height?: number
  readonly texts: readonly MetadataText[]
  readonly warnings: readonly MediaWarning[]
  /** It carries a C2PA manifest, which says who made it and never how. */
  readonly c2pa?: boolean
}

/**
 * One way of packing texts into a file. A new one is a file of its own and a row in read-metadata.ts.
 * Reading is synchronous: it runs in worker threads, where nothing else waits.
 */
export interface Container {
  readonly name: string
  /** Whether the file's first bytes (up to HEAD_BYTES, fewer when it is smaller) are of this kind. */
  matches(head: Uint8Array): boolean
  /** Never throws for what the bytes hold, only for what the disk does. */
  read(source: ByteSource, limits: MetadataLimits): ContainerContent
  /** Texts hidden in the lowest bits of the pixels, where it has pixels; dear, and asked only where `read` gave no prompt. */
  readHidden?(source: ByteSource, limits: MetadataLimits): ContainerContent
}

/** How much of a file's beginning detection looks at. */
export const HEAD_BYTES = 4100
