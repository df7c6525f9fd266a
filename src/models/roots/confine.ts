import type { ModelRoot } from '../root.ts'
import { isWithin } from './join-roots.ts'
import { realPathOf } from './look.ts'

/**
 * Of the folders that the named ones stand for, those that lie within them: the configuration of a UI there may name any
 * folder of this machine, and a caller with a token named only what it may name.
 * @param named real paths
 */
export async function confine(roots: readonly ModelRoot[], named: readonly string[]): Promise<readonly ModelRoot[]> {
  const real = await Promise.all(roots.map(({ path }) => realPathOf(path)))
  return roots.filter((_, at) => {
    const path = real[at] ?? ''
    return named.some((folder) => path === folder || isWithin(path, folder))
  })
}
