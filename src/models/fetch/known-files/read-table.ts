import { isSha256Hex, type Sha256 } from '../../../hash/digest.ts'
import { classOf } from '../../known-folders.ts'
import type { ModelType } from '../../model-file.ts'
import type { SourceRef } from '../wanted.ts'

/** A file that workflows and UIs name as if everybody had it. */
export interface KnownFile {
  /** Under which UIs load it; the source may call it something else. */
  readonly name: string
  /** `name` first, then what the source calls it, where that says what it is. */
  readonly names: readonly string[]
  /** ComfyUI's folders with those below, the usual one first: `checkpoints/LTXV`. */
  readonly folders: readonly string[]
  /** Of each folder. */
  readonly types: readonly ModelType[]
  readonly ref: Extract<SourceRef, { kind: 'huggingface' | 'url' }>
  /** Where it is, for people. */
  readonly url: string
  /** Left out where only the source tells. */
  readonly sha256?: Sha256
}

/** What half the repositories of the world call their only file. */
const GENERIC = /^(?:model|pytorch_model|diffusion_pytorch_model.*|pytorch_lora_weights)\.\w+$/

/** Whether a name says nothing without the folder in which it stands. */
export const isGeneric = (filename: string): boolean => GENERIC.test(filename)

const REPOSITORY = /^([\w.-]+\/[\w.-]+)(?:@([0-9a-f]{40}))?$/

/**
 * Reads a table of known files. A line at the margin says where the files below it lie: a repository of Hugging Face,
 * perhaps at a commit (`owner/name@commit`), or an address. Each line below it is
 * `  <folder>[,<folder>] <path> [=<name>] [<sha256>]`: ComfyUI's folders, the path in the repository or behind the
 * address, the name under which UIs load it where that is another, and the digest where it is known.
 * @throws Error naming a line that cannot be read
 */
export function readTable(table: string): readonly KnownFile[] {
  const files: KnownFile[] = []
  let source = ''
  for (const line of table.split('\n')) {
    if (line.trim() === '') continue
    if (line.startsWith(' ')) files.push(readLine(line, source))
    else source = line
  }
  return files
}

function readLine(line: string, source: string): KnownFile {
  const [folderList = '', path = '', ...more] = line.trim().split(/ +/)
  const folders = folderList.split(',')
  const types = folders.flatMap((folder) => classOf(folder.split('/', 1)[0] ?? '')?.type ?? [])
  const sourceName = path.slice(path.lastIndexOf('/') + 1)
  const sha256 = more.find(isSha256Hex)
  const name = more.find((word) => word.startsWith('='))?.slice(1) ?? sourceName
  const others = name === sourceName || isGeneric(sourceName) ? [] : [sourceName]
  const place = placeOf(source, path)
  if (place === undefined || path === '' || types.length !== folders.length) {
    throw new Error(`Cannot read the line "${line.trim()}" of known files`)
  }
  return { name, names: [name, ...others], folders, types, ...place, ...(sha256 === undefined ? {} : { sha256 }) }
}

function placeOf(source: string, path: string): Pick<KnownFile, 'ref' | 'url'> | undefined {
  if (source.startsWith('https://')) {
    const url = `${source}/${path}`
    return { url, ref: { kind: 'url', url, by_caller: false } }
  }
  const [, repo, revision = 'main'] = REPOSITORY.exec(source) ?? []
  if (repo === undefined) return undefined
  return {
    url: `https://huggingface.co/${repo}/resolve/${revision}/${path}`,
    ref: { kind: 'huggingface', repo, revision, path },
  }
}
