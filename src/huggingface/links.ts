import { readUrl } from '../net/target.ts'

/** What a link to Hugging Face names. */
export interface HuggingFaceLink {
  /** `owner/name`, `datasets/owner/name`, `spaces/owner/name`. */
  readonly repo: string
  readonly revision?: string
  /** Without escapes. */
  readonly path?: string
}

const HOSTS = /^(?:www\.)?(?:huggingface\.co|hf\.co)$/
const NAME = /^[\w-][\w.-]*$/
/** Top folders of the site that are no owners. */
const NOT_OWNERS = new Set([
  ...['api', 'docs', 'blog', 'papers', 'collections', 'models', 'tasks', 'settings', 'join', 'login', 'organizations'],
  ...['new', 'pricing', 'posts', 'learn', 'chat', 'search', 'tos', 'privacy', 'terms-of-service', 'front', 'resolve'],
])

/**
 * The repository, revision and file of `https://huggingface.co/owner/name/resolve/main/path` (or `/blob/`, `/raw/`, and
 * `/tree/`, which is a folder and names no file); undefined for other links.
 */
export function parseHuggingFaceLink(link: string): HuggingFaceLink | undefined {
  const url = readUrl(link)
  if (url === undefined || !/^https?:$/.test(url.protocol) || !HOSTS.test(url.hostname) || url.port !== '') {
    return undefined
  }
  const parts = url.pathname.split('/').slice(1).map(unescaped)
  if (parts.at(-1) === '') parts.pop()
  const kind = parts[0] === 'datasets' || parts[0] === 'spaces' ? `${parts.shift()}/` : ''
  // Repositories from before there were owners have one word.
  const verbAt = parts.findIndex((part, at) => at > 0 && /^(?:resolve|blob|raw|tree)$/.test(part))
  const name = parts.slice(0, verbAt < 0 ? 2 : verbAt)
  if (name.length > 2 || (verbAt < 0 && name.length !== 2)) return undefined
  if (!name.every((part) => NAME.test(part)) || NOT_OWNERS.has(name[0] ?? '')) return undefined
  const repo = kind + name.join('/')
  if (verbAt < 0) return parts.length === 2 ? { repo } : undefined
  const [verb, ...behind] = parts.slice(verbAt)
  const [revision, ...path] = withWholeRevision(behind)
  // An escaped slash is one too.
  if (revision === undefined || !`${revision}/${path.join('/')}`.replace(/\/$/, '').split('/').every(isPlain))
    return undefined
  return { repo, revision, ...(verb === 'tree' || path.length === 0 ? {} : { path: path.join('/') }) }
}

/** References of pull requests and conversions may stand there without escapes. */
function withWholeRevision(parts: readonly string[]): readonly string[] {
  const [refs, kind = '', name = ''] = parts
  const isReference =
    refs === 'refs' && ((kind === 'pr' && /^\d+$/.test(name)) || (kind === 'convert' && NAME.test(name)))
  return isReference ? [`refs/${kind}/${name}`, ...parts.slice(3)] : parts
}

/** Leads nowhere else, and can stand in one line. */
const isPlain = (part: string): boolean => part !== '' && part !== '.' && part !== '..' && !/\p{Cc}/u.test(part)

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
