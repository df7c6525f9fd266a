import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFakeCdn, type FakeCdn, sha256Of } from './fake-hugging-face-cdn.ts'

export interface FakeHubFile {
  readonly bytes: Uint8Array
  /** Kept in git itself, without a digest of its own. */
  readonly small?: boolean
}

export interface FakeRepo {
  /** `owner/name`, or `datasets/owner/name`. */
  readonly id: string
  readonly files: Readonly<Record<string, FakeHubFile>>
  /** Of the only revisions, `main` and the commit itself. */
  readonly commit?: string
  readonly private?: boolean
  readonly gated?: 'auto' | 'manual'
  /** What accounts without access are told. */
  readonly gatedMessage?: string
  /** Keys of accounts that may see it. */
  readonly granted?: readonly string[]
  readonly disabled?: boolean
  /** What the answer about the repository says besides. */
  readonly wire?: object
}

export interface FakeHubRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

/** What a host of this kind has been seen to do. */
export type HubMisbehaviour =
  | {
      readonly kind: 'fail'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
      /** How often, before it behaves again; for ever by default. */
      readonly times?: number
    }
  /** Does not know HEAD. */
  | { readonly kind: 'no_head' }
  /** Small files are read at another path of the same host. */
  | { readonly kind: 'resolve_cache' }
  /** Large files come from the same host. */
  | { readonly kind: 'no_storage' }
  /** Leads to itself, or to an address of this kind. */
  | { readonly kind: 'astray'; readonly location?: string }
  /** The last page of a list names a next one. */
  | { readonly kind: 'endless' }

export interface FakeHuggingFace {
  readonly url: string
  readonly host: string
  readonly requests: FakeHubRequest[]
  /** The storage, an origin of its own. */
  readonly cdn: FakeCdn
  /** Entries of one page of a list. */
  pageSize: number
  addRepo(repo: FakeRepo): void
  /** Requests for `from` are led to `to`. */
  rename(from: string, to: string): void
  /** Keys that are valid. */
  readonly tokens: Set<string>
  misbehave(how: HubMisbehaviour | undefined): void
  close(): Promise<void>
}

