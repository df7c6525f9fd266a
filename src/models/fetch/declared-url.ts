import { parseCivitaiModelLink } from '../../civitai/links.ts'
import { parseHuggingFaceLink } from '../../huggingface/links.ts'
import { publicUrl } from '../../lib/public-url.ts'
import { readUrl } from '../../net/target.ts'
import type { NamedBy, SourceRef } from './wanted.ts'

const CIVITAI = /^(?:www\.)?civitai\.(?:com|red|green|blue)$/
const HUGGING_FACE = /^(?:www\.)?(?:huggingface\.co|hf\.co)$/
/** GitHub's page of a file, beside which the file itself lies. */
const GITHUB_PAGE = /^(\/[^/]+\/[^/]+)\/blob\/(?=[^/]+\/.)/

export interface DeclaredUrlOptions {
  /** The caller itself names the address, not a workflow. */
  readonly byCaller: boolean
  readonly namedBy?: NamedBy | undefined
}

/**
 * What an address that somebody gives for a file stands for: a version of Civitai, a file of Hugging Face, or itself.
 * Users, keys, signatures and the fragment are left out. Undefined for what is no web address, and for pages of Civitai
 * and Hugging Face that name no file.
 */
export function readDeclaredUrl(text: string, { byCaller, namedBy }: DeclaredUrlOptions): SourceRef | undefined {
  const url = readUrl(text.trim())
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  const address = readUrl(publicUrl(url.href))
  if (address === undefined) return undefined
  address.hash = ''
  const host = address.hostname.replace(/\.$/, '')
  if (CIVITAI.test(host) && address.port === '') return readCivitai(address)
  if (HUGGING_FACE.test(host) && address.port === '') {
    const { repo, revision, path } = parseHuggingFaceLink(address.href) ?? {}
    const isFile = repo !== undefined && revision !== undefined && path !== undefined
    return isFile ? { kind: 'huggingface', repo, revision, path } : undefined
  }
  if (host === 'github.com') {
    address.pathname = address.pathname.replace(GITHUB_PAGE, '$1/raw/')
    address.searchParams.delete('raw')
  }
  return {
    ...{ kind: 'url', url: address.href, by_caller: byCaller },
    ...(namedBy === undefined ? {} : { named_by: namedBy }),
  }
}

/** A model without a version is a page: which of its files is meant is not said. */
function readCivitai(address: URL): SourceRef | undefined {
  const { versionId } = parseCivitaiModelLink(address.href) ?? {}
  if (versionId === undefined) return undefined
  const fileId = address.searchParams.get('fileId') ?? ''
  return {
    kind: 'civitai',
    version_id: versionId,
    ...(/^[1-9]\d{0,14}$/.test(fileId) ? { file_id: Number(fileId) } : {}),
  }
}
