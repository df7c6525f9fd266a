import * as v from 'valibot'
import { requiredTextField } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import type { MediaReader } from './media-source.ts'

export function createHashOperations({ media }: { readonly media: MediaReader }): readonly Operation[] {
  return [
    defineOperation({
      name: 'calculate_sha256',
      summary: 'SHA-256 of a local file, of what a URL gives or of an S3 object',
      description:
        'Returns the SHA-256 of a file, URL or S3 object (s3://bucket/key) and records nothing; equal digests are equal files. Large files take a while; the answer comes in the same call. Before: nothing. After: find_asset with the sha256sum; where that finds an asset, the same bytes are recorded already and create_asset is not needed.',
      example: { path: 'https://example.com/image.jpg' },
      effect: 'read',
      permission: 'track:read',
      http: { method: 'post', path: '/v1/hash' },
      paths: ['path'],
      input: v.strictObject({
        path: requiredTextField(
          'Absolute path on the host where airkeep runs, or a file://, http(s):// or s3://bucket/key URL',
        ),
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
