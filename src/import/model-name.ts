/** Names of model files as prompts write them. */

import { modelExtension } from '../models/model-file.ts'
import { remembered } from './remembered.ts'

export interface ModelName {
  /** As written, without blanks and quotes around it. */
  readonly written: string
  /** With `/` between folders, without a leading `./` and without the model extension. */
  readonly path: string
  /** `path`, folded for comparing. */
  readonly key: string
  /** The last part of `path`. Dots inside it stay: only known model extensions are taken off. */
  readonly stem: string
  /** The last part with its extension, where one was written. */
  readonly filename?: string
  /** That extension, folded; empty where none was written. */
  readonly extension: string
}

/** Whether the text ends in the extension of a model file. */
export const hasModelExtension = (text: string): boolean => modelExtension(text) !== undefined

/** Reads a name; both `/` and `\` separate folders, whatever system wrote it. */
export const parseModelName = remembered(readName)

function readName(text: string): ModelName {
  const written = unquoted(text.trim())
  const parts = written.split(/[\\/]/).filter((part) => part !== '' && part !== '.')
  const last = parts.at(-1) ?? ''
  const extension = modelExtension(last) ?? ''
  const stem = last.slice(0, last.length - extension.length)
  const path = [...parts.slice(0, -1), stem].join('/')
  return {
    written,
    path,
    key: foldName(path),
    stem,
    ...(stem === last ? {} : { filename: last }),
    extension: extension.toLowerCase(),
  }
}

/** Without what some filesystems do not tell apart: case, and whether an accent is a character of its own. */
const foldName = (name: string): string => name.normalize('NFC').toLowerCase()

/** The stem, folded likewise. */
export const foldedStem = ({ key }: ModelName): string => key.slice(key.lastIndexOf('/') + 1)

function unquoted(text: string): string {
  const quote = text[0]
  const isQuoted = text.length >= 2 && (quote === '"' || quote === "'") && text.endsWith(quote)
  return isQuoted ? text.slice(1, -1).trim() : text
}

/**
 * Whether two names can be of one file: the same but for case, separators and model extension, or one the
 * end of the other (`foo` and `style/foo.safetensors`). Two different folders are two files.
 */
export function mayBeSameFile(a: ModelName, b: ModelName): boolean {
  if (a.key === b.key) return a.key !== ''
  const [short, long] = a.key.length < b.key.length ? [a.key, b.key] : [b.key, a.key]
  return short !== '' && long.endsWith(`/${short}`)
}

/** For comparing titles with file names: letters and digits only. */
export const looseName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')

const NO_MODEL = new Set([
  '',
  'none',
  'null',
  'undefined',
  'automatic',
  'default',
  'default (model)',
  'use same checkpoint',
  'use same choices',
  'use same vae',
  'use same sampler',
  '(use same)',
  '(use base)',
  '(none)',
  '[none]',
  '@none',
  '@default',
  'built-in',
  'baked vae',
  'passthrough',
])

/** Words that stand where a model's name could and mean that there is none of its own. */
export const meansNoModel = (name: string): boolean => NO_MODEL.has(unquoted(name.trim()).toLowerCase())
