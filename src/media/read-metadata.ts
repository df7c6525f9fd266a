import { avif, heic } from './avif.ts'
import type { ByteSource } from './byte-source.ts'
import { type Container, type ContainerContent, DEFAULT_LIMITS, HEAD_BYTES, type MetadataLimits } from './container.ts'
import { flac } from './flac.ts'
import { gif } from './gif.ts'
import { glb } from './glb.ts'
import { jpeg } from './jpeg.ts'
import { jxl } from './jxl.ts'
import { mp3 } from './mp3.ts'
import { mp4 } from './mp4.ts'
import { ogg } from './ogg.ts'
import { plainText } from './plain-text.ts'
import { png } from './png.ts'
import { readHiddenPng } from './png-hidden.ts'
import { safetensorsHeader } from './safetensors-header.ts'
import { svg } from './svg.ts'
import { webm } from './webm.ts'
import { webp } from './webp.ts'
import { readHiddenWebp } from './webp-hidden.ts'

/** Asked in this order; `text` last, because it is told by what it lacks. */
const CONTAINERS: readonly Container[] = [
  { ...png, readHidden: readHiddenPng },
  jpeg,
  { ...webp, readHidden: readHiddenWebp },
  gif,
  avif,
  heic,
  jxl,
  mp4,
  webm,
  flac,
  ogg,
  mp3,
  glb,
  safetensorsHeader,
  svg,
  plainText,
]

export interface MediaMetadata extends ContainerContent {
  /** The container's name, `unknown` where none matched. */
  readonly container: string
}

/**
 * Reads the texts that a file carries, by what its bytes are and never by its name.
 * Bad bytes give warnings and what could be read; only errors of the disk are thrown.
 */
export function readMetadata(source: ByteSource, limits: MetadataLimits = DEFAULT_LIMITS): MediaMetadata {
  const container = containerOf(source)
  if (container === undefined) {
    const reason = describeUnknown(source)
    return { container: 'unknown', texts: [], warnings: [{ place: 'file', reason }] }
  }
  return { container: container.name, ...container.read(source, limits) }
}

/**
 * Texts hidden in a picture's pixels; undefined where this kind of file has none that could hold them.
 * Pixels are decoded for it: ask only where the file says nothing else.
 */
export function readHidden(source: ByteSource, limits: MetadataLimits = DEFAULT_LIMITS): MediaMetadata | undefined {
  const container = containerOf(source)
  const content = container?.readHidden?.(source, limits)
  return container === undefined || content === undefined ? undefined : { container: container.name, ...content }
}

function containerOf(source: ByteSource): Container | undefined {
  const head = source.read(0, Math.min(HEAD_BYTES, source.sizeBytes))
  return CONTAINERS.find((candidate) => candidate.matches(head))
}

function describeUnknown(source: ByteSource): string {
  if (source.sizeBytes === 0) return 'the file is empty'
  const zeros = source.read(0, Math.min(HEAD_BYTES, source.sizeBytes)).every((byte) => byte === 0)
  return zeros ? 'the file begins with zero bytes only' : 'no known kind of file'
}
