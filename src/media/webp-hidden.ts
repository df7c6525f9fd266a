import type { ByteSource } from './byte-source.ts'
import type { ContainerContent, MetadataLimits } from './container.ts'
import { readStealth } from './stealth.ts'
import { createTextCollector } from './text-collector.ts'
import { webpPixels } from './webp-pixels.ts'

/** The text that is hidden in the pixels of a still WebP, if there is one. */
export function readHiddenWebp(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const pixels = webpPixels(source, limits.totalBytes)
  if (pixels !== undefined) readStealth(pixels, 'webp', into)
  return into.content()
}
