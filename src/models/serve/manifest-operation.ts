import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import { defineOperation, type Operation, type Representation } from '../../operation/operation.ts'
import { holds } from '../../operation/permission.ts'
import { INCLUDES } from './include.ts'
import type { Manifest } from './manifest.ts'

const modelSchema = v.object({
  model_key: v.string(),
  filename: v.string(),
  size: v.number(),
  sha256: v.string(),
  tensor_sha256: v.optional(v.string()),
  type: v.string(),
  chunks: v.optional(v.object({ size: v.number(), count: v.number(), hashes: v.array(v.string()) })),
  civitai: v.optional(
    v.object({
      modelId: v.number(),
      versionId: v.number(),
      license: v.nullable(v.string()),
      nsfw: v.nullable(v.boolean()),
    }),
  ),
  tags: v.array(v.string()),
  updated_at: v.string(),
  download: v.object({ http: v.string() }),
})

const outputSchema = v.object({
  node: v.object({ id: v.string(), public_key: v.string(), sig_algo: v.literal('ed25519') }),
  generated_at: v.string(),
  models: v.array(modelSchema),
  signature: v.string(),
})

const HASH_MESSAGE = 'hash must be 64 hexadecimal digits'

export function createManifestOperation({ manifest }: { readonly manifest: Manifest }): Operation {
  /** The text that was signed, by the answer that was made from it. */
  const representations = new WeakMap<object, Representation>()
  return defineOperation({
    name: 'get_model_manifest',
    summary: 'Models that this host serves, signed',
    description:
      'Answers every model that this host hands to other hosts: names, sizes, digests, Civitai ids and where to download it, signed with the Ed25519 key of this host. Thousands of models make a long answer: include and hash narrow it. What the owner excludes, pickles and what a licence keeps here are not in it. Before: list_nodes, for the keys of other hosts. After: nothing; the URL in download gives the bytes.',
    example: { include: ['loras', 'vae'] },
    effect: 'read',
    permission: 'models:read',
    http: {
      method: 'get',
      path: '/v1/models/manifest',
      representation: (output) => representations.get(output),
    },
    input: v.strictObject({
      include: v.optional(
        v.pipe(
          v.array(v.picklist(INCLUDES)),
          v.maxLength(INCLUDES.length),
          v.description('Only these types; weights are checkpoints and diffusion models'),
        ),
      ),
      hash: v.optional(
        v.pipe(
          v.string(HASH_MESSAGE),
          v.regex(/^[0-9A-Fa-f]{64}$/, HASH_MESSAGE),
          v.description('Only the model whose file, or whose tensors, have this SHA-256'),
        ),
      ),
      chunks: v.optional(
        v.pipe(
          v.boolean(),
          v.description(
            'The SHA-256 of each chunk of that one model too, for callers with models:serve: its file may be read first',
          ),
        ),
        false,
      ),
    }),
    output: outputSchema,
    async run({ include, hash, chunks }, { signal, actor }) {
      if (chunks && !holds(actor, 'models:serve')) {
        throw new AppError('forbidden', 'Chunk hashes need the permission models:serve', {
          hint: 'Ask the owner for a token with --permission models:serve',
        })
      }
      const { body, text, etag } = await manifest.get({ include, hash: hash?.toLowerCase(), chunks, signal })
      representations.set(body, { text, etag })
      return body as v.InferInput<typeof outputSchema>
    },
  })
}
