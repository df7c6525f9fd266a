import type { ByteSource } from './byte-source.ts'
import type { ContainerContent, MetadataLimits } from './container.ts'
import { pngPixels } from './png-pixels.ts'
import { readStealth } from './stealth.ts'
import { createTextCollector } from './text-collector.ts'

/** The text that is hidden in the pixels of a PNG, if there is one. */
export function readHiddenPng(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const pixels = pngPixels(source, limits.totalBytes)
  if (pixels !== undefined) readStealth(pixels, 'png', into)
  return into.content()
}
