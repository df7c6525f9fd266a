import type { Actor } from '../operation/permission.ts'

/** Where Civitai and Hugging Face keep their pages and, by signed redirects, their files. */
const KNOWN_HOSTS = [
  ...['com', 'red', 'green', 'blue'].flatMap((end) => [`civitai.${end}`, `*.civitai.${end}`]),
  '*.r2.cloudflarestorage.com',
  '*.backblazeb2.com',
  'huggingface.co',
  '*.huggingface.co',
  '*.hf.co',
]

export interface AllowedHostsSettings {
  readonly civitai_url: string
  readonly hf_url: string
  readonly allow_net: readonly string[]
}

/** Hosts that callers with a token may have this server fetch from: the usual ones, mirrors, AIRKEEP_ALLOW_NET. */
export function allowedHosts({ civitai_url, hf_url, allow_net }: AllowedHostsSettings): readonly string[] {
  const mirrors = [civitai_url, hf_url].flatMap((url) => (URL.canParse(url) ? [new URL(url).host] : []))
  return [...new Set([...KNOWN_HOSTS, ...mirrors, ...allow_net])]
}

/** What the local owner names passes; the network guard still checks the address. */
export const hostsFor = (actor: Actor, allowed: readonly string[]): 'any' | readonly string[] =>
  actor.kind === 'owner' ? 'any' : allowed

/** S3 buckets that this caller may name: callers with a token those of AIRKEEP_S3_BUCKETS. */
export const bucketsFor = (actor: Actor, listed: readonly string[]): 'any' | readonly string[] =>
  actor.kind === 'owner' ? 'any' : listed
