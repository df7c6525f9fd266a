import { sha256Of, tensorDigest } from './swarm-host.ts'

export interface Entry {
  readonly name: string
  readonly title: string
  readonly filename: string
  readonly size: number
  readonly sha256: string | null
  readonly file_sha256: string
  readonly download_url: string
}

export interface Manifest {
  readonly node_id: string
  readonly generated_at: string
  readonly subtype: string
  readonly models: readonly Entry[]
}

export interface SwarmClientOptions {
  readonly url: string
  /** Sent with every request, as the settings of a SwarmUI backend have them. */
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes of each answer to a download after which the connection is lost, as often as it takes. */
  readonly loseAfter?: number
}

/** A SwarmUI host that takes models from another one: sessions, manifest, one stream with open ranges alone. */
export function createSwarmClient({ url, headers = {}, loseAfter }: SwarmClientOptions) {
  let session: string | undefined
  let renewals = 0
  let requests = 0

  async function post(name: string, fields: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${url}/API/${name}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
    return (await response.json()) as Record<string, unknown>
  }

  async function open(): Promise<void> {
    const answer = await post('GetNewSession', {})
    if (typeof answer.session_id !== 'string') throw new Error(`no session: ${JSON.stringify(answer)}`)
    session = answer.session_id
    renewals += 1
  }

  async function call(name: string, fields: object): Promise<Record<string, unknown>> {
    if (session === undefined) await open()
    const answer = await post(name, { session_id: session, ...fields })
    if (answer.error_id !== 'invalid_session_id') return answer
    await open()
    return post(name, { session_id: session, ...fields })
  }

  /** @throws Error where what came is not what the manifest says */
  async function download(entry: Entry): Promise<Buffer> {
    let received = Buffer.alloc(0)
    while (received.length < entry.size) {
      requests += 1
      const response = await fetch(`${url}${entry.download_url}`, {
        headers: { ...headers, ...(received.length === 0 ? {} : { range: `bytes=${received.length}-` }) },
      })
      if (response.status !== (received.length === 0 ? 200 : 206)) throw new Error(`HTTP ${response.status}`)
      if (response.headers.get('x-model-sha256') !== entry.sha256) throw new Error('another model is announced')
      const part = Buffer.from(await response.arrayBuffer())
      received = Buffer.concat([received, loseAfter === undefined ? part : part.subarray(0, loseAfter)])
    }
    if (received.length !== entry.size) throw new Error('another size')
    if (entry.sha256 !== null && `0x${tensorDigest(received)}` !== entry.sha256) throw new Error('other tensors')
    if (sha256Of(received) !== entry.file_sha256) throw new Error('another file')
    return received
  }

  return {
    call,
    download,
    manifest: async (subtype: string) =>
      (await call('GetModelManifest', { subtype, includeImages: false })) as unknown as Manifest,
    get renewals() {
      return renewals
    },
    get requests() {
      return requests
    },
    get session() {
      return session
    },
  }
}
