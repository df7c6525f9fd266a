import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeAtomic } from '../../lib/files.ts'
import type { JsonObject } from '../../lib/json.ts'
import { modelExtension } from '../model-file.ts'
import type { Offer } from './wanted.ts'

export interface InfoOf {
  /** Absolute path of the model file. */
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

/**
 * Writes `foo.civitai.info` beside `foo.safetensors`, in the shape of a version of Civitai's API, as A1111's helper and
 * others read it. One that is there stays. @returns whether it was written
 * @throws what the system says
 */
export async function writeCivitaiInfo(file: InfoOf, offer: Offer): Promise<boolean> {
  const info = civitaiInfo(file, offer)
  const filename = file.path.slice(file.path.lastIndexOf('/') + 1)
  const stem = filename.slice(0, filename.length - (modelExtension(filename)?.length ?? 0))
  const path = join(dirname(file.path), `${stem}.civitai.info`)
  if (info === undefined || (await exists(path))) return false
  await writeAtomic(path, `${JSON.stringify(info, null, 2)}\n`, { mode: 0o644 })
  return true
}

function civitaiInfo({ path, sha256, sizeBytes }: InfoOf, offer: Offer): JsonObject | undefined {
  const { civitai, title, trained_words: trainedWords, facts } = offer
  if (civitai === undefined) return undefined
  return {
    id: civitai.version_id,
    modelId: civitai.model_id,
    ...(facts.base_model == null ? {} : { baseModel: facts.base_model }),
    trainedWords: [...(trainedWords ?? [])],
    model: {
      ...(title === undefined ? {} : { name: title }),
      ...(facts.commercial_use == null ? {} : { allowCommercialUse: [...facts.commercial_use] }),
    },
    files: [
      {
        ...(civitai.file_id === undefined ? {} : { id: civitai.file_id }),
        name: path.slice(path.lastIndexOf('/') + 1),
        sizeKB: sizeBytes / 1024,
        primary: true,
        hashes: { SHA256: sha256.toUpperCase() },
      },
    ],
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
