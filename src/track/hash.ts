import * as v from 'valibot'
import { requiredTextField } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import type { MediaReader } from './media-source.ts'

export function createHashOperations({ media }: { readonly media: MediaReader }): readonly Operation[] {
  return [
    defineOperation({
      name: 'calculate_sha256',
      summary: 'SHA-256 of a local file or of what a URL gives',
      description:
        'Returns the SHA-256 of a file or URL. Call it first, then find_asset with the sha256sum: where that finds an asset, the same bytes are recorded already and create_asset is not needed. Also tells whether a local file is the same as one on Civitai. Large files take a while; the answer comes in the same call.',
      example: { path: 'https://example.com/image.jpg' },
      effect: 'read',
      permission: 'track:read',
      http: { method: 'post', path: '/v1/hash' },
      paths: ['path'],
      input: v.strictObject({
        path: requiredTextField('Absolute local path, file:// URL or http(s):// URL'),
      }),
      output: v.object({
        sha256sum: v.pipe(v.string(), v.description('64 lower-case hex digits')),
        size_bytes: v.number(),
        path: v.string(),
      }),
      async run({ path }, call) {
        const { sha256sum, sizeBytes } = await media.read(path, call, { field: 'path' })
        return { sha256sum, size_bytes: sizeBytes, path }
      },
    }),
  ]
}
