import { SwarmRefusal } from './answer.ts'
import type { SwarmReference } from './swarm-source.ts'

export interface AskedModel {
  readonly subtype: string
  /** What the path may mean, the likeliest first. */
  readonly references: readonly SwarmReference[]
}

/**
 * What `/DownloadModel/{subtype}/{hash or name}/{filename}` asks for. The folders of a name may stand encoded in one
 * segment (`style%2Ffoo.safetensors`) or, from clients that write them as they are and behind proxies that decode them,
 * in several; the file name may be missing, and the existing server leaves an empty segment where it has no digest.
 * @param path as it was written
 * @throws SwarmRefusal invalid_format
 */
export function parseReference(path: string): AskedModel {
  const [, , ...segments] = path.split('/')
  const [subtype, ...rest] = segments.filter((segment) => segment !== '').map(decode)
  const [first] = rest
  const filename = rest.at(-1)
  if (subtype === undefined || first === undefined) throw malformed()
  if (rest.length === 1) return { subtype, references: [{ identifier: first }] }
  const references = [{ identifier: rest.slice(0, -1).join('/'), filename }, { identifier: rest.join('/') }]
  return { subtype, references: rest.length === 2 ? references : [{ identifier: first, filename }, ...references] }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw malformed()
  }
}

const malformed = (): SwarmRefusal =>
  new SwarmRefusal('invalid_format', 'Invalid request format: /DownloadModel/{subtype}/{hash or name}/{filename}.')
