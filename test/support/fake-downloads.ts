import type { FakeRequest } from './fake-civitai.ts'

/** What the download route has been seen to answer in place of a redirect to the file. */
export interface Gate {
  readonly status: number
  /** HTML where it begins with `<`, else JSON. */
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** How often, before the file is handed out; for ever by default. */
  readonly times?: number
  /** Only for requests without a key, or only for those with one. */
  readonly only?: 'with_key' | 'without_key'
}

const LOGIN = 'The creator of this asset requires you to be logged in to download it'
const DISABLED = 'The creator of this asset has disabled downloads on this file'
export const DEADLINE = '2026-12-01T00:00:00.000Z'

const says = (status: number, body: object): Gate => ({ status, body: JSON.stringify(body) })
const page = (text: string): string =>
  `<!DOCTYPE html><html><head><title>Civitai</title></head><body>${text}</body></html>`

/** Each row of what Civitai answers, by name. */
export const GATES = {
  login: says(401, { error: 'Unauthorized', message: LOGIN }),
  disabled: says(401, { error: 'Unauthorized', message: DISABLED }),
  earlyAccess: says(403, {
    error: 'Early Access',
    deadline: DEADLINE,
    message: 'This asset is in Early Access. You can use Buzz access it now!',
  }),
  noAccess: says(403, { error: 'You do not have access to download this file' }),
  blocked: says(403, { error: 'Forbidden' }),
  badNumber: says(400, { error: 'Invalid input: expected number, received NaN' }),
  missing: says(404, { error: 'File not found' }),
  archived: says(410, { error: 'Model archived, not available for download' }),
  limited: says(429, { error: "We've noticed an unusual amount of downloading from your account." }),
  region: says(451, { error: 'Access to this service is not available in your region', code: 'REGION_BLOCKED' }),
  broken: says(500, { error: 'Failed' }),
  busy: { ...says(503, { error: 'Server busy, please retry shortly.' }), headers: { 'retry-after': '2' } },
  loginPage: { status: 200, body: page('Log in to Civitai') },
  earlyAccessPage: { status: 403, body: page('This asset is in Early Access') },
  wall: { status: 403, body: page('Attention required') },
  toLogin: { status: 302, headers: { location: '/login?reason=download-auth&returnUrl=%2Fmodels%2F1' } },
  toVersion: { status: 302, headers: { location: '/model-versions/930401' } },
} as const satisfies Record<string, Gate>

export interface FakeDownload {
  readonly versionId: number
  readonly fileId: number
  /** What `?type=` finds it by; `Model` by default. */
  readonly type?: string
  /** What a request without a file's number gets. */
  readonly primary?: boolean
  /** Linked from another version: its number is not found here. */
  readonly linked?: boolean
  /** Where it lies: an address of a storage, or one that is signed anew for each request. */
  readonly location: string | (() => string)
}

export interface FakeDownloads {
  readonly requests: FakeRequest[]
  add(download: FakeDownload): void
  /** Stands before every file; undefined opens them. */
  gate(gate: Gate | undefined): void
  /** Takes out files and gate. */
  clear(): void
  answer(request: FakeRequest): DownloadAnswer
}

interface DownloadAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** `/api/download/models/{versionId}?fileId=&type=` */
export function createFakeDownloads(): FakeDownloads {
  const requests: FakeRequest[] = []
  let files: FakeDownload[] = []
  let standing: Gate | undefined
  let passed = 0

  function gateFor({ headers }: FakeRequest): Gate | undefined {
    if (standing === undefined) return undefined
    const who = headers.authorization === undefined ? 'without_key' : 'with_key'
    if (standing.only !== undefined && standing.only !== who) return undefined
    passed += 1
    return passed > (standing.times ?? passed) ? undefined : standing
  }

  function find({ path, query }: FakeRequest): FakeDownload | undefined {
    const ofVersion = files.filter(({ versionId }) => path === `/api/download/models/${versionId}`)
    const fileId = query.get('fileId')
    if (fileId !== null) return ofVersion.find((file) => file.fileId === Number(fileId) && !file.linked)
    const type = query.get('type')
    if (type !== null) return ofVersion.find((file) => (file.type ?? 'Model') === type)
    return ofVersion.find(({ primary }) => primary) ?? ofVersion[0]
  }

  return {
    requests,
    add: (download) => files.push(download),
    gate(gate) {
      standing = gate
      passed = 0
    },
    clear() {
      files = []
      standing = undefined
      requests.length = 0
    },
    answer(request) {
      requests.push(request)
      const gate = request.method === 'GET' ? gateFor(request) : GATES.login
      const file = find(request)
      if (gate === undefined && file !== undefined) {
        const location = typeof file.location === 'string' ? file.location : file.location()
        const headers = { location, 'cache-control': 'no-store, max-age=0' }
        return { status: 307, headers, body: '' }
      }
      const { status, body = '', headers = {} } = gate ?? GATES.missing
      const type = body.startsWith('<') ? 'text/html' : 'application/json'
      return { status, headers: { 'content-type': type, ...headers }, body }
    },
  }
}
