import type { ByteSource } from './byte-source.ts'
import { type Container, type ContainerContent, DEFAULT_LIMITS, HEAD_BYTES, type MetadataLimits } from './container.ts'
import { plainText } from './plain-text.ts'
import { png } from './png.ts'

/** Asked in this order; `text` last, because it is told by what it lacks. */
const CONTAINERS: readonly Container[] = [png, plainText]

export interface MediaMetadata extends ContainerContent {
  /** The container's name, `unknown` where none matched. */
  readonly container: string
}

/**
 * Reads the texts that a file carries, by what its bytes are and never by its name.
 * Bad bytes give warnings and what could be read; only errors of the disk are thrown.
 */
export async function readMetadata(
  source: ByteSource,
  limits: MetadataLimits = DEFAULT_LIMITS,
): Promise<MediaMetadata> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.sizeBytes))
  const container = CONTAINERS.find((candidate) => candidate.matches(head))
  if (container === undefined) {
    const reason = head.length === 0 ? 'the file is empty' : 'no known kind of file'
    return { container: 'unknown', texts: [], warnings: [{ place: 'file', reason }] }
  }
  return { container: container.name, ...(await container.read(source, limits)) }
}
