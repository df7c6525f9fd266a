import { basename, dirname, extname, join } from 'node:path'

/** Files beside a picture or a video that hold what it was made with, the most telling first. */
const ENDINGS = ['.swarm.json', '.txt', '.json'] as const

export interface Sidecar {
  readonly path: string
  /** For places: `sidecar .txt`. */
  readonly label: string
}

/**
 * Where the prompt of a media file may stand beside it: SwarmUI writes `picture.swarm.json`, A1111 and Forge
 * `picture.txt`, Easy Diffusion `picture.json`; some keep the whole name (`picture.png.json`).
 */
export function sidecarsOf(path: string): Sidecar[] {
  const folder = dirname(path)
  const name = basename(path)
  const stem = name.slice(0, name.length - extname(name).length)
  const names = new Set([...ENDINGS.map((ending) => stem + ending), ...ENDINGS.map((ending) => name + ending)])
  names.delete(name)
  return [...names].map((each) => ({ path: join(folder, each), label: `sidecar ${endingOf(each)}` }))
}

const endingOf = (name: string): string => ENDINGS.find((ending) => name.endsWith(ending)) ?? extname(name)

/** A caption for training has the same name, and is not a prompt with its models: what is less sure than this is none. */
export const SURE_OF_SIDECAR = 0.6
