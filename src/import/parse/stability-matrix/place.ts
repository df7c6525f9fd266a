import { A1111_TAGS, type TagDialect } from '../prompt-tags.ts'

export const at = (field: string): string => `stabilitymatrix:${field}`

/** StabilityMatrix takes A1111's tags, and one for embeddings. */
export const MATRIX_TAGS: TagDialect = new Map([...A1111_TAGS, ['embedding', 'embedding'] as const])
