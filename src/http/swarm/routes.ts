import { isAppError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { readJsonFields } from '../body.ts'
import { type AnswerDeps, answerWith } from '../files/answer.ts'
import type { Exchange, Route } from '../route.ts'
import { invalidSubtype, listJson, modelNotFound, refusalResponse, SwarmRefusal, swarmResponse } from './answer.ts'
import { listFolder } from './folder.ts'
import { createIdentify, type IdentifyDeps } from './identify.ts'
import { swarmHash, toManifestEntry, toModelObject } from './model-json.ts'
import { parseReference } from './reference.ts'
import { createSessions } from './sessions.ts'
import type { SwarmListing, SwarmModel, SwarmSource } from './swarm-source.ts'

export interface SwarmRoutesDeps extends Omit<IdentifyDeps, 'sessions'> {
  readonly source: SwarmSource
  /** Shared with the other file routes: a client's limits hold for both together. */
  readonly sending: AnswerDeps
  readonly clock: Clock
  readonly version: string
  readonly bodyLimitBytes: number
}

/** Bodies are read before it is known who sends them: the session stands in them. */
const MAX_BODY_BYTES = 64 * 1024

type Fields = Readonly<Record<string, unknown>>

/** What SwarmUI lists where it is not told what. */
const DEFAULT_SUBTYPE = 'Stable-Diffusion'

/** What a session may do here, in SwarmUI's words. */
const PERMISSIONS = ['fundamental_model_access']

/**
 * The part of SwarmUI's API by which its hosts find and fetch each other's models. They find out by themselves who asks:
 * by a token, which may come as SwarmUI's cookie, or by a session. Never by anything in the URL, which ends in logs.
 */
export function createSwarmRoutes(deps: SwarmRoutesDeps): Route[] {
  const { source, sending, version } = deps
  const sessions = createSessions(deps.clock)
  const identify = createIdentify({ ...deps, sessions })
  const bodyLimit = Math.min(deps.bodyLimitBytes, MAX_BODY_BYTES)

  async function getNewSession(exchange: Exchange): Promise<object> {
    await readJsonFields(exchange.request, bodyLimit)
    const actor = await identify.byToken(exchange)
    return {
      session_id: sessions.open(actor),
      user_id: actor.name,
      output_append_user: false,
      version,
      server_id: source.nodeId(),
      permissions: PERMISSIONS,
    }
  }

  /** A call that needs a session, and its fields. */
  const call = (name: string, answer: (fields: Fields, exchange: Exchange) => Promise<object | string>): Route =>
    route('POST', `/API/${name}`, async (exchange) => {
      const fields = await readJsonFields(exchange.request, bodyLimit)
      await identify.bySession(exchange, fields.session_id ?? exchange.request.headers.get('x-session-id'))
      const body = await answer(fields, exchange)
      return swarmResponse(typeof body === 'string' ? body : JSON.stringify(body), exchange.requestId)
    })

  function subtypeIn(named: unknown): string {
    const subtype = typeof named === 'string' ? source.subtype(named) : undefined
    if (subtype === undefined) throw invalidSubtype()
    return subtype
  }

  async function listing({ subtype = DEFAULT_SUBTYPE }: Fields, { connection }: Exchange): Promise<SwarmListing> {
    // The index of a large host may have to be read first.
    connection.keepOpen()
    return source.list(subtypeIn(subtype))
  }

  async function getModelManifest(fields: Fields, exchange: Exchange): Promise<string> {
    const { subtype, generatedAt, models } = await listing(fields, exchange)
    const head = JSON.stringify({ node_id: source.nodeId(), generated_at: generatedAt, subtype })
    const entries = await listJson(models, (model) => toManifestEntry(subtype, model))
    return `${head.slice(0, -1)},"models":${entries}}`
  }

  async function listModels(fields: Fields, exchange: Exchange): Promise<string> {
    const { models } = await listing(fields, exchange)
    const path = typeof fields.path === 'string' ? fields.path : ''
    const { folders, files } = listFolder(models, path, fields.depth)
    return `{"folders":${JSON.stringify(folders)},"files":${await listJson(files, toModelObject)}}`
  }

  async function describe({ subtype = DEFAULT_SUBTYPE, modelName }: Fields): Promise<SwarmModel> {
    const known = subtypeIn(subtype)
    if (typeof modelName !== 'string') throw modelNotFound()
    return source.describe(known, modelName)
  }

  async function download(exchange: Exchange): Promise<Response> {
    const actor = await identify.byEither(exchange)
    const { subtype, references } = parseReference(exchange.path)
    const { model, file } = await source.open(subtypeIn(subtype), references)
    const hash = swarmHash(model)
    const response = await answerWith(sending, {
      exchange,
      actor,
      what: {
        model: file,
        place: { start: 0, end: file.sizeBytes },
        sha256: file.sha256,
        filename: model.filename,
        headers: { 'x-model-file-sha256': file.sha256, ...(hash === null ? {} : { 'x-model-sha256': hash }) },
      },
    })
    // Elsewhere it is the digest of the file, which a client of this dialect would take for that of the tensors.
    if (hash === null) response.headers.delete('x-model-sha256')
    return response
  }

  return [
    route('POST', '/API/GetNewSession', async (exchange) =>
      swarmResponse(JSON.stringify(await getNewSession(exchange)), exchange.requestId),
    ),
    call('GetModelManifest', getModelManifest),
    call('ListModels', listModels),
    call('DescribeModel', async (fields) => ({ model: toModelObject(await describe(fields)) })),
    call('GetModelHash', async (fields) => ({ hash: swarmHash(await describe(fields)) })),
    route('GET', '/DownloadModel/*', download),
  ]
}

/** A route that says in the dialect's words what those exist for. */
function route(method: 'GET' | 'POST', path: `/${string}`, handle: (exchange: Exchange) => Promise<Response>): Route {
  return {
    method,
    path,
    access: 'own',
    async handle(exchange) {
      try {
        return await handle(exchange)
      } catch (error) {
        const refusal = isAppError(error) && error.code === 'not_found' ? modelNotFound() : error
        if (!(refusal instanceof SwarmRefusal)) throw error
        return refusalResponse(refusal, exchange.requestId)
      }
    },
  }
}
