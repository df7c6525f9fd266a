import { findByClass } from '../by-class.ts'
import { CONTROL } from './control.ts'
import { ENCODERS } from './encoders.ts'
import type { LoaderRow, NodeLoader } from './loader.ts'
import { LORAS } from './loras.ts'
import { MAIN_MODELS } from './main-models.ts'
import { TOOLS } from './tools.ts'

/** Every class that is known, for tests. */
export const LOADER_ROWS: readonly LoaderRow[] = [...MAIN_MODELS, ...ENCODERS, ...LORAS, ...CONTROL, ...TOOLS]

const LOADERS = new Map(
  LOADER_ROWS.flatMap(([names, loader]) => names.map((name) => [name.toLowerCase(), loader] as const)),
)

/** How a class loads models; undefined for one that is not known. */
export const findLoader = (className: string): NodeLoader | undefined => findByClass(className, LOADERS)
