import type { JsonValue } from '../../lib/json.ts'
import { placeModel } from '../layout.ts'
import type { ModelType } from '../model-file.ts'
import type { ModelRoot } from '../root.ts'
import { isWithin } from '../roots/join-roots.ts'

export interface OtherName {
  /** Absolute path as it stands below its root. */
  readonly listedPath: string
  /** As a UI lists it. */
  readonly name: string
  readonly type: ModelType
}

/** How UIs list a file at its other paths, links and hard links, as far as these lie below one of the roots. */
export function otherNames(aliases: readonly JsonValue[], roots: readonly ModelRoot[]): readonly OtherName[] {
  return aliases.flatMap((alias) => {
    const listedPath = String(alias)
    const root = roots.find(({ path }) => isWithin(listedPath, path))
    if (root === undefined) return []
    const relative = listedPath.slice(root.path === '/' ? 1 : root.path.length + 1)
    const placed = root.type === undefined ? placeModel(root.path, relative) : { type: root.type, name: relative }
    return [{ listedPath, name: placed.name, type: placed.type }]
  })
}