export const COMMIT = '1'.repeat(40)
export const gitSha1 = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** A server that speaks a part of Hugging Face's API, leads to a storage of another origin, and misbehaves when told to. */
export async function startFakeHuggingFace(): Promise<FakeHuggingFace> {
  const repos = new Map<string, FakeRepo>()
  const renamed = new Map<string, string>()
  const tokens = new Set<string>()
  const requests: FakeHubRequest[] = []
  const cdn = createFakeCdn()
  let mood: HubMisbehaviour | undefined
  let misdeeds = 0

  /** Undefined where it may be seen; sends the refusal itself. */
  function isRefused(repo: FakeRepo | undefined, id: string, token: string | undefined, response: ServerResponse) {
    const refuse = (status: number, code: string | undefined, message: string): true => {
      response.writeHead(status, {
        ...(code === undefined ? {} : { 'x-error-code': code }),
        'x-error-message': message,
      })
      response.end(message)
      return true
    }
    if (token !== undefined && !tokens.has(token))
      return refuse(401, undefined, 'Invalid credentials in Authorization header')
    const isGranted = token !== undefined && (repo?.granted ?? []).includes(token)
    if (repo === undefined || (repo.private === true && !isGranted)) {
      return refuse(token === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found')
    }
    if (repo.disabled === true) return refuse(403, undefined, 'Access to this resource is disabled.')
    if (repo.gated === undefined || isGranted) return false
    const restricted = `Access to model ${id} is restricted`
    return token === undefined
      ? refuse(401, 'GatedRepo', `${restricted}. You must have access to it and be authenticated. Please log in.`)
      : refuse(403, 'GatedRepo', repo.gatedMessage ?? `${restricted} and you are not in the authorized list.`)
  }

  function answerFile(repo: FakeRepo, path: string, request: FakeHubRequest, response: ServerResponse): void {
    const file = Object.hasOwn(repo.files, path) ? repo.files[path] : undefined
    const commit = repo.commit ?? COMMIT
    if (file === undefined) {
      response.writeHead(404, {
        'x-repo-commit': commit,
        'x-error-code': 'EntryNotFound',
        'x-error-message': 'Entry not found',
      })
      response.end('Entry not found')
      return
    }
    const { bytes } = file
    const sha256 = sha256Of(bytes)
    if (file.small === true) {
      if (mood?.kind === 'resolve_cache' && !request.path.startsWith('/api/resolve-cache/')) {
        const location = `/api/resolve-cache/${repo.id}/${commit}/${path}`
        response.writeHead(307, { 'x-repo-commit': commit, location }).end()
        return
      }
      const headers = { 'x-repo-commit': commit, etag: `"${gitSha1(bytes)}"`, 'content-length': bytes.length }
      response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : bytes)
      return
    }
    const headers = {
      'x-repo-commit': commit,
      'x-linked-etag': `"${sha256}"`,
      'x-linked-size': bytes.length,
      etag: `"${sha256}"`,
      'x-xet-hash': '2'.repeat(64),
    }
    if (mood?.kind === 'no_storage') {
      response.writeHead(200, { ...headers, 'content-length': bytes.length })
      response.end(request.method === 'HEAD' ? undefined : bytes)
      return
    }
    response.writeHead(302, { ...headers, location: cdn.sign(bytes) }).end(`Found. Redirecting to ${sha256}`)
  }

  function answerTree(repo: FakeRepo, url: URL, response: ServerResponse): void {
    const entries = [
      { type: 'directory', oid: '3'.repeat(40), size: 0, path: 'models' },
      ...Object.entries(repo.files).map(([path, { bytes, small }]) => ({
        type: 'file',
        oid: gitSha1(bytes),
        size: bytes.length,
        ...(small === true ? {} : { lfs: { oid: sha256Of(bytes), size: bytes.length, pointerSize: 132 } }),
        path,
      })),
    ]
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const end = from + server.pageSize
    const next = new URL(url)
    next.searchParams.set('cursor', String(mood?.kind === 'endless' ? from : end))
    const hasNext = end < entries.length || mood?.kind === 'endless'
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(hasNext ? { link: `<${next.href}>; rel="next"` } : {}),
    })
    response.end(JSON.stringify(entries.slice(from, end)))
  }

  function answerRepo(repo: FakeRepo, response: ServerResponse): void {
    const about = {
      _id: '6650',
      id: repo.id,
      sha: repo.commit ?? COMMIT,
      private: repo.private ?? false,
      gated: repo.gated ?? false,
      disabled: repo.disabled ?? false,
      tags: ['license:apache-2.0'],
      cardData: { license: 'apache-2.0' },
      siblings: Object.keys(repo.files).map((rfilename) => ({ rfilename })),
      ...repo.wire,
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(about))
  }

  function misbehaves(request: FakeHubRequest, response: ServerResponse): boolean {
    if (mood?.kind === 'no_head' && request.method === 'HEAD') response.writeHead(405).end()
    else if (mood?.kind === 'astray') response.writeHead(302, { location: mood.location ?? request.path }).end()
    else if (mood?.kind === 'fail' && misdeeds < (mood.times ?? Number.POSITIVE_INFINITY)) {
      misdeeds += 1
      response.writeHead(mood.status, mood.headers).end(mood.body ?? '')
    } else return false
    return true
  }

  function answer(request: FakeHubRequest, response: ServerResponse): void {
    if (misbehaves(request, response)) return
    const url = new URL(request.path, server.url)
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const route = findRoute(url.pathname)
    if (route === undefined) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html>')
      return
    }
    const { id, what, revision, path } = route
    const moved = renamed.get(id)
    if (moved !== undefined) {
      response.writeHead(307, { location: request.path.replace(id, moved) }).end('Temporary Redirect')
      return
    }
    const repo = repos.get(id)
    // Whoever may not have the files is told about a gated repository all the same.
    if (what === 'file' || repo?.gated === undefined) {
      if (isRefused(repo, id, token, response) || repo === undefined) return
    }
    if (revision !== undefined && revision !== 'main' && revision !== (repo.commit ?? COMMIT)) {
      response
        .writeHead(404, { 'x-error-code': 'RevisionNotFound', 'x-error-message': `Invalid rev id: ${revision}` })
        .end()
    } else if (what === 'file') answerFile(repo, path ?? '', request, response)
    else if (what === 'tree') answerTree(repo, url, response)
    else answerRepo(repo, response)
  }

  const server: FakeHuggingFace = {
    url: '',
    host: '',
    requests,
    cdn,
    tokens,
    pageSize: 1_000,
    addRepo: (repo) => void repos.set(repo.id, repo),
    rename: (from, to) => void renamed.set(from, to),
    misbehave(how) {
      mood = how
      misdeeds = 0
    },
    async close() {
      await Promise.all([hub, storage].map(stop))
    },
  }
  const hub = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request
    const seen = { method, path, headers }
    requests.push(seen)
    response.on('error', () => {})
    answer(seen, response)
  })
  const storage = createServer(cdn.answer)
  const [host, cdnHost] = [await start(hub), await start(storage)]
  cdn.setHost(cdnHost)
  return Object.assign(server, { host, url: `http://${host}` })
}

interface Route {
  readonly id: string
  readonly what: 'file' | 'tree' | 'repo'
  readonly revision?: string
  readonly path?: string
}

function findRoute(pathname: string): Route | undefined {
  const parts = pathname.split('/').slice(1).map(decodeURIComponent)
  const take = (from: number): string => {
    const kind = parts[from] === 'datasets' || parts[from] === 'spaces' ? 1 : 0
    return parts.slice(from, from + 2 + kind).join('/')
  }
  if (parts[0] === 'api' && parts[1] === 'resolve-cache') {
    const id = take(2)
    const [revision = '', ...path] = parts.slice(2 + id.split('/').length)
    return { id, what: 'file', revision, path: path.join('/') }
  }
  if (parts[0] === 'api') {
    const id = parts[1] === 'models' ? take(2) : take(1)
    const [verb, revision] = parts.slice((parts[1] === 'models' ? 2 : 1) + id.split('/').length)
    return verb === 'tree' && revision !== undefined ? { id, what: 'tree', revision } : { id, what: 'repo' }
  }
  const id = take(0)
  const [verb, revision, ...path] = parts.slice(id.split('/').length)
  return verb === 'resolve' && revision !== undefined ? { id, what: 'file', revision, path: path.join('/') } : undefined
}

async function start(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
