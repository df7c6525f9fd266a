import * as v from 'valibot'
import type { CivitaiImage } from '../civitai/image.ts'
import { toCivitaiLink } from '../civitai/links.ts'
import { AppError, isAppError } from '../errors.ts'
import { idField, requiredTextField } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation, traceOf } from '../operation/operation.ts'
import { applyMatches, type Match } from './apply-matches.ts'
import type { TrackDeps } from './deps.ts'
import { findLocalMedia, type LocalMedia } from './local-media.ts'
import type { MediaReader } from './media-source.ts'
import { shownId } from './row.ts'

const MAX_FILES = 200
/** As many as Civitai gives in one answer. */
const PAGE_IMAGES = 200

const localEntries = { path: v.string(), asset_id: v.optional(shownId), sha256sum: v.string() }

const outputSchema = v.object({
  matches: v.array(
    v.object({
      ...localEntries,
      civitai_image_id: shownId,
      civitai_url: v.string(),
      applied: v.pipe(v.boolean(), v.description('The asset has civitai_id and civitai_url of this image now')),
      reason: v.optional(v.pipe(v.string(), v.description('Why it was not applied'))),
    }),
  ),
  unmatched: v.array(v.object(localEntries)),
  unmatched_images: v.pipe(
    v.array(v.object({ civitai_image_id: shownId, civitai_url: v.string() })),
    v.description('Images of the post that none of the files is'),
  ),
  failed: v.pipe(
    v.array(v.object({ civitai_image_id: shownId, civitai_url: v.string(), reason: v.string() })),
    v.description('Images of the post that could not be fetched, so that nothing is known of them'),
  ),
})
type MatchResult = v.InferOutput<typeof outputSchema>

interface MatchDeps extends Pick<TrackDeps, 'db' | 'audit' | 'clock' | 'civitai' | 'civitaiToken' | 'log'> {
  readonly media: MediaReader
}

export function createMatchOperation(deps: MatchDeps): Operation {
  return defineOperation({
    name: 'match_post_media',
    summary: 'Find out which local files or assets are which images of a Civitai post',
    description:
      'Hashes local files (paths) or takes the digests of recorded assets (asset_ids), fetches the media of the Civitai post in original quality, hashes them too and pairs what is equal. With apply true it writes civitai_id and civitai_url into the matching assets. Videos and images that Civitai has changed do not match. Before: nothing for paths; create_asset for asset_ids. After: create_asset with the civitai_image_id and civitai_url of a match that has no asset_id; update_asset with post_id where it has one.',
    example: { civitai_post_id: '23683656', paths: ['/data/out/mountain.png'], apply: true },
    effect: 'write',
    permission: 'track:write',
    http: { method: 'post', path: '/v1/civitai/posts/{civitai_post_id}/match' },
    paths: ['paths'],
    input: v.strictObject({
      civitai_post_id: idField('civitai_post_id', 'The number N in https://civitai.com/posts/N'),
      paths: v.optional(
        v.pipe(
          v.array(requiredTextField('Absolute local path or file:// URL')),
          v.minLength(1),
          v.maxLength(MAX_FILES),
          v.description('Local files to look for in the post; either these or asset_ids'),
        ),
      ),
      asset_ids: v.optional(
        v.pipe(
          v.array(idField('asset_ids', 'An asset_id')),
          v.minLength(1),
          v.maxLength(MAX_FILES),
          v.description('Recorded assets to look for in the post; either these or paths'),
        ),
      ),
      apply: v.optional(
        v.pipe(v.boolean(), v.description('Write civitai_id and civitai_url into the assets that match')),
        false,
      ),
    }),
    output: outputSchema,
    async run({ civitai_post_id, paths, asset_ids, apply }, call) {
      if ((paths === undefined) === (asset_ids === undefined)) {
        const expected = 'match_post_media needs either paths or asset_ids'
        throw new AppError('invalid_input', expected, { errors: [{ path: 'paths', expected }] })
      }
      const local = await findLocalMedia(deps, { paths, asset_ids }, call)
      const remote = await hashImages(deps, civitai_post_id, call)
      const { matches, ...rest } = pair(local, remote)
      return { matches: apply ? await applyMatches(deps, matches, call) : matches, ...rest }
    },
  })
}

interface HashedImages {
  /** SHA-256 -> image; where two images of a post have the same bytes the first stands for both. */
  readonly bySha256: ReadonlyMap<string, CivitaiImage>
  readonly failed: MatchResult['failed']
}

async function hashImages(
  { civitai, civitaiToken, media, log }: MatchDeps,
  postId: string,
  call: Call,
): Promise<HashedImages> {
  const token = await civitaiToken(call.actor)
  const bySha256 = new Map<string, CivitaiImage>()
  const failed: MatchResult['failed'] = []
  // Progress counts images, so the bytes of each are not reported.
  const quiet: Call = { ...call, progress: () => {} }
  let done = 0
  const options = { limit: PAGE_IMAGES, token, signal: call.signal, trace: traceOf(call) }
  for await (const page of civitai.postImagePages(postId, options)) {
    for (const image of page.images) {
      try {
        const { sha256sum } = await media.read(image.url, quiet, { field: 'asset_url' })
        if (!bySha256.has(sha256sum)) bySha256.set(sha256sum, image)
      } catch (error) {
        if (!isAppError(error) || error.code === 'cancelled') throw error
        log.info({ ...traceOf(call), err: error, imageId: image.id }, 'could not hash an image of a post')
        failed.push({
          civitai_image_id: image.id,
          civitai_url: toCivitaiLink('image', image.id),
          reason: error.message,
        })
      }
      done += 1
      call.progress({ done, unit: 'items', message: 'hashing the media of the post' })
    }
  }
  return { bySha256, failed }
}

function pair(local: readonly LocalMedia[], { bySha256, failed }: HashedImages) {
  const matches: Match[] = []
  const unmatched: LocalMedia[] = []
  const used = new Set<string>()
  for (const item of local) {
    const image = bySha256.get(item.sha256sum)
    if (image === undefined) {
      unmatched.push(item)
      continue
    }
    used.add(image.id)
    matches.push({
      ...item,
      civitai_image_id: image.id,
      civitai_url: toCivitaiLink('image', image.id),
      applied: false,
    })
  }
  const rest = [...bySha256.values()].filter(({ id }) => !used.has(id))
  const unmatched_images = rest.map(({ id }) => ({ civitai_image_id: id, civitai_url: toCivitaiLink('image', id) }))
  return { matches, unmatched, unmatched_images, failed }
}
