import { createHash } from 'node:crypto'
import { AppError } from '../../errors.ts'
import { type Clock, toIso } from '../../lib/clock.ts'
import { fromJson } from '../../lib/json.ts'
import { canonicalText } from './canonical.ts'
import type { ModelChunks } from './chunks.ts'
import type { ServeRule } from './exclude.ts'
import type { HostKey } from './host-key.ts'
import { type Include, typesOf } from './include.ts'
import { listServed, listText, type ManifestItem, toItem } from './manifest-content.ts'
import type { ManifestModel } from './manifest-entry.ts'
import type { ServedRows } from './served-rows.ts'

/** The models of a node, signed by it. */
export interface ManifestBody {
  readonly generated_at: string
  readonly models: readonly ManifestModel[]
  readonly node: { readonly id: string; readonly public_key: string; readonly sig_algo: 'ed25519' }
  /** Base64: Ed25519 over the canonical JSON (RFC 8785) of everything else. */
  readonly signature: string
}

export interface ManifestAnswer {
  readonly body: ManifestBody
  /** The body in its canonical form. */
  readonly text: string
  /** Of exactly this text, in its quotes. It lasts as long as the answer and this process do. */
  readonly etag: string
}

export interface ManifestRequest {
  /** Only models of these types; all by default. */
  readonly include?: readonly Include[] | undefined
  /** Only the model with this digest, of the file or of its tensors: 64 lower-case hex. */
  readonly hash?: string | undefined
  /** The chunk hashes of that model too, which may mean that its file is read. */
  readonly chunks?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Manifest {
  /** @throws AppError invalid_input (chunks without a hash), and what reading chunk hashes throws */
  get(request?: ManifestRequest): Promise<ManifestAnswer>
}

export interface ManifestDeps {
  readonly rows: ServedRows
  readonly rule: ServeRule
  readonly hostKey: HostKey
  readonly clock: Clock
  readonly instanceId: () => string
  /** Chunk hashes of the file with this SHA-256. */
  readonly chunks: (sha256: string, signal?: AbortSignal) => Promise<ModelChunks>
}

interface Content {
  /** Of the index as it was read. */
  readonly key: string
  /** Whether another change could not hide behind the same version. */
  readonly isSettled: boolean
  readonly holdsUntil: number
  readonly items: readonly ManifestItem[]
  readonly listText: string
  readonly generatedAt: string
  /** Signed answers by what they include. */
  readonly answers: Map<string, Promise<ManifestAnswer>>
}

/** A change within the same millisecond as the last one that was read leaves the version as it is; clocks are coarse. */
const SETTLED_MS = 1_000

export function createManifest(deps: ManifestDeps): Manifest {
  const { rows, rule, hostKey, clock, instanceId } = deps
  let kept: Content | undefined
  let building: { readonly key: string; readonly content: Promise<Content> } | undefined

  async function build(key: string, changedAt: number): Promise<Content> {
    const isSettled = changedAt < clock.now() - SETTLED_MS
    const { items, holdsUntil } = await listServed(rows, rule)
    const text = listText(items)
    // What was written to the index may say nothing new: then the answers, their time and their ETags stay.
    kept =
      kept?.listText === text
        ? { ...kept, key, isSettled, holdsUntil }
        : {
            ...{ key, isSettled, holdsUntil, items, listText: text, answers: new Map() },
            generatedAt: toIso(Math.max(clock.now(), kept === undefined ? 0 : Date.parse(kept.generatedAt) + 1)),
          }
    return kept
  }

  async function current(): Promise<Content> {
    for (;;) {
      const { key, changedAt } = await rows.version()
      if (kept?.key === key && kept.isSettled && clock.now() < kept.holdsUntil) return kept
      if (building !== undefined && building.key !== key) {
        // It reads what is not up to date any more, but two at once would only hold each other up.
        await building.content.catch(() => {})
        continue
      }
      building ??= { key, content: build(key, changedAt).finally(() => (building = undefined)) }
      return building.content
    }
  }

  async function answer(generatedAt: string, items: readonly ManifestItem[], models: string): Promise<ManifestAnswer> {
    const node = { id: instanceId(), public_key: await hostKey.publicKey(), sig_algo: 'ed25519' } as const
    // The names of the fields in their canonical order.
    const unsigned = `{"generated_at":"${generatedAt}","models":${models},"node":${canonicalText(fromJson(node))}}`
    const signature = await hostKey.sign(Buffer.from(unsigned))
    return {
      body: { generated_at: generatedAt, models: items.map(({ model }) => model), node, signature },
      text: `${unsigned.slice(0, -1)},"signature":"${signature}"}`,
      // Ed25519 gives the same signature for the same text, and no other for another.
      etag: `"${createHash('sha256').update(signature).digest('base64url')}"`,
    }
  }

  return {
    async get({ include = [], hash, chunks = false, signal } = {}) {
      if (chunks && hash === undefined) {
        const expected = 'chunks needs a hash: chunk hashes are given for one model at a time'
        throw new AppError('invalid_input', expected, { errors: [{ path: 'chunks', expected }] })
      }
      const content = await current()
      const types = typesOf(include)
      const isAsked = ({ model }: ManifestItem): boolean =>
        (types.size === 0 || types.has(model.type)) &&
        (hash === undefined || model.sha256 === hash || model.tensor_sha256 === hash)

      if (hash !== undefined) {
        const found = content.items.filter(isAsked)
        const items = chunks ? await Promise.all(found.map((item) => withChunks(item, deps, signal))) : found
        return answer(content.generatedAt, items, listText(items))
      }
      const key = [...types].sort().join()
      const known = content.answers.get(key)
      if (known !== undefined) return known
      const items = types.size === 0 ? content.items : content.items.filter(isAsked)
      const made = answer(content.generatedAt, items, types.size === 0 ? content.listText : listText(items))
      content.answers.set(key, made)
      made.catch(() => content.answers.delete(key))
      if (content.answers.size > MAX_ANSWERS) content.answers.delete([...content.answers.keys()][0] ?? key)
      return made
    },
  }
}

/** Selections that are kept signed: a node's peers ask for the same ones again and again. */
const MAX_ANSWERS = 8

async function withChunks({ model }: ManifestItem, { chunks }: ManifestDeps, signal?: AbortSignal) {
  const { hashes, chunkBytes } = await chunks(model.sha256, signal)
  return toItem({ ...model, chunks: { size: chunkBytes, count: hashes.length, hashes } })
}
