import { classOf, FOLDER_CLASSES, type FolderClass } from '../../models/known-folders.ts'
import { folderFor } from '../../models/layout.ts'
import type { ModelType } from '../../models/model-file.ts'
import type { Layout } from '../../models/root.ts'

/** Below a home: ComfyUI, A1111, Forge, Fooocus; SwarmUI, StabilityMatrix. */
const BASES = ['models', 'Models']
/** Those with homes to which commands name folders. */
const LAYOUTS: readonly Layout[] = ['comfyui', 'a1111', 'swarmui', 'fooocus', 'stabilitymatrix']
/** Extensions of A1111 that keep models beside their code. */
const EXTENSIONS: Readonly<Record<string, FolderClass | undefined>> = {
  'sd-webui-controlnet': classOf('controlnet'),
  'sd-webui-animatediff': classOf('animatediff_models'),
}
/** What one UI keeps in two folders another one keeps in one. */
const TOGETHER: readonly (readonly ModelType[])[] = [
  ['checkpoint', 'diffusion_model'],
  ['controlnet', 'ipadapter'],
]

/**
 * What UIs keep in a folder: `models/Lora/style` holds LoRAs. The outermost folder below `models` that has a known name
 * counts, elsewhere the innermost.
 * @param folder absolute, or relative to the home of a UI
 */
export const kindOfFolder = (folder: string): FolderClass | undefined => placeInKind(folder)?.kind

export interface PlaceInKind {
  readonly kind: FolderClass
  /** From the folder that tells the kind: `style` of `models/Lora/style`, `` of `models/Lora`. */
  readonly below: string
}

/** What UIs keep in a folder, and where below the folder that tells so it is; undefined where nothing tells. */
export function placeInKind(folder: string): PlaceInKind | undefined {
  const parts = folder.split('/').filter((part) => part !== '')
  const models = parts.findLastIndex((part) => part.toLowerCase() === 'models')
  if (models !== -1) {
    for (let at = models + 1; at < parts.length; at += 1) {
      const kind = kindOfName(parts[at])
      if (kind !== undefined) return { kind, below: parts.slice(at + 1).join('/') }
    }
  }
  for (let at = parts.length - 1; at >= 0; at -= 1) {
    const kind = kindOfName(parts[at])
    // Extensions have a folder of models of their own.
    if (kind !== undefined) return { kind, below: parts.slice(Math.max(at, models) + 1).join('/') }
  }
  return undefined
}

const kindOfName = (name = ''): FolderClass | undefined =>
  (Object.hasOwn(EXTENSIONS, name) ? EXTENSIONS[name] : undefined) ?? classOf(name)

/** Whether what belongs into a folder of the one kind does as well in one of the other. */
export const isSameKind = (one: FolderClass, other: FolderClass): boolean =>
  one === other ||
  (one.type !== other.type && TOGETHER.some((types) => types.includes(one.type) && types.includes(other.type)))

const alternatives = new Map<FolderClass, readonly string[]>()

/** Every folder, relative to the home of a UI, in which one UI or the other looks for what is of that kind. */
export function foldersOfKind(kind: FolderClass): readonly string[] {
  const known = alternatives.get(kind)
  if (known !== undefined) return known
  const found = new Set<string>()
  for (const each of FOLDER_CLASSES.filter((other) => isSameKind(kind, other))) {
    for (const base of BASES) for (const name of each.folders) found.add(`${base}/${name}`)
    // A1111 keeps embeddings beside its models.
    if (each.type === 'embedding') for (const name of each.folders) found.add(name)
    // Of the kinds that share a type only the one that UIs name is meant.
    for (const layout of LAYOUTS) {
      const folder = folderFor(each.type, layout)
      if (each.type !== 'other' && kindOfFolder(folder) === each) found.add(folder)
    }
  }
  const folders = [...found]
  alternatives.set(kind, folders)
  return folders
}

/** Where files lie of which no command says where: what people have most of. */
const USUAL: readonly ModelType[] = [
  'checkpoint',
  'diffusion_model',
  'lora',
  'vae',
  'text_encoder',
  'embedding',
  'controlnet',
  'upscaler',
]

let usual: readonly string[] | undefined

export const usualFolders = (): readonly string[] =>
  (usual ??= [
    ...new Set(USUAL.flatMap((type) => FOLDER_CLASSES.filter((each) => each.type === type).flatMap(foldersOfKind))),
  ])
