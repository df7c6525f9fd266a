import { hasModelExtension } from '../../model-name.ts'
import { fieldOf, textOf } from '../json.ts'
import { fileKey, fileUrl } from './declared-models.ts'
import type { EditorNode } from './editor-node.ts'

/** Notes that people leave beside the boxes; many say where the models come from. */
const NOTES = new Set(['Note', 'MarkdownNote', 'Note Plus (mtb)'])

export const isNote = (type: string): boolean => NOTES.has(type)

const MAX_TEXT = 200_000
const MAX_ADDRESSES = 1000

/** `[name.safetensors](https://…)`, else the address alone. */
const ADDRESS = /\[([^\][\n]{1,300})\]\((https?:\/\/[^\s()<>]{1,2000})\)|(https?:\/\/[^\s()<>"'`[\]]{1,2000})/gi

/** The addresses of model files that notes have, by the key of the file's name: hints where a file may come from. */
export function readNotes(notes: Iterable<EditorNode>): Map<string, string> {
  const found = new Map<string, string>()
  let left = MAX_TEXT
  for (const note of notes) {
    const text = textOf(Array.isArray(note.widgets) ? note.widgets[0] : fieldOf(note.widgets, 'text'))
    if (text === undefined || left <= 0) continue
    for (const [label, url] of addressesIn(text.slice(0, left))) {
      const key = hasModelExtension(nameIn(url)) ? fileKey(nameIn(url)) : fileKey(label)
      if (key !== '' && !found.has(key) && found.size < MAX_ADDRESSES) found.set(key, url)
    }
    left -= text.length
  }
  return found
}

function addressesIn(text: string): [label: string, url: string][] {
  return [...text.matchAll(ADDRESS)].flatMap(([, label = '', linked, bare]) => {
    const url = fileUrl(linked ?? bare?.replace(/[.,;:!?*]+$/, ''))
    return url === undefined ? [] : [[label.replace(/[*`]/g, '').trim(), url]]
  })
}

/** The file's name at the end of an address. */
function nameIn(url: string): string {
  const last = (url.split(/[?#]/)[0] ?? '').split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}
