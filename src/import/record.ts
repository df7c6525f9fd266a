import { isAppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Actor } from '../operation/permission.ts'
import type { Generation } from './generation.ts'
import type { RecordImport } from './import-job.ts'

/** Calls an operation of the ledger by its name, in the name of the import's owner. */
export type InvokeLedger = (
  name: string,
  input: JsonObject,
  caller: { readonly actor: Actor; readonly signal: AbortSignal; readonly jobId: string },
) => Promise<JsonObject>

/**
 * Records what an import read, by the ledger's own operations: the prompt, and the media with its prompt and models.
 * Media that the ledger has already keep their row, so that an import which runs twice records once.
 */
export function createImportRecorder(invoke: InvokeLedger): RecordImport {
  return async ({ generation, media, actor, signal, jobId }) => {
    const call = (name: string, input: JsonObject): Promise<JsonObject> => invoke(name, input, { actor, signal, jobId })
    if (media === undefined) return recordPrompt(generation, call)
    const { sha256sum } = await call('calculate_sha256', { path: media.url })
    const { asset } = await call('find_asset', { sha256sum: String(sha256sum) })
    if (asset !== undefined && asset !== null) {
      const { asset_id, input_prompt_id } = asset as JsonObject
      const prompt = typeof input_prompt_id === 'string' ? { prompt_id: input_prompt_id } : {}
      return { asset_id: String(asset_id), ...prompt }
    }
    const { prompt_id } = await recordPrompt(generation, call)
    const asset_id = await recordAsset(call, {
      asset_url: media.url,
      asset_type: media.type,
      asset_source: 'generated',
      ...(prompt_id === undefined ? {} : { input_prompt_id: prompt_id }),
    })
    return { asset_id, ...(prompt_id === undefined ? {} : { prompt_id }) }
  }
}

/** The new asset, or the one that somebody else has made of the same bytes a moment ago. */
async function recordAsset(
  call: (name: string, input: JsonObject) => Promise<JsonObject>,
  asset: JsonObject,
): Promise<string> {
  try {
    return String((await call('create_asset', asset)).asset_id)
  } catch (error) {
    const existing = isAppError(error) ? error.existing?.asset_id : undefined
    if (existing === undefined) throw error
    return existing
  }
}

async function recordPrompt(
  generation: Generation,
  call: (name: string, input: JsonObject) => Promise<JsonObject>,
): Promise<{ readonly prompt_id?: string }> {
  const { prompt, ...rest } = generation
  if (prompt === undefined) return {}
  const created = await call('create_prompt', {
    prompt_text: prompt,
    purpose: 'image_generation',
    ...(Object.keys(rest).length === 0 ? {} : { metadata: rest as JsonObject }),
  })
  return { prompt_id: String(created.prompt_id) }
}
