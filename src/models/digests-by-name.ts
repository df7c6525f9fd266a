import type { ModelFinder } from './find-models.ts'
import { type ModelDigests, toDigests } from './library/known-digests.ts'
import { modelExtension } from './model-file.ts'

/** Folders whose files the UIs take for each other's. */
const SAME_PLACE: ReadonlyMap<string, string> = new Map([
  ['diffusion_model', 'checkpoint'],
  ['text_encoder', 'vae'],
])
const placeOf = (type: string): string => SAME_PLACE.get(type) ?? type

/**
 * Full digests of the file of this host that a prompt names; undefined where none of its type has the name, where its
 * digest is not known, or where files with different bytes have it.
 */
export function findDigestsByName({ findByName }: Pick<ModelFinder, 'findByName'>) {
  return async (name: string, type: string): Promise<ModelDigests | undefined> => {
    const found = (await findByName(name)).filter((row) => placeOf(row.type) === placeOf(type))
    const [best] = found
    const equals = found.filter(({ matchedBy }) => matchedBy === best?.matchedBy)
    if (best === undefined || equals.some(({ sha256 }) => sha256 !== best.sha256)) return undefined
    return toDigests(best)
  }
}

/** What a prompt may call a file of this host that means no other one. */
export interface NameOfDigest {
  /** Without folders and extension, as the file has it. */
  readonly stem: string
  /** Of models that such files are loaded as. */
  readonly types: readonly string[]
}

/** Names by which {@link findDigestsByName} finds the bytes with this digest, whole or shortened. */
export function findNamesByDigest(finder: Pick<ModelFinder, 'findByDigest' | 'findByName'>) {
  const findDigests = findDigestsByName(finder)
  return async (hash: string): Promise<readonly NameOfDigest[]> => {
    const names = new Map<string, NameOfDigest>()
    for (const { name, aliases, type, sha256 } of await finder.findByDigest(hash)) {
      for (const stem of new Set([name, ...aliases.map(String)].map(stemOf))) {
        const key = `${placeOf(type)} ${stem}`
        if (names.has(key) || (await findDigests(stem, type))?.sha256 !== sha256) continue
        names.set(key, { stem, types: [...new Set([type, placeOf(type), ...neighboursOf(type)])] })
      }
    }
    return [...names.values()]
  }
}

const neighboursOf = (type: string): string[] =>
  [...SAME_PLACE].flatMap(([other, place]) => (place === placeOf(type) ? [other] : []))

function stemOf(name: string): string {
  const filename = name.slice(name.lastIndexOf('/') + 1)
  return filename.slice(0, filename.length - (modelExtension(filename)?.length ?? 0))
}
