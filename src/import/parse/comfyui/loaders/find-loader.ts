import { CONTROL } from './control.ts'
import { ENCODERS } from './encoders.ts'
import type { LoaderRow, NodeLoader } from './loader.ts'
import { LORAS } from './loras.ts'
import { MAIN_MODELS } from './main-models.ts'
import { TOOLS } from './tools.ts'

/** Every class that is known, for tests. */
export const LOADER_ROWS: readonly LoaderRow[] = [...MAIN_MODELS, ...ENCODERS, ...LORAS, ...CONTROL, ...TOOLS]

/** Names of classes differ in case between packs that do the same. */
const LOADERS = new Map(
  LOADER_ROWS.flatMap(([names, loader]) => names.map((name) => [name.toLowerCase(), loader] as const)),
)

/** ComfyUI-MultiGPU offers every loader again with a choice of the device: `UNETLoaderDisTorch2MultiGPU`. */
const OTHER_DEVICE = /(?:DisTorch2?|Advanced)?MultiGPU$/i

/** How a class loads models; undefined for one that is not known. `LoraLoader|pysssss` is a `LoraLoader`. */
export function findLoader(className: string): NodeLoader | undefined {
  const name = className.split('|', 1)[0] ?? ''
  return (
    LOADERS.get(className.toLowerCase()) ??
    LOADERS.get(name.toLowerCase()) ??
    LOADERS.get(name.replace(OTHER_DEVICE, '').toLowerCase())
  )
}
