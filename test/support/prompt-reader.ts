import { createPromptReader, type PromptReader } from '../../src/import/read/reader.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'

/** A real reader with one thread; close it. */
export const aPromptReader = (): PromptReader => createPromptReader({ size: 1, limits: DEFAULT_LIMITS })
