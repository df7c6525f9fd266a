import { parseAir } from '../air/air.ts'
import type { WantedModel } from '../models/fetch/wanted.ts'
import type { Dependency } from './dependency.ts'

/** What looking for it elsewhere goes by: everything that the prompt says of it. */
export function toWanted(dependency: Dependency): WantedModel {
  const { type, hashes, civitai, air, urls, folder, written, filename, sha256 } = dependency
  const parsed = air === undefined ? undefined : parseAir(air)
  const versionId = civitai?.version_id ?? idOf(parsed?.source === 'civitai' ? parsed.version : undefined)
  const modelId = civitai?.model_id ?? idOf(parsed?.source === 'civitai' ? parsed.id : undefined)
  const fileId = idOf(parsed?.fileId)
  const isKnown = hashes.some(({ algorithm, value }) => algorithm === 'sha256' && value === sha256)
  return {
    type,
    hashes: [
      ...hashes.map(({ algorithm, value }) => ({ algorithm, value })),
      ...(sha256 === undefined || isKnown ? [] : [{ algorithm: 'sha256' as const, value: sha256 }]),
    ],
    ...(versionId === undefined && modelId === undefined
      ? {}
      : {
          civitai: {
            ...(modelId === undefined ? {} : { model_id: modelId }),
            ...(versionId === undefined ? {} : { version_id: versionId }),
            ...(fileId === undefined ? {} : { file_id: fileId }),
          },
        }),
    ...(parsed?.source === 'huggingface'
      ? {
          huggingface: {
            repo: parsed.id,
            revision: parsed.version ?? 'main',
            ...(parsed.path === undefined ? {} : { path: parsed.path }),
          },
        }
      : {}),
    names: written.length > 0 ? written : filename === undefined ? [] : [filename],
    urls,
    urls_by_caller: false,
    ...(folder === undefined ? {} : { folder }),
  }
}

const idOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined
