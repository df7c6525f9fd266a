import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { textOf } from './dependency-state.ts'
import { quote } from './example.ts'

/**
 * What somebody can do about a blocked dependency or download: a command, or the setting that decides it. Undefined
 * where nothing here helps.
 */
export function whatHelps(wanted: JsonObject): string | undefined {
  const { reason_code: code } = wanted
  switch (code) {
    case 'terms':
      return acceptTerms(wanted)
    case 'login':
      return `airkeep set-upstream-key --provider ${isOfHub(wanted) ? 'huggingface' : 'civitai'}`
    case 'license':
      return 'set CivitAI.AllowedLicenses (AIRKEEP_CIVITAI_ALLOWED_LICENSES)'
    case 'size':
      return 'set CivitAI.MaxDownloadSizeBytes (AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES)'
    case 'pickle':
      return 'set AIRKEEP_ALLOW_PICKLE=true'
    case 'disk':
      return 'make room, or set AIRKEEP_MIN_FREE, AIRKEEP_DISK_QUOTA or AIRKEEP_DOWNLOAD_ROOT'
    default:
      return undefined
  }
}

/** Before anything was found only the reason tells who refused. */
const isOfHub = ({ resolved_source, source, reason }: JsonObject): boolean =>
  [resolved_source, source].includes('huggingface') || /hugging ?face/i.test(textOf(reason) ?? '')

function acceptTerms({ civitai, air, urls }: JsonObject): string {
  const version = isJsonObject(civitai) ? civitai.version_id : undefined
  if (typeof version === 'number') return `airkeep accept-terms --civitai-version-id ${version}`
  const named = textOf(air)
  if (named !== undefined) return `airkeep accept-terms --air ${quote(named)}`
  const links = Array.isArray(urls) ? urls.filter((url) => typeof url === 'string') : []
  const [repository] = links.flatMap((url) => REPOSITORY.exec(url)?.[1] ?? [])
  return `airkeep accept-terms --huggingface-repo ${repository ?? 'OWNER/NAME'}`
}

const REPOSITORY = /^https:\/\/huggingface\.co\/([\w.-]+\/[\w.-]+)/
