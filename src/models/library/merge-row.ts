import { isEmptyHash } from '../../hash/digest.ts'
import { MARKED_PARTIAL } from '../inspect/inspection.ts'
import type { WalkedFile } from '../scan/walked-file.ts'
import { type ModelRow, NOTHING_READ, stemKeyOf } from './rows.ts'

/** Digests that stand on the volume itself, written by an earlier host. */
export interface VolumeDigests {
  readonly sizeBytes: number
  readonly modifiedUs: number
  readonly sha256: string
  readonly tensorSha256?: string | undefined
  readonly autoV1?: string | undefined
  readonly blake3?: string | undefined
  readonly crc32?: string | undefined
  readonly sample?: string | undefined
}

export interface KnownBefore {
  /** The row of this path, also one that was gone. */
  readonly before?: ModelRow | undefined
  /** The row of a file that was at another path and is not there any more. */
  readonly moved?: ModelRow | undefined
  readonly volume?: VolumeDigests | undefined
}

export interface MergeContext {
  readonly instanceId: string
  readonly now: number
}

/**
 * What is known of a file after a walk. What was read of it holds as long as size and modification time do; a changed
 * ctime, another place and another name only have its header and a sample of its bytes read again.
 */
export function mergeRow(found: WalkedFile, known: KnownBefore, { instanceId, now }: MergeContext): ModelRow {
  const same = isSame(found, known.before) ? known.before : isSame(found, known.moved) ? known.moved : undefined
  const place = {
    instanceId,
    path: found.path,
    root: found.root,
    relative: found.relative,
    name: found.name,
    stemKey: stemKeyOf(found.name),
    type: found.type,
    aliases: [...found.aliases],
    sizeBytes: found.sizeBytes,
    modifiedUs: found.modifiedUs,
    changedUs: found.changedUs,
    device: found.device,
    inode: found.inode,
    place: found.place,
    updatedAt: now,
    goneAt: null,
  }
  const state = found.partial ? ('partial' as const) : ('ok' as const)
  const fault = found.partial ? MARKED_PARTIAL : null
  if (same !== undefined) {
    const isAsRead = same.changedUs === found.changedUs && same.place === found.place
    // One that could not be read may only have been away: its volume was, or its host.
    const untouched = isAsRead && !found.partial && same.state !== 'unreadable'
    return {
      ...same,
      ...place,
      ...(found.partial || same.state === 'partial' ? { state, fault } : {}),
      inspectedAt: untouched ? same.inspectedAt : null,
    }
  }
  return {
    ...place,
    ...NOTHING_READ,
    ...digestsFrom(found, known.volume, now),
    state,
    fault,
    inspectedAt: null,
    claims: {},
    claimedTensor: null,
    outputNameKey: null,
    baseModel: null,
    license: null,
    civitaiModelId: null,
    civitaiVersionId: null,
    civitai: null,
    foundAt: known.before?.foundAt ?? now,
    lastUsedAt: known.before?.lastUsedAt ?? null,
  }
}

type Content = Pick<WalkedFile, 'sizeBytes' | 'modifiedUs'>

/** Whether what was read of one file holds for the other, wherever they are. */
export const isSame = (found: Content, known: Content | undefined): boolean =>
  known !== undefined && known.sizeBytes === found.sizeBytes && known.modifiedUs === found.modifiedUs

/** Digests that need no reading: those of the volume's own file, or the name of a blob. */
function digestsFrom(found: WalkedFile, volume: VolumeDigests | undefined, now: number): Partial<ModelRow> {
  if (found.partial) return {}
  // Without a sample nothing would ever notice that they are another file's.
  if (volume?.sample !== undefined && isSame(volume, found)) {
    return {
      sha256: volume.sha256,
      tensorSha256: volume.tensorSha256 ?? null,
      autoV1: volume.autoV1 ?? null,
      blake3: volume.blake3 ?? null,
      crc32: volume.crc32 ?? null,
      sample: volume.sample,
      digestSource: 'volume',
      hashedAt: now,
    }
  }
  // The tensor digest is not in the name: the file is hashed all the same, when its turn comes.
  if (found.namedSha256 === undefined || isEmptyHash(found.namedSha256)) return {}
  return { sha256: found.namedSha256, digestSource: 'blob_name' }
}
