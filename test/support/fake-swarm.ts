import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerDownload, type FakeSwarmModel, fileOf, json, tensorHashOf } from './fake-swarm-download.ts'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly fields: Record<string, unknown>
}

/**
 * A SwarmUI with the fork's routes for its neighbours, as it was seen to behave: digests are of the tensors, gguf and
 * ckpt have none; downloads are those of {@link answerDownload}.
 */
export interface FakeSwarm extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  readonly models: FakeSwarmModel[]
  /** Without the fork's routes. */
  isPlain: boolean
  /** What `swarm_token` has to be; undefined: everybody may. */
  token: string | undefined
  /** Manifests wait until the answer is called, as while it hashes. */
  holdManifests(): () => void
  /** As after a restart. */
  forgetSessions(): void
}

const SUBTYPES = ['Stable-Diffusion', 'VAE', 'LoRA', 'Embedding', 'ControlNet']

export async function startFakeSwarm(models: readonly FakeSwarmModel[] = []): Promise<FakeSwarm> {
  const requests: SeenRequest[] = []
  const sessions = new Set<string>()
  let released: Promise<void> = Promise.resolve()
  let lastSession = 0

  const isKnown = ({ headers }: IncomingMessage): boolean =>
    swarm.token === undefined || (headers.cookie ?? '').includes(`swarm_token=${swarm.token}`)
  const of = (subtype: unknown): FakeSwarmModel[] => swarm.models.filter((model) => model.subtype === subtype)

  function toEntry(model: FakeSwarmModel): object {
    const hash = tensorHashOf(model)
    const filename = fileOf(model.name)
    return {
      name: model.name,
      title: filename,
      filename,
      size: model.bytes.length,
      sha256: hash,
      architecture: 'unknown',
      description: '',
      standard_width: 0,
      standard_height: 0,
      download_url: `/DownloadModel/${model.subtype}/${hash ?? ''}/${filename}`,
      ...model.entry,
    }
  }

  async function api(
    name: string,
    fields: Record<string, unknown>,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    if (name === 'GetNewSession') {
      if (!isKnown(request)) return json(response, 401, { error: 'Unknown user', error_id: 'invalid_user' })
      lastSession += 1
      sessions.add(`session-${lastSession}`)
      return json(response, 200, { session_id: `session-${lastSession}`, user_id: 'local', version: '0.9' })
    }
    if (!sessions.has(String(fields.session_id))) {
      return json(response, 401, { error: 'Invalid session ID.', error_id: 'invalid_session_id' })
    }
    if (name === 'ListModels') {
      if (!SUBTYPES.includes(String(fields.subtype))) return json(response, 200, { error: 'Invalid sub-type.' })
      const files = of(fields.subtype).map((model) => ({
        name: model.name.replace(/\.safetensors$/, ''),
        title: model.name,
        hash: tensorHashOf(model) ?? '',
      }))
      return json(response, 200, { folders: [], files })
    }
    if (name === 'GetModelManifest' && !swarm.isPlain) {
      if (!SUBTYPES.includes(String(fields.subtype))) {
        return json(response, 404, { error: 'Invalid model sub-type.', error_id: 'invalid_subtype' })
      }
      await released
      const { subtype } = fields
      return json(response, 200, { node_id: 'n', generated_at: 'now', subtype, models: of(subtype).map(toEntry) })
    }
    return json(response, 400, { error: 'Unknown API route', error_id: 'bad_route' })
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url ?? ''
      const fields = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString())
      requests.push({ method: request.method ?? '', path, headers: request.headers, fields })
      if (path.startsWith('/API/') && request.method === 'POST') {
        void api(path.slice(5), fields, request, response)
      } else if (path.startsWith('/DownloadModel/') && !swarm.isPlain) {
        if (isKnown(request)) answerDownload(swarm.models, path, request, response)
        else json(response, 401, { error: 'Unknown user', error_id: 'invalid_user' })
      }
      // It sends whoever is lost to a page that says so.
      else response.writeHead(302, { location: '/Error/404' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const swarm: FakeSwarm = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    models: [...models],
    isPlain: false,
    token: undefined,
    holdManifests() {
      let release = (): void => {}
      released = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
    forgetSessions: () => sessions.clear(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return swarm
}
