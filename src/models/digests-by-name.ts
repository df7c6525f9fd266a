import type { ModelFinder } from './find-models.ts'
import { type ModelDigests, toDigests } from './library/known-digests.ts'

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
