import { parseAir } from '../../air/air.ts'
import { readWantedFolder } from '../../models/fetch/model-folder.ts'
import type { ModelType } from '../../models/model-file.ts'
import { modelKey } from '../../models/serve/model-key.ts'
import { type FrontMatter, fieldsOf } from '../front-matter.ts'

/** Types as pages write them, in the words of an AIR. */
const TYPES: Readonly<Record<string, string>> = {
  lora: 'lora',
  loras: 'lora',
  locon: 'lycoris',
  lycoris: 'lycoris',
  dora: 'dora',
  checkpoint: 'checkpoint',
  checkpoints: 'checkpoint',
  embedding: 'embedding',
  embeddings: 'embedding',
  textualinversion: 'embedding',
  hypernetwork: 'hypernet',
  controlnet: 'controlnet',
  upscaler: 'upscaler',
  upscalers: 'upscaler',
  vae: 'vae',
  motionmodule: 'motion',
}

export interface PageLabel {
  readonly ecosystem: string | undefined
  readonly type: string | undefined
  /** Whether the folder of the command tells the type. */
  readonly isTypeByFolder: boolean
}

/**
 * What a page itself says of its model: `ecosystem`, `base_model` and `type` in front matter, else the folder into which
 * its command puts it.
 */
export function labelOfPage(front: FrontMatter, folder: string | undefined): PageLabel {
  const first = (...names: readonly string[]): string | undefined =>
    fieldsOf(front, ...names)[0]?.values[0]?.text.trim()
  const written = first('type', 'model_type', 'modeltype')
    ?.toLowerCase()
    .replace(/[\s_-]/g, '')
  const ofField = written !== undefined && Object.hasOwn(TYPES, written) ? TYPES[written] : undefined
  const type = ofField ?? (folder === undefined ? undefined : typeOfFolder(folder))
  return {
    ecosystem: ecosystemIn(first('ecosystem'), first('base_model', 'basemodel', 'base model', 'base-model')),
    type,
    isTypeByFolder: ofField === undefined && type !== undefined,
  }
}

function ecosystemIn(ecosystem: string | undefined, baseModel: string | undefined): string | undefined {
  const word = ecosystem?.toLowerCase() ?? ''
  if (/^[a-z0-9][a-z0-9_-]{1,60}$/.test(word)) return word
  return airPart('lora', ecosystem, 'ecosystem') ?? airPart('lora', baseModel, 'ecosystem')
}

const typeOfFolder = (folder: string): string | undefined =>
  airPart(readWantedFolder('other', folder).type, 'SDXL 1.0', 'type')

/** As the manifest of models words it; undefined where it knows no word. */
function airPart(type: ModelType, baseModel: string | undefined, part: 'ecosystem' | 'type'): string | undefined {
  const civitai = { model_id: 1, version_id: 1, base_model: baseModel ?? '' }
  const word = parseAir(modelKey({ sha256: '', type, civitai }))?.[part]
  return word === 'other' ? undefined : word
}
