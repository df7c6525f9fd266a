import { realpath } from 'node:fs/promises'
import { and, gte, inArray, lt, or, type SQL } from 'drizzle-orm'
import type { ModelRoot } from '../root.ts'
import { isWithin } from '../roots/join-roots.ts'
import { modelFilesTable as files } from '../table.ts'
import type { ModelRow } from './rows.ts'

/** The model folders that somebody looks at. */
export interface Scope {
  readonly roots: readonly ModelRoot[]
  /** Where they are, symlinks resolved. */
  readonly reals: readonly string[]
}

export async function scopeOf(roots: readonly ModelRoot[]): Promise<Scope> {
  return { roots, reals: await Promise.all(roots.map(({ path }) => realpath(path).catch(() => path))) }
}

/** Found below one of the roots, or known below a wider one and lying in it. */
export const isInScope = ({ roots, reals }: Scope, { root, path }: Pick<ModelRow, 'root' | 'path'>): boolean =>
  roots.some((each) => each.path === root) || reals.some((real) => isWithin(path, real))

/** The same for rows of the index. */
export function inScope({ roots, reals }: Scope): SQL | undefined {
  // `0` is the letter behind `/`.
  const within = reals.map((real) => and(gte(files.path, `${real}/`), lt(files.path, `${real}0`)))
  const paths = roots.map(({ path }) => path)
  return or(inArray(files.root, paths), ...within)
}
