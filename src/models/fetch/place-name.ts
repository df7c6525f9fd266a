import { civitdlName, folderOf, safeFileName, safeFolder } from '../../download/safe-name.ts'
import { AppError } from '../../errors.ts'
import { modelExtension } from '../model-file.ts'

export interface NamedFile {
  /** As the prompt writes it, folders included; a stranger's word like the next. */
  readonly wanted?: string | undefined
  /** What its source calls the file. */
  readonly offered: string
  readonly civitai?: { readonly model_id: number; readonly version_id: number } | undefined
  /** Name it as civitdl does, where nobody wants another name. */
  readonly civitdlNames: boolean
}

export interface PlacedName {
  /** Below the folder of its type, joined by `/`; empty where there is none. */
  readonly folder: string
  readonly filename: string
}

/** Endings of one format: what loads one of them loads the others. */
const FORMATS: readonly (readonly string[])[] = [
  ['.safetensors', '.sft'],
  ['.ckpt', '.pt', '.pt2', '.pth', '.bin', '.pkl'],
]

/**
 * What a new file is called: as the prompt writes it, made safe. The ending is that of the source where the prompt
 * writes none, or one of another format: UIs load by it, and whether a file may be a pickle was decided by it.
 * @throws AppError invalid_input: no name says what format it is
 */
export function placeName({ wanted, offered, civitai, civitdlNames }: NamedFile): PlacedName {
  const offeredExtension = modelExtension(offered)
  if (wanted === undefined || wanted.trim() === '') return { folder: '', filename: withoutWish() }
  const wantedExtension = modelExtension(wanted)
  const extension = isOneFormat(wantedExtension, offeredExtension) ? wantedExtension : offeredExtension
  const stem = wanted.slice(0, wanted.length - (wantedExtension?.length ?? 0))
  return {
    folder: safeFolder(folderOf(wanted)) ?? '',
    filename: safeFileName(stem + (extension ?? wantedExtension ?? nameless(wanted))),
  }

  function withoutWish(): string {
    if (offeredExtension === undefined) return nameless(offered)
    if (!civitdlNames || civitai === undefined) return safeFileName(offered)
    const ownStem = offered.slice(0, -offeredExtension.length)
    return civitdlName(ownStem, civitai.model_id, civitai.version_id, offeredExtension)
  }
}

function isOneFormat(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false
  const [a, b] = [one.toLowerCase(), other.toLowerCase()]
  return a === b || FORMATS.some((endings) => endings.includes(a) && endings.includes(b))
}

function nameless(name: string): never {
  throw new AppError('invalid_input', `Cannot name the file: ${safeFileName(name)} has no ending of a model file`, {
    hint: 'Give filename with the ending that it should have, such as .safetensors',
  })
}
