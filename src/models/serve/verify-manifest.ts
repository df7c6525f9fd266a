import { createPublicKey, verify } from 'node:crypto'
import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { canonicalWithout, createPace } from './canonical.ts'

const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const text = (length: number) => v.pipe(v.string(), v.maxLength(length))

const modelSchema = v.object({
  model_key: v.pipe(text(1_000), v.minLength(1)),
  filename: v.pipe(text(1_000), v.minLength(1)),
  size,
  sha256: digest,
  tensor_sha256: v.optional(digest),
  type: text(100),
  chunks: v.optional(v.object({ size: v.pipe(size, v.minValue(1)), count: size, hashes: v.array(digest) })),
  civitai: v.nullish(
    v.object({
      modelId: v.nullish(size),
      versionId: v.nullish(size),
      license: v.nullish(text(1_000)),
      nsfw: v.nullish(v.boolean()),
    }),
  ),
  tags: v.optional(v.array(v.string()), []),
  updated_at: v.optional(text(100)),
  download: v.object({ http: v.pipe(text(2_000), v.minLength(1)) }),
})

// The last digits carry bits that no byte uses: any but zero would be another text for the same bytes.
const KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/
const SIGNATURE = /^[A-Za-z0-9+/]{85}[AQgw]==$/

const manifestSchema = v.object({
  node: v.object({
    id: text(200),
    public_key: v.optional(v.pipe(v.string(), v.regex(KEY))),
    sig_algo: v.optional(v.string()),
  }),
  generated_at: text(100),
  models: v.array(v.unknown()),
  signature: v.optional(v.string()),
})

export type ReceivedModel = v.InferOutput<typeof modelSchema>

export interface VerifiedManifest {
  readonly nodeId: string
  readonly generatedAt: string
  /** Every name in them is a stranger's. Those that this version cannot read are left out. */
  readonly models: readonly ReceivedModel[]
  /** The key that signed it; undefined where nothing is signed and no key was asked for. */
  readonly publicKey: string | undefined
}

/**
 * Reads a manifest and checks its signature, giving way to everything else on the way. A manifest without key and
 * signature passes only where no key is expected: the protocol leaves signing open.
 * @param publicKey the pinned key, base64 of 32 bytes
 * @throws AppError upstream_unavailable: it is no manifest; checksum_mismatch: its signature does not hold; conflict:
 * signed with another key than the pinned one, or not signed any more
 */
export async function verifyManifest(json: unknown, publicKey?: string): Promise<VerifiedManifest> {
  if (!isJsonObject(json)) throw unusable('it is not a JSON object')
  const parsed = v.safeParse(manifestSchema, json)
  if (!parsed.success) {
    const path = v.getDotPath(parsed.issues[0])
    throw unusable(path === null ? 'it is not a manifest' : `${path} is missing or not valid`)
  }
  const { node, generated_at: generatedAt, models } = parsed.output
  const key = await checkSignature(json, parsed.output, publicKey)
  return { nodeId: node.id, generatedAt, models: await readModels(models), publicKey: key }
}

async function readModels(items: readonly unknown[]): Promise<ReceivedModel[]> {
  const pace = createPace()
  const models: ReceivedModel[] = []
  for (const item of items) {
    const read = v.safeParse(modelSchema, item, { abortEarly: true })
    if (read.success) models.push(read.output)
    const pause = pace()
    if (pause !== undefined) await pause
  }
  return models
}

/** @returns the key that signed it */
async function checkSignature(
  json: JsonObject,
  { node, signature }: v.InferOutput<typeof manifestSchema>,
  pinned: string | undefined,
): Promise<string | undefined> {
  const { public_key: said, sig_algo: algorithm } = node
  if (said === undefined && signature === undefined) {
    if (pinned === undefined) return undefined
    throw new AppError('conflict', `The node does not sign its manifest any more: ${beginning(pinned)} was its key`, {
      hint: ANOTHER_KEY,
    })
  }
  if (said === undefined || signature === undefined) throw unusable('key or signature is missing')
  if (pinned !== undefined && said !== pinned) throw otherKey(pinned, said)
  if (algorithm !== 'ed25519') throw unusable('it is not signed with Ed25519')
  if (!SIGNATURE.test(signature) || !(await holds(json, signature, said))) {
    throw new AppError('checksum_mismatch', 'The signature of the manifest does not hold: it was changed on the way')
  }
  return said
}

const ANOTHER_KEY = 'If that is meant, remove the node and add it again'

/** How keys are shown to people who compare them. */
const beginning = (key: string): string => key.slice(0, 12)

export const otherKey = (pinned: string, now: string): AppError =>
  new AppError('conflict', `The node has another key than before: ${beginning(now)} instead of ${beginning(pinned)}`, {
    hint: `${ANOTHER_KEY}; else someone stands in its place`,
  })

const unusable = (reason: string, cause?: unknown): AppError =>
  new AppError('upstream_unavailable', `Cannot use the manifest: ${reason}`, { cause })

async function holds(json: JsonObject, signature: string, publicKey: string): Promise<boolean> {
  let content: Buffer
  try {
    content = Buffer.from(await canonicalWithout(json, 'signature'))
  } catch (cause) {
    throw unusable('it holds what has no canonical form', cause)
  }
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  return new Promise((resolve) => {
    try {
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
      // 32 bytes need not be a point of the curve: an error then says the same as `false`.
      verify(null, content, key, Buffer.from(signature, 'base64'), (error, valid) => resolve(error === null && valid))
    } catch {
      resolve(false)
    }
  })
}
