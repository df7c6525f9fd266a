import { isAbsolute, normalize } from 'node:path'
import { isJsonObject } from '../../lib/json.ts'
import { comfyFolder } from './comfy-folders.ts'
import type { Candidate, Search } from './search.ts'

/** A ComfyUI that loads its nodes does not answer; the files say nearly as much. */
const TIME_LIMIT_MS = 3000
const MAX_NAMES = 500
const MAX_FOLDERS = 2000
const MAX_PATH = 4096

export interface ComfyServerDeps {
  /** JSON of `GET url`, at most a few MiB. */
  fetchComfyFolders(url: string, signal: AbortSignal): Promise<unknown>
  readonly signal: AbortSignal
  readonly timeLimitMs?: number
}

/**
 * The folders that a running ComfyUI reads, its command line, YAML files and nodes considered; undefined, with a note,
 * where it does not tell. `GET /experiment/models` answers `[{"name": "loras", "folders": ["/abs/path", …]}, …]`.
 * @throws the signal's reason
 */
export async function askComfy(
  address: string,
  deps: ComfyServerDeps,
  note: Search['note'],
): Promise<readonly Candidate[] | undefined> {
  deps.signal.throwIfAborted()
  const url = folderUrl(address)
  if (url === undefined) {
    note('The address of ComfyUI (comfy_url) is no http address; its files are read instead.')
    return undefined
  }
  const place = `${url.origin}${url.pathname}`
  let answer: unknown
  try {
    answer = await inTime(deps, url.href)
  } catch {
    deps.signal.throwIfAborted()
    note(`ComfyUI at ${place} did not answer; its files are read instead.`)
    return undefined
  }
  const folders = readComfyFolders(answer)
  if (folders === undefined)
    note(`What ComfyUI at ${place} answered is no list of folders; its files are read instead.`)
  else note(`ComfyUI at ${place} named ${folders.length} model folders.`)
  return folders
}

function folderUrl(address: string): URL | undefined {
  try {
    const url = new URL(`${address.replace(/\/+$/, '')}/experiment/models`)
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  } catch {
    return undefined
  }
}

async function inTime({ fetchComfyFolders, signal, timeLimitMs = TIME_LIMIT_MS }: ComfyServerDeps, url: string) {
  const limit = new AbortController()
  const onCancel = (): void => limit.abort(signal.reason)
  signal.addEventListener('abort', onCancel)
  // The timer of AbortSignal.timeout does not keep Node from ending where nothing else does.
  const timer = setTimeout(() => limit.abort(new Error('No answer in time')), timeLimitMs)
  const over = new Promise<never>((_, reject) => {
    limit.signal.addEventListener('abort', () => reject(limit.signal.reason), { once: true })
  })
  try {
    return await Promise.race([fetchComfyFolders(url, limit.signal), over])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onCancel)
  }
}

/** Undefined for an answer of another shape; folders that cannot be are left out. */
export function readComfyFolders(answer: unknown): readonly Candidate[] | undefined {
  if (!Array.isArray(answer)) return undefined
  const found: Candidate[] = []
  for (const entry of (answer as readonly unknown[]).slice(0, MAX_NAMES)) {
    if (!isJsonObject(entry) || typeof entry['name'] !== 'string' || !Array.isArray(entry['folders'])) return undefined
    for (const path of entry['folders']) {
      if (typeof path !== 'string' || path.length > MAX_PATH || !isAbsolute(path)) continue
      const folder = comfyFolder(entry['name'], normalize(path))
      if (folder !== undefined && found.length < MAX_FOLDERS) found.push(folder)
    }
  }
  return found
}
