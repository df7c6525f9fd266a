import { AppError } from '../errors.ts'
import { isEmptyHash, isSha256Hex, type Sha256 } from '../hash/digest.ts'
import type { GuardedResponse } from '../net/response.ts'
import { describeUrl, readUrl } from '../net/target.ts'
import type { FileAt, HubCall } from './hub.ts'
import { askHub, authorization, type HubAnswer, type HubRequestDeps } from './request.ts'

/** One file as Hugging Face tells of it before it hands over to its storage. */
export interface HuggingFaceFile extends FileAt {
  readonly sizeBytes?: number
  /** Left out for small files that are kept in git itself. */
  readonly sha256?: Sha256
  /** What the revision stands for now. */
  readonly commit?: string
  /** Names these bytes: the digest of their content, or what else the host calls them, at this commit. */
  readonly version?: string
  /** Signed for some time, or at the host itself: neither for logs nor for a database. */
  readonly address: string
  /** For this address alone: the key, where the address is the configured host's. */
  readonly headers: Readonly<Record<string, string>>
  /** Where requests for the address may go: a storage redirects nowhere, and which one it is changes. */
  readonly hosts: 'any' | readonly string[]
}

const MAX_REDIRECTS = 5
const REDIRECTS = [301, 302, 303, 307, 308]
/** A server that does not know HEAD. */
const NO_HEAD = [400, 405, 501]

/**
 * Asks for the head of a file and follows no redirect to another host. HEAD, as Hugging Face's own client sends it: every
 * mirror answers it, no storage is bothered, and the address that it gives serves for GET.
 * @throws as {@link askHub}
 */
export async function resolveFile(where: FileAt, call: HubCall, deps: HubRequestDeps): Promise<HuggingFaceFile> {
  const { hub } = deps
  const about = { repo: where.repo, revision: where.revision, path: where.path }
  const ask = async (url: URL): Promise<HubAnswer> => {
    const answer = await askHub({ url, method: 'HEAD', about, call, accept: NO_HEAD }, deps)
    if (!NO_HEAD.includes(answer.response.status)) return answer
    answer.response.discard()
    return askHub({ url, headers: { range: 'bytes=0-0' }, about, call }, deps)
  }

  let told: Told = {}
  let url = hub.file(where)
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const { response, token } = await ask(url)
    response.discard()
    told = { ...told, ...tellsOf(response) }
    const next = nextUrl(response, url)
    const isElsewhere = next !== undefined && next.origin !== url.origin
    // A moved repository leads to its new name, whose answer tells of the file; a storage's answer would not.
    if (next !== undefined && !isElsewhere && told.linked !== true) {
      url = next
      continue
    }
    const address = next ?? url
    return {
      ...where,
      ...fileOf(told, next === undefined ? bodySize(response) : undefined),
      address: address.href,
      headers: isElsewhere ? {} : authorization(token),
      hosts: isElsewhere ? 'any' : hub.allowed,
    }
  }
  throw new AppError(
    'upstream_unavailable',
    `Cannot get ${where.repo} from ${url.host}: it redirects again and again`,
    {
      hint: 'Check AIRKEEP_HF_URL',
    },
  )
}

/** What the answers on the way say; a later one knows better. */
interface Told {
  readonly etag?: string
  readonly sizeBytes?: number
  readonly commit?: string
  /** The file lies in the storage for large files, and these are its own digest and size. */
  readonly linked?: boolean
}

function tellsOf({ headers, status }: GuardedResponse): Told {
  const linked = bareEtag(headers.get('x-linked-etag'))
  const size = headers.get('x-linked-size') ?? ''
  const commit = headers.get('x-repo-commit') ?? ''
  const own = REDIRECTS.includes(status) ? undefined : bareEtag(headers.get('etag'))
  const etag = linked ?? own
  return {
    ...(etag === undefined ? {} : { etag, linked: linked !== undefined }),
    ...(/^\d{1,15}$/.test(size) ? { sizeBytes: Number(size) } : {}),
    ...(/^[\w.-]{1,100}$/.test(commit) ? { commit } : {}),
  }
}

/** Without `W/` and quotes; undefined where there is none. */
function bareEtag(header: string | null): string | undefined {
  const bare = (header ?? '').trim().replace(/^W\//, '').replace(/^"|"$/g, '')
  return /^[\x21-\x7e]{1,200}$/.test(bare) ? bare : undefined
}

function fileOf(
  { etag, sizeBytes, commit, linked }: Told,
  ownSize: number | undefined,
): Pick<HuggingFaceFile, 'sizeBytes' | 'sha256' | 'commit' | 'version'> {
  const size = sizeBytes ?? ownSize
  const digest = etag?.toLowerCase()
  const isContent = digest !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(digest)
  // A digest of the content stays the same when a later commit changes another file.
  const version = isContent ? digest : etag === undefined ? undefined : `${etag}@${commit ?? ''}`
  return {
    ...(size === undefined ? {} : { sizeBytes: size }),
    // Another ETag of 64 digits may be anything, such as a Xet hash; the digest of no bytes tells of no file.
    ...(linked === true && digest !== undefined && isSha256Hex(digest) && !isEmptyHash(digest)
      ? { sha256: digest }
      : {}),
    ...(commit === undefined ? {} : { commit }),
    ...(version === undefined ? {} : { version }),
  }
}

/** Of the whole file, as the answer that would carry it says. */
function bodySize({ status, headers, contentLength }: GuardedResponse): number | undefined {
  if (status === 206) {
    const [, total] = /^bytes 0-0\/(\d{1,15})$/.exec(headers.get('content-range') ?? '') ?? []
    return total === undefined ? undefined : Number(total)
  }
  const coding = headers.get('content-encoding')
  return coding === null || coding.toLowerCase() === 'identity' ? contentLength : undefined
}

/** Where a redirect leads; undefined for what is none. @throws AppError upstream_unavailable, forbidden */
function nextUrl({ status, headers }: GuardedResponse, from: URL): URL | undefined {
  const location = headers.get('location')
  if (!REDIRECTS.includes(status) || location === null) return undefined
  const url = readUrl(Buffer.from(location, 'latin1').toString('utf8'), from.href)
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new AppError('upstream_unavailable', `Cannot fetch ${describeUrl(from)}: it redirects to no web address`)
  }
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw new AppError('forbidden', `Refused to follow a redirect of ${describeUrl(from)}: it leads away from https`)
  }
  url.hash = ''
  return url
}
