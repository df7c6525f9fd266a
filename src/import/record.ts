import { isAppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Actor } from '../operation/permission.ts'
import type { Dependency } from './dependency.ts'
import type { ImportedMedia, RecordImport } from './import-job.ts'
import { type RecordedPrompt, toRecordedPrompt } from './recorded-prompt.ts'

/** In whose name, and in whose run, the ledger is asked. */
export interface LedgerCaller {
  readonly actor: Actor
  readonly signal: AbortSignal
  readonly jobId: string
}

/** Calls an operation of the ledger by its name. */
export type InvokeLedger = (name: string, input: JsonObject, caller: LedgerCaller) => Promise<JsonObject>

type CallLedger = (name: string, input: JsonObject) => Promise<JsonObject>

export interface ImportRecorderDeps {
  readonly invoke: InvokeLedger
  /** The prompt_id of a recorded prompt with these very words and metadata. */
  readonly findPrompt: (prompt: RecordedPrompt) => Promise<string | undefined>
  /** Links what was really used to an asset without models, and completes those of one that has some. */
  readonly linkModels: (assetId: string, needed: readonly Dependency[], caller: LedgerCaller) => Promise<void>
}

/**
 * Records what an import read, by the ledger's own operations: the prompt, or the media, with which create_asset itself
 * records the prompt and models inside them. What the ledger has already keeps its row, so that an import which runs
 * twice records once.
 */
export function createImportRecorder({ invoke, findPrompt, linkModels }: ImportRecorderDeps): RecordImport {
  async function keepPrompt(call: CallLedger, prompt: RecordedPrompt, type: ImportedMedia['type']): Promise<string> {
    return (await findPrompt(prompt)) ?? (await createPrompt(call, prompt, type))
  }

  return async ({ generation, dependencies, media, ...caller }) => {
    const call: CallLedger = (name, input) => invoke(name, input, caller)
    const prompt = toRecordedPrompt(generation)
    if (media === undefined) return prompt === undefined ? {} : { prompt_id: await keepPrompt(call, prompt, 'image') }
    const asset = await keepAsset(call, media)
    const asset_id = String(asset.asset_id)
    const { input_prompt_id } = asset
    // What holds of the prompt below holds of models; and more is known of them than when they were recorded.
    await linkModels(asset_id, dependencies, caller)
    if (typeof input_prompt_id === 'string') return { asset_id, prompt_id: input_prompt_id }
    if (prompt === undefined) return { asset_id }
    // It stands beside the media, or in them in a format that had to be named, or they were recorded without reading it.
    const prompt_id = await keepPrompt(call, prompt, media.type)
    await call('update_asset', { asset_id, input_prompt_id: prompt_id })
    return { asset_id, prompt_id }
  }
}

/** The new asset, or the one that has the same bytes. Asked for at once: to look first would read the media once more. */
async function keepAsset(call: CallLedger, { url, type, civitaiUrl }: ImportedMedia): Promise<JsonObject> {
  try {
    return await call('create_asset', {
      asset_url: url,
      asset_type: type,
      asset_source: 'generated',
      ...(civitaiUrl === undefined ? {} : { civitai_url: civitaiUrl }),
    })
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
  type: ImportedMedia['type'],
): Promise<string> {
  const { prompt_id } = await call('create_prompt', {
    prompt_text: text,
    purpose: `${type}_generation`,
    ...(metadata === null ? {} : { metadata }),
  })
  return String(prompt_id)
}
