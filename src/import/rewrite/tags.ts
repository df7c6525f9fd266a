import type { DependencyType } from '../dependency.ts'
import type { TagDialect } from '../parse/prompt-tags.ts'

const TAG = /<(\w{1,20}):([^<>:\n]{1,1000})(?=[:>])/g
const EMBEDDING = /embedding:([^\S\n]{0,20})([^\s,()[\]:|<>]{1,1000})/g

/** The local name of what a text names; undefined where it stays. */
export type FindInText = (written: string, type: DependencyType) => string | undefined

/** `<lora:NAME:0.8>`: what is called otherwise here gets its name; one that a tag cannot hold is left. */
export function rewriteTags(text: string, dialect: TagDialect, find: FindInText): string {
  if (!text.includes('<')) return text
  return text.replace(TAG, (whole, kind: string, written: string) => {
    const type = dialect.get(kind.toLowerCase())
    const name = type === undefined ? undefined : find(written.trim(), type)
    if (name === undefined || /[<>:\n]/.test(name) || name.trim() !== name) return whole
    return whole.slice(0, whole.length - written.length) + written.replace(written.trim(), () => name)
  })
}

/** `embedding:NAME` in texts of ComfyUI. */
export function rewriteEmbeddings(text: string, find: FindInText): string {
  if (!text.includes('embedding:')) return text
  return text.replace(EMBEDDING, (whole, blanks: string, written: string) => {
    // A comma or a dot of the sentence may stand behind it.
    const name = find(written, 'embedding')
    return name === undefined || /[\s,()[\]:|<>]/.test(name) ? whole : `embedding:${blanks}${name}`
  })
}
