import { createHash } from 'node:crypto'
import { MARKERS } from '../../models/scan/file-names.ts'
import { folderOf, joinPath, nameOf } from './paths.ts'

const CONTROL = '.aria2'
/** What follows the name where hf writes beside a folder's own files, and its older `x.safetensors.<etag>.incomplete`. */
const ETAG = /\.(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * The name that a file will have once what writes it is done: `x.safetensors` of `x.safetensors.part`, and of aria2's
 * control file `x.safetensors.aria2`. Undefined for a name that says nothing of that.
 */
export function finalNameOf(name: string): string | undefined {
  let final = name
  while (true) {
    const dot = final.lastIndexOf('.')
    const ending = final.slice(dot).toLowerCase()
    // A name that is nothing but an ending has none.
    if (dot <= 0 || !(ending === CONTROL || MARKERS.has(ending))) break
    final = final.slice(0, dot)
    if (ending === '.incomplete') final = final.replace(ETAG, '')
  }
  return final === name ? undefined : final
}

/** civitdl writes into a folder `.tmp` and moves what is whole out of it. */
const CIVITDL = /^(.*)\/\.tmp$/s
/** hf keeps what it has so far in a folder of its own, with the folders of the repository below it. */
const HUGGING_FACE = /^(.*)\/\.cache\/huggingface\/download((?:\/.+)?)$/s

/** Where a file will be once what writes it is done; undefined for one of which neither name nor folder says so. */
export function finalPathOf(path: string): string | undefined {
  const folder = folderOf(path)
  const name = nameOf(path)
  const final = finalNameOf(name)
  const [, civitdl] = CIVITDL.exec(folder) ?? []
  if (civitdl !== undefined) return joinPath(civitdl || '/', final ?? name)
  if (final === undefined) return undefined
  const [, hub, below = ''] = HUGGING_FACE.exec(folder) ?? []
  return joinPath(hub === undefined ? folder : `${hub}${below}`, final)
}

/** How hf 0.30 and later call what will have this name. */
export const huggingFaceKey = (name: string): string =>
  createHash('sha1').update(`${name}.metadata`).digest('base64url').padEnd(28, '=')
