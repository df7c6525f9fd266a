import type { Operation } from '../operation/operation.ts'
import { createAuditList } from './audit.ts'
import { createAssetChanges } from './change-asset.ts'
import { createCivitaiAssetQuery } from './civitai-assets.ts'
import { createAssetCreation } from './create-asset.ts'
import type { TrackDeps } from './deps.ts'
import { createAssetQueries } from './find-assets.ts'
import { createHashOperations } from './hash.ts'
import { createMediaInspector } from './inspect-media.ts'
import { createPostList } from './list-posts.ts'
import { createMatchOperation } from './match.ts'
import { createMediaReader } from './media-source.ts'
import { createPostOperations } from './posts.ts'
import { createPromptOperations } from './prompts.ts'
import { createStatsOperations } from './stats.ts'

/** Every operation of tracking but the guides. Does no I/O. */
export function createTrackOperations(deps: TrackDeps): readonly Operation[] {
  const media = createMediaReader(deps)
  const inspect = createMediaInspector({ ...deps, media })
  return [
    ...createHashOperations({ media }),
    ...createPromptOperations(deps),
    createAssetCreation({ ...deps, inspect }),
    ...createAssetChanges({ ...deps, inspect }),
    ...createAssetQueries(deps),
    ...createPostOperations(deps),
    createPostList(deps),
    createCivitaiAssetQuery(deps),
    createMatchOperation({ ...deps, media }),
    ...createStatsOperations(deps),
    createAuditList(deps),
  ]
}
