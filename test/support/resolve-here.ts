import type { Dependency } from '../../src/import/dependency.ts'
import { createLastLook } from '../../src/import/resolve/last-look.ts'
import { resolveLocally } from '../../src/import/resolve/resolve-locally.ts'
import type { Library } from '../../src/models/library.ts'

/** Everything that a host does to find models among its own files, where there is nobody else to ask. */
export async function resolveHere(
  dependencies: readonly Dependency[],
  library: Library,
  signal: AbortSignal,
): Promise<Dependency[]> {
  const found = await resolveLocally(dependencies, library, { signal, onSettled: async () => {}, onHashing() {} })
  const lastLook = createLastLook(library, signal)
  return Promise.all(
    found.map((each) =>
      each.status === 'missing' || each.status === 'ambiguous' ? lastLook(each, [], () => {}) : each,
    ),
  )
}
