import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { parseSha256, type Sha256 } from '../hash/digest.ts'
import { readUrl } from '../net/target.ts'
import { escaped, type HubCall, type RepoAt } from './hub.ts'
import { askHub, type HubRequestDeps } from './request.ts'

export interface RepoFile {
  readonly path: string
  readonly sizeBytes: number
  /** Of files in the storage for large ones; small ones have none. */
  readonly sha256?: Sha256
}

const entrySchema = v.object({
  type: v.literal('file'),
  path: v.pipe(v.string(), v.minLength(1)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  lfs: v.fallback(v.nullish(v.object({ oid: v.string(), size: v.number() }), null), null),
})

const MAX_ANSWER_BYTES = 16 * 2 ** 20
/** Of a thousand files each. */
const MAX_PAGES = 50

/**
 * Every file of a revision.
 * @throws as {@link askHub}; upstream_unavailable for a list that does not end
 */
export async function fetchTree(at: RepoAt, call: HubCall, deps: HubRequestDeps): Promise<readonly RepoFile[]> {
  const files = new Map<string, RepoFile>()
  const seen = new Set<string>()
  let url: URL | undefined = deps.hub.api(at.repo, `/tree/${escaped(at.revision)}?recursive=1`)
  while (url !== undefined) {
    if (seen.size >= MAX_PAGES || seen.has(url.href)) {
      throw new AppError('upstream_unavailable', `Cannot list the files of ${at.repo}: the list does not end`, {
        hint: 'Name the file by its path',
      })
    }
    seen.add(url.href)
    const about = { repo: at.repo, revision: at.revision }
    const { response } = await askHub({ url, about, call, follow: true }, deps)
    const page = await response.json(MAX_ANSWER_BYTES)
    if (!Array.isArray(page)) {
      throw new AppError('upstream_unavailable', `Cannot use the answer of ${url.host}: it holds no list of files`, {
        hint: 'Check AIRKEEP_HF_URL',
      })
    }
    for (const entry of page) {
      const file = readEntry(entry)
      if (file !== undefined) files.set(file.path, file)
    }
    url = nextPage(response.headers.get('link'), url)
  }
  return [...files.values()]
}

function readEntry(entry: unknown): RepoFile | undefined {
  const read = v.safeParse(entrySchema, entry)
  if (!read.success) return undefined
  const { path, size, lfs } = read.output
  const sha256 = lfs === null ? undefined : parseSha256(lfs.oid)
  return { path, sizeBytes: lfs?.size ?? size, ...(sha256 === undefined ? {} : { sha256 }) }
}

/** `Link: <…cursor=…>; rel="next"`. The key goes along: another host than the one that was asked is none. */
function nextPage(header: string | null, from: URL): URL | undefined {
  for (const [, target = '', parameters = ''] of (header ?? '').matchAll(/<([^<>]{1,4000})>([^<]*)/g)) {
    if (!/;\s*rel="?next\b/i.test(parameters)) continue
    const url = readUrl(target, from.href)
    return url?.host === from.host ? new URL(`${url.pathname}${url.search}`, from) : undefined
  }
  return undefined
}
