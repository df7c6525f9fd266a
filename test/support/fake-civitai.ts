import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { aPng } from './build.ts'
import { createFakeDownloads, type FakeDownloads } from './fake-downloads.ts'
import { aFakeImage, BUCKET, type FakeImage, imagesPage, type Oddity, uuidOf } from './fake-images.ts'
import { createFakeModels, type FakeModels } from './fake-models.ts'

/** What a server of this kind has been seen to do. */
export type Misbehaviour =
  | Oddity
  | {
      readonly kind: 'fail'
      readonly status: number
      /** HTML where it begins with `<`, else JSON. */
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
      /** How often, before it behaves again; for ever by default. */
      readonly times?: number
    }
  | { readonly kind: 'body'; readonly body: string }
  /** A complete header, part of the body, and the end of the connection. */
  | { readonly kind: 'cut'; readonly times?: number }
  /** A body without end. */
  | { readonly kind: 'huge' }
  /** Says nothing until the client leaves; `onRequest` is told that it came. */
  | { readonly kind: 'silent'; readonly onRequest: () => void }

export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** What was sent with it, as text. */
  readonly body: string
}

export interface FakeCivitai {
  readonly url: string
  readonly host: string
  /** Requests to the API, in their order. */
  readonly requests: FakeRequest[]
  /** Requests for media and other files. */
  readonly mediaRequests: FakeRequest[]
  addPost(postId: string, images: readonly Partial<FakeImage>[]): FakeImage[]
  /** The routes that tell of models. */
  readonly models: FakeModels
  /** The route that hands out their files. */
  readonly downloads: FakeDownloads
  /** Does so at every route of the API, or at those whose path fits. */
  misbehave(how: Misbehaviour | undefined, only?: RegExp): void
  /** Serves bytes at an address of their own, as any other host would. */
  serve(name: string, bytes: Uint8Array, status?: number): string
  close(): Promise<void>
}

/** A server that speaks a part of `/api/v1` as Civitai does, serves the media, and misbehaves when told to. */
export async function startFakeCivitai(): Promise<FakeCivitai> {
  const posts = new Map<string, FakeImage[]>()
  const files = new Map<string, { bytes: Uint8Array; status: number }>()
  const requests: FakeRequest[] = []
  const mediaRequests: FakeRequest[] = []
  const models = createFakeModels()
  const downloads = createFakeDownloads()
  let mood: Misbehaviour | undefined
  let moody = /^/
  let misdeeds = 0
  let lastId = 60_010_000
  let url = ''

  function misbehaves(path: string, response: ServerResponse): boolean {
    if (mood === undefined || mood.kind === 'odd' || !moody.test(path)) return false
    const times = 'times' in mood ? mood.times : undefined
    misdeeds += 1
    if (misdeeds > (times ?? misdeeds)) return false
    misbehaveNow(mood, response)
    return true
  }

  function answerImages({ query, headers }: FakeRequest): readonly [number, unknown] {
    if (Number(query.get('limit') ?? 100) > 200) {
      return [400, { error: { issues: [{ message: 'Number must be less than or equal to 200' }] } }]
    }
    const page = imagesPage({
      url,
      query,
      token: headers.authorization ?? '',
      images: posts.get(query.get('postId') ?? '') ?? [],
      odd: mood?.kind === 'odd' ? mood : undefined,
    })
    return [200, page]
  }

  function answerFile(path: string, response: ServerResponse): void {
    const file = files.get(path)
    const [, bucket, uuid, transform] = path.split('/')
    const image = [...posts.values()].flat().find(({ id }) => uuidOf(id) === uuid)
    if (file !== undefined) {
      response.writeHead(file.status).end(file.bytes)
    } else if (bucket === BUCKET && image !== undefined) {
      // A preview is another file, encoded anew.
      response.writeHead(200).end(transform === 'original=true' ? image.bytes : aPng({ seed: image.id }))
    } else {
      response.writeHead(404).end('Not found')
    }
  }

  function answer(seen: FakeRequest, response: ServerResponse): void {
    const { method, path, query, body } = seen
    if (path.startsWith('/api/download/')) {
      const { status, headers, body: said } = downloads.answer(seen)
      response.writeHead(status, headers).end(said)
      return
    }
    if (!/^\/api\/v1\/(?:images|models|model-versions)(?:\/|$)/.test(path)) {
      mediaRequests.push(seen)
      answerFile(path, response)
      return
    }
    requests.push(seen)
    if (misbehaves(path, response)) return
    const [status, json] = path === '/api/v1/images' ? answerImages(seen) : models.answer(method, path, query, body)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  }

  const server = createServer((request, response) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', url)
    const { method = '', headers } = request
    const chunks: Buffer[] = []
    response.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => answer({ method, path, query, headers, body: Buffer.concat(chunks).toString() }, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  url = `http://${host}`

  return {
    url,
    host,
    requests,
    mediaRequests,
    addPost(postId, wanted) {
      const images = wanted.map((image) => {
        lastId += 1
        return { ...aFakeImage(lastId), ...image }
      })
      posts.set(postId, images)
      return images
    },
    models,
    downloads,
    misbehave(how, only = /^/) {
      mood = how
      moody = only
      misdeeds = 0
    },
    serve(name, bytes, status = 200) {
      files.set(`/files/${name}`, { bytes, status })
      return `${url}/files/${name}`
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function misbehaveNow(how: Exclude<Misbehaviour, Oddity>, response: ServerResponse): void {
  const json = { 'content-type': 'application/json' }
  switch (how.kind) {
    case 'fail': {
      const text = how.body ?? JSON.stringify({ error: `status ${how.status}` })
      const type = text.startsWith('<') ? 'text/html' : 'application/json'
      response.writeHead(how.status, { 'content-type': type, ...how.headers }).end(text)
      return
    }
    case 'body':
      response.writeHead(200, { 'content-type': how.body.startsWith('<') ? 'text/html' : 'application/json' })
      response.end(how.body)
      return
    case 'cut':
      response.writeHead(200, { ...json, 'content-length': '5000' })
      response.write('{"items":[', () => response.destroy())
      return
    case 'huge': {
      response.writeHead(200, json)
      const pour = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536))) {}
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
      return
    }
    case 'silent':
      how.onRequest()
  }
}
