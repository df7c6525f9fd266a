import { isJsonObject, type JsonValue } from '../../../lib/json.ts'
import { parseModelName } from '../../model-name.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import type { DeclaredModel } from './graph.ts'

export type { DeclaredModel }

const MAX_MODELS = 500
const MAX_URL = 2048
const HUGGINGFACE_PAGE = /^(https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\/[^/?#]+\/[^/?#]+)\/blob\//i

/** A web address as sources write it: of Hugging Face's page of a file the address of the file; undefined where it is none. */
export function fileUrl(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? ''
  if (trimmed.length > MAX_URL || !/^https?:\/\/[^\s"<>\\^`{|}]+$/i.test(trimmed)) return undefined
  return trimmed.replace(HUGGINGFACE_PAGE, '$1/resolve/')
}

/** `models` of a workflow or of a node's properties: `[{"name": …, "url": …, "directory": …, "hash": …, "hash_type": …}]`. */
export function readDeclaredModels(list: JsonValue | undefined): DeclaredModel[] {
  if (!Array.isArray(list)) return []
  return objectsIn(list.slice(0, MAX_MODELS)).flatMap((model) => {
    const name = textOf(fieldOf(model, 'name'))
    if (name === undefined || name === '') return []
    const url = fileUrl(textOf(fieldOf(model, 'url')))
    const directory = textOf(fieldOf(model, 'directory'))
    const hash = textOf(fieldOf(model, 'hash'))
    const hashType = textOf(fieldOf(model, 'hash_type'))
    return [
      {
        name,
        ...(url === undefined ? {} : { url }),
        ...(directory === undefined ? {} : { directory }),
        ...(hash === undefined ? {} : { hash }),
        ...(hashType === undefined ? {} : { hashType }),
      },
    ]
  })
}

/** What two spellings of one file's name share: without folders, in lower case. */
export const fileKey = (name: string): string => (parseModelName(name).filename ?? '').toLowerCase()

/** Every text among the values of an input, those inside a list or an object of one level included. */
export function textsIn(value: JsonValue): string[] {
  if (typeof value === 'string') return [value]
  if (isJsonObject(value)) return Object.values(value).filter((inner) => typeof inner === 'string')
  return []
}
