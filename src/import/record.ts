import { isAppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Actor } from '../operation/permission.ts'
import type { RecordImport } from './import-job.ts'
import { type RecordedPrompt, toRecordedPrompt } from './recorded-prompt.ts'

/** Calls an operation of the ledger by its name, in the name of the import's owner. */
export type InvokeLedger = (
  name: string,
  input: JsonObject,
  caller: { readonly actor: Actor; readonly signal: AbortSignal; readonly jobId: string },
) => Promise<JsonObject>

type CallLedger = (name: string, input: JsonObject) => Promise<JsonObject>

/**
 * Records what an import read, by the ledger's own operations: the prompt, or the media, with which create_asset itself
 * records the prompt and models inside them. Media that the ledger has already keep their row, so that an import which
 * runs twice records once.
 */
export function createImportRecorder(invoke: InvokeLedger): RecordImport {
  return async ({ generation, media, actor, signal, jobId }) => {
    const call: CallLedger = (name, input) => invoke(name, input, { actor, signal, jobId })
    const prompt = toRecordedPrompt(generation)
    if (media === undefined) return prompt === undefined ? {} : { prompt_id: await createPrompt(call, prompt, 'image') }
    const asset = (await findAsset(call, media.url)) ?? (await createAsset(call, media))
    const asset_id = String(asset.asset_id)
    const { input_prompt_id } = asset
    if (typeof input_prompt_id === 'string') return { asset_id, prompt_id: input_prompt_id }
    if (prompt === undefined) return { asset_id }
    // It stands beside the media, or in them in a format that had to be named, or they were recorded without reading it.
    const prompt_id = await createPrompt(call, prompt, media.type)
    await call('update_asset', { asset_id, input_prompt_id: prompt_id })
    return { asset_id, prompt_id }
  }
}

type RecordedMedia = NonNullable<Parameters<RecordImport>[0]['media']>

async function findAsset(call: CallLedger, url: string): Promise<JsonObject | undefined> {
  const { sha256sum } = await call('calculate_sha256', { path: url })
  const { asset } = await call('find_asset', { sha256sum: String(sha256sum) })
  return asset as JsonObject | undefined
}

/** The new asset, or the one that somebody else has made of the same bytes a moment ago. */
async function createAsset(call: CallLedger, { url, type }: RecordedMedia): Promise<JsonObject> {
  try {
    return await call('create_asset', { asset_url: url, asset_type: type, asset_source: 'generated' })
  } catch (error) {
    const asset_id = isAppError(error) ? error.existing?.asset_id : undefined
    const { asset } = asset_id === undefined ? {} : await call('find_asset', { asset_id })
    if (asset === undefined) throw error
    return asset as JsonObject
  }
}

async function createPrompt(
  call: CallLedger,
  { text, metadata }: RecordedPrompt,
  type: RecordedMedia['type'],
): Promise<string> {
  const { prompt_id } = await call('create_prompt', {
    prompt_text: text,
    purpose: `${type}_generation`,
    ...(metadata === null ? {} : { metadata }),
  })
  return String(prompt_id)
}
