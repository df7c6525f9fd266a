import type { DependencyType } from '../dependency.ts'
import { typeOfResource } from '../known-names.ts'
import { parseNamedHashes, REPEATED_KEY } from '../parse/infotext/named-hashes.ts'
import { replaceJsonStrings } from './json-strings.ts'
import type { FindInText } from './tags.ts'

/** What the writers of these lists leave out of names. */
const LOST = /[,:"]/g

/** The names in `Lora hashes`, `TI hashes` and `Lora weights`; hashes and weights stay. */
export function rewriteNamedHashes(list: string, type: DependencyType, find: FindInText): string {
  return list
    .split(',')
    .map((item) => {
      const repeated = REPEATED_KEY.exec(item)?.[0] ?? ''
      const rest = item.slice(repeated.length)
      const [named] = parseNamedHashes(rest)
      const next = named === undefined ? undefined : find(named.name, type)
      return named === undefined || next === undefined
        ? item
        : repeated + rest.replace(named.name, () => next.replace(LOST, ''))
    })
    .join(',')
}

/** `a, b`, as `TI` and `Embeddings` list them; behind a colon stands what is set for one. */
export const rewriteNames = (list: string, type: DependencyType, find: FindInText): string =>
  list
    .split(',')
    .map((item) => {
      const [written = ''] = item.split(':', 1)
      const next = written.trim() === '' ? undefined : find(written.trim(), type)
      return next === undefined ? item : item.replace(written.trim(), () => next)
    })
    .join(',')

/** The keys of `Hashes: {"lora:styleA": "…"}`. */
export const rewriteHashKeys = (json: string, find: FindInText): string =>
  replaceJsonStrings(json, {
    start: { key: '', scope: undefined },
    enter: () => undefined,
    replace: () => undefined,
    replaceKey(key) {
      const [, kind = '', name = ''] = /^([^:]*):(.*)$/s.exec(key) ?? []
      const next = name.trim() === '' ? undefined : find(name.trim(), typeOfResource(kind))
      return next === undefined ? undefined : `${kind}:${name.replace(name.trim(), () => next)}`
    },
  })

/** `file_name` of the models of a Lora-Manager recipe. */
export const rewriteRecipe = (json: string, find: FindInText): string =>
  replaceJsonStrings<DependencyType | undefined>(json, {
    start: { key: '', scope: undefined },
    enter: (scope, key) => (key === 'loras' ? 'lora' : key === 'checkpoint' ? 'checkpoint' : scope),
    replace: (value, { key, scope }) =>
      key === 'file_name' && scope !== undefined ? find(value.trim(), scope) : undefined,
  })
