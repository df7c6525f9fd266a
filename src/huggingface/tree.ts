import { setImmediate as nextTurn } from 'node:timers/promises'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { isEmptyHash, parseSha256, type Sha256 } from '../hash/digest.ts'
import { readUrl } from '../net/target.ts'
import { escaped, type HubCall, type RepoAt } from './hub.ts'
import { askHub, type HubRequestDeps } from './request.ts'

export interface RepoFile {
  readonly path: string
  readonly sizeBytes: number
  /** Of files in the storage for large ones; small ones have none. */
  readonly sha256?: Sha256
}

/** A path inside a repository that leads nowhere else, and can stand in one line. */
export const isFilePath = (path: string): boolean =>
  path.length <= LONGEST_PATH &&
  !/[\p{Cc}\\]/u.test(path) &&
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

const LONGEST_PATH = 1_000

const sizeSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const entrySchema = v.object({
  type: v.literal('file'),
  path: v.pipe(v.string(), v.check(isFilePath)),
  size: sizeSchema,
  lfs: v.fallback(v.nullish(v.object({ oid: v.string(), size: sizeSchema }), null), null),
})

/** Entries that are read between two turns of the event loop. */
const SLICE = 1_000
/** No repository that somebody takes a model from has as many. */
const MAX_FILES = 100_000

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
    if (seen.size >= MAX_PAGES || files.size >= MAX_FILES || seen.has(url.href)) {
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
    for (const [at, entry] of page.slice(0, MAX_FILES).entries()) {
      if (at % SLICE === SLICE - 1) await nextTurn()
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
  const isTold = sha256 !== undefined && !isEmptyHash(sha256)
  return { path, sizeBytes: lfs?.size ?? size, ...(isTold ? { sha256 } : {}) }
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
