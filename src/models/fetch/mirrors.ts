import { readUrl } from '../../net/target.ts'

/** Settings: what is asked in the place of the registries. */
export interface Mirrors {
  readonly hf_url: string
  readonly civitai_url: string
}

/**
 * An address at the host that is asked in the place of Hugging Face or Civitai, as the registry itself would write it: its
 * licences, terms and digests count there too. Any other address stays as it is.
 */
export function atRegistry(address: string, { hf_url, civitai_url }: Mirrors): string {
  const url = readUrl(address.trim())
  if (url === undefined || !/^https?:$/.test(url.protocol)) return address
  return below(url, hf_url, 'https://huggingface.co') ?? below(url, civitai_url, 'https://civitai.com') ?? address
}

/** With or without TLS: it is the same host. */
function below(url: URL, mirror: string, registry: string): string | undefined {
  const base = readUrl(mirror)
  if (base === undefined || nameOf(base) !== nameOf(url)) return undefined
  const folder = base.pathname.replace(/\/$/, '')
  if (!url.pathname.startsWith(`${folder}/`)) return undefined
  return `${registry}${url.pathname.slice(folder.length)}${url.search}`
}

const nameOf = ({ hostname, port }: URL): string => `${hostname.replace(/\.$/, '')}:${port}`
