import { stemKeyOf } from '../../../models/library/rows.ts'
import { type ExpectedFile, isLookable, isNamedByPage } from '../../expected-file.ts'
import { isTelling } from '../is-as-good.ts'
import type { KnownBy } from './known-files.ts'
import type { LookRequest } from './messages.ts'

/** Everything by which files of pages may be found, each once. */
export interface Wanted {
  /** One may have any name. */
  readonly isAnyName: boolean
  readonly look: Pick<LookRequest, 'names' | 'versions' | 'models'>
  readonly known: KnownBy
}

export function wantedOf(files: readonly ExpectedFile[]): Wanted {
  const names = new Set<string>()
  const versions = new Set<number>()
  const models = new Set<number>()
  const digests = new Set<string>()
  for (const { names: own, civitdl, source, sha256 } of files) {
    for (const name of own) names.add(name)
    const ids = civitdl ?? (source.kind === 'civitai' ? source : undefined)
    if (ids?.version_id !== undefined) versions.add(ids.version_id)
    else if (civitdl?.model_id !== undefined) models.add(civitdl.model_id)
    if (sha256 !== undefined) digests.add(sha256)
  }
  return {
    isAnyName: files.some((file) => isLookable(file) && !isNamedByPage(file)),
    look: { names: [...names], versions: [...versions], models: [...models] },
    known: {
      digests: [...digests],
      versions: [...versions],
      stems: [...new Set([...names].filter(isTelling).map(stemKeyOf))],
      paths: [],
    },
  }
}
