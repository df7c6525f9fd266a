import { withoutKeys } from '../../lib/public-url.ts'
import { modelExtension } from '../../models/model-file.ts'
import { MASK } from '../secrets.ts'
import { nameOf } from './paths.ts'

/**
 * wget makes the query of an address part of the name that it writes, and a key in it too:
 * `x.safetensors?token=0123…`. Pages keep no keys, so the name is compared without them.
 */
export const openName = (name: string): string => {
  const query = name.indexOf('?')
  return query <= 0
    ? name
    : name.slice(0, query) + withoutKeys(`https://x/${name.slice(query)}`).slice('https://x/'.length)
}

/** A path as others may see it: a key in the name of the file is masked. */
export function openPath(path: string): string {
  const name = nameOf(path)
  const query = name.indexOf('?')
  if (query === -1 || openName(name) === name) return path
  const fields = name.slice(query + 1).split(/([&;])/)
  const open = fields.map((field) => {
    const equals = field.indexOf('=')
    const isKey = equals !== -1 && withoutKeys(`https://x/?${field}`) !== `https://x/?${field}`
    return isKey ? `${field.slice(0, equals)}=${MASK}` : field
  })
  return path.slice(0, path.length - name.length) + name.slice(0, query + 1) + open.join('')
}

/** Without its query: that part of a name of wget's in which an extension stands. */
export function withoutQuery(path: string): string {
  const query = path.indexOf('?', path.lastIndexOf('/') + 2)
  return query === -1 ? path : path.slice(0, query)
}

/** Whether a file may be a model by its name: wget calls what comes from an address of Civitai by a number alone. */
export function isModelName(path: string): boolean {
  const name = nameOf(withoutQuery(path))
  return modelExtension(name) !== undefined || /^\d+$/.test(name)
}
