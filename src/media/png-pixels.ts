import { constants, inflateSync } from 'node:zlib'
import type { ByteSource } from './byte-source.ts'
import type { Pixels } from './pixels.ts'
import { openPixelStream, type PixelStream } from './png-idat.ts'
import { unfilter } from './png-unfilter.ts'

/** Bytes a pixel by PNG's colour types, of those that can hide a text: RGB, grey with alpha, RGBA. */
const CHANNELS: Readonly<Record<number, number>> = { 2: 3, 4: 2, 6: 4 }
/** What libpng takes unless told otherwise. */
const MAX_SIDE = 1_000_000

/**
 * The pixels of a PNG with 8 bits a channel that is not interlaced; `limitBytes` is for its rows, inflated.
 * Undefined for all others: what hides texts in pixels writes no palettes, no 16 bits and no interlacing.
 */
export function pngPixels(source: ByteSource, limitBytes: number): Pixels | undefined {
  const stream = openPixelStream(source)
  if (stream === undefined) return undefined
  const { width, height, bitDepth, colourType, interlaced } = stream.header
  const channels = CHANNELS[colourType]
  if (channels === undefined || bitDepth !== 8 || interlaced) return undefined
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) return undefined
  const rowBytes = width * channels
  const rowsOf = inflating(stream, { totalBytes: height * (1 + rowBytes), fileBytes: source.sizeBytes, limitBytes })
  return {
    width,
    height,
    channels,
    hasColour: channels >= 3,
    ...(channels === 3 ? {} : { alphaAt: channels - 1 }),
    topLeft(columns, rows) {
      const raw = rowsOf(rows * (1 + rowBytes))
      return raw && unfilter(raw, columns, rows, { rowBytes, channels })
    },
  }
}

interface Sizes {
  /** What the whole picture inflates to. */
  readonly totalBytes: number
  readonly fileBytes: number
  readonly limitBytes: number
}

/** Bytes around what is compressed, and around what comes out of a stream that is a little too long. */
const SLACK_BYTES = 64 * 1024

/**
 * Inflates no more of the stream than gives the first `wanted` bytes: the beginning of a picture costs a fraction of
 * the whole. How much that is has to be guessed, and guessed again where it was too little.
 */
function inflating(stream: PixelStream, { totalBytes, fileBytes, limitBytes }: Sizes) {
  // More than comes out is never put in, but for a few bytes every 16 KiB.
  const mostFor = (wanted: number): number => Math.ceil(wanted * 1.01) + SLACK_BYTES
  return (wanted: number): Uint8Array | undefined => {
    if (wanted > limitBytes) return undefined
    let length = Math.min(mostFor(wanted), 4096 + Math.ceil(1.25 * fileBytes * (wanted / totalBytes)))
    for (;;) {
      const compressed = stream.first(length)
      const raw = inflatePart(compressed, Math.min(totalBytes, limitBytes) + SLACK_BYTES)
      if (raw === undefined || raw.length >= wanted) return raw
      if (compressed.length < length || length >= mostFor(wanted)) return undefined
      length = Math.min(mostFor(wanted), 2 * length)
    }
  }
}

/** What a part of a zlib stream gives; undefined where it is damaged or gives more than `maxOutputLength`. */
function inflatePart(data: Uint8Array, maxOutputLength: number): Uint8Array | undefined {
  try {
    return inflateSync(data, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    return undefined
  }
}
