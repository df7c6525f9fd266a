import { withoutKeys } from '../lib/public-url.ts'
import { UNKNOWN } from './commands/shell-value.ts'

const URLS = /(?:https?|ftps?):\/\/[^\s"'`<>\\]{1,4000}/gi
/** What stands for a secret instead of being one: a variable, a blank to fill in, a mask. */
const STAND_IN =
  /^(?:[$"']*\$|[<{[%]|your|my[_-]|insert|replace|xxx|\*{2,}|\.{2,}|…|token$|api_?key$|none$|true$|false$|-|$)/i

/** Beginnings behind which a secret follows. */
const OPENINGS = [
  /(authorization\s{0,9}:\s{0,9}(?:(?:bearer|basic|token)\s{1,9})?)(?!(?:bearer|basic|token)[\s"'`])([^\s"'`]{6,4000})/gi,
  /(\bbearer\s{1,9}["']?)([\w.~+/=-]{12,4000})/gi,
  /((?:^|\s)--?(?:api-?key|token|hf-token|password|http-pass(?:wd|word)|ftp-password|proxy-password|oauth2-bearer)[\s=]{1,9}["']?)([^\s"'`]{4,4000})/gi,
  /(\bcivitdl\b(?:[^\n]|\\\n){0,400}?\s-k[\s=\\]{0,19}["']?)([^\s"'`\\]{4,4000})/gi,
  // curl's user: a password stands behind its colon.
  /((?:\bcurl\b(?:[^\n]|\\\n){0,400}?\s-u|\s--(?:proxy-)?user)[\s=]{0,9}["']?[^\s"'`:]{0,200}:)([^\s"'`]{1,4000})/g,
  // Cookies log in; a file of them has no =.
  /(\bcookie["']?\s{0,9}:\s{0,9}[^"'`\n=]{1,200}=)([^"'`\n]{1,4000})/gi,
  /((?:\bcurl\b(?:[^\n]|\\\n){0,400}?\s-b|\s--cookie)[\s=]{0,9}["']?[^\s"'`=]{0,200}=)([^"'`\n]{1,4000})/g,
  /(["'](?:x-)?[a-z-]{0,40}(?:key|token|secret)\s{0,9}:\s{0,9})([^\s"'`]{4,4000})/gi,
  /(\b(?:[A-Z][A-Z0-9_]{0,60})?(?:TOKEN|KEY|SECRET|PASSWORD|PASS)=["']?)([^\s"'`&;]{6,4000})/g,
  // A field of what may be an address without its scheme, or the body of a request.
  /([?&"'](?:access_|auth_)?(?:token|api_?key|secret|password|sig|signature)=)([^\s"'`&;]{4,4000})/gi,
  // In words of people a token is often something else: this has to look like a key.
  /((?:token|api_?key|secret|passw(?:or)?d)\s{0,3}[=:]\s{0,3}["']?)((?=[\w-]{0,200}\d)[\w-]{16,4000})/gi,
] as const
const TOKENS = [
  /\b(hf_)([A-Za-z0-9]{20,200})\b/g,
  /\b(gh[a-z]_|github_pat_|glpat-|xox[a-z]-|sk-)([A-Za-z0-9_-]{20,200})\b/g,
] as const
/** What stands in the place of one. */
export const MASK = '***'

/** A web address without keys, users and signatures, and whether it held one that is more than a variable. */
export function openUrl(address: string): { readonly url: string; readonly hadSecret: boolean } {
  const url = withoutKeys(address)
  if (url === address) return { url, hadSecret: false }
  // Fields with nothing but a variable in them are dropped first: what then is still dropped was a secret.
  const literal = address.replace(/([?&;#])([^=?&;#]*)=([^?&;#]*)/g, (field, sign: string, _, value: string) =>
    isStandIn(value) ? sign : field,
  )
  const user = /^https?:\/\/([^/?#@]*)@/i.exec(literal)?.[1]
  const bare = user !== undefined && isStandIn(user.replace(/^[^:]*:/, '')) ? literal.replace(`${user}@`, '') : literal
  return { url, hadSecret: withoutKeys(bare) !== bare }
}

export const isStandIn = (value: string): boolean => value.includes(UNKNOWN) || STAND_IN.test(value)

/** `text` as others may see it. */
export function withoutSecrets(text: string): string {
  let open = text.replace(URLS, (address) => openUrl(address).url)
  for (const opening of [...OPENINGS, ...TOKENS]) {
    open = open.replace(opening, (all: string, before: string, secret: string) =>
      isStandIn(secret) ? all : `${before}${MASK}`,
    )
  }
  return open
}

/** Lines of `text`, from 1, in which a secret stands. */
export function linesWithSecrets(text: string): number[] {
  return text.split('\n').flatMap((line, at) => (hasSecret(line) ? [at + 1] : []))
}

/** Words without which no line holds one. */
const HINT = /[?&@]|token|bearer|authorization|key|pass|secret|hf_|gh[a-z]_|github|glpat|xox|sk-|cookie|user|\s-[kub]/i

function hasSecret(line: string): boolean {
  if (!HINT.test(line)) return false
  for (const [address] of line.matchAll(URLS)) if (openUrl(address).hadSecret) return true
  return [...OPENINGS, ...TOKENS].some((opening) =>
    [...line.matchAll(opening)].some(([, , secret = '']) => !isStandIn(secret) && !secret.startsWith(MASK)),
  )
}
