import { fromJson, type JsonObject } from '../../lib/json.ts'
import { boundText, createRoom } from './bounded.ts'
import type { Content } from './content.ts'
import { headerClaims } from './header-claims.ts'
import type { InspectRequest } from './inspection.ts'
import { huggingFaceClaim } from './path-claims.ts'
import { type Sidecar, sidecarClaim } from './sidecars/sidecar.ts'
import { trainedTags } from './trained-tags.ts'

/** Together with the names around them less than 64 KiB. */
const MAX_HEADER_BYTES = 32 * 1024
const MAX_OTHER_BYTES = 30 * 1024
/** Of all sidecars, so that the parts behind them find room. */
const MAX_SIDECAR_BYTES = 24 * 1024

/**
 * What the file, what lies beside it and its path say: `header` (as written), `header_unread` (why there is none),
 * `trained_tags`, `sidecars`, `huggingface`, `git_lfs`.
 */
export function collectClaims(
  { listedPath, path }: InspectRequest,
  content: Content | undefined,
  sidecars: readonly Sidecar[],
): JsonObject {
  const claims: JsonObject = {}
  const header = headerClaims(content?.metadata ?? {}, createRoom(MAX_HEADER_BYTES))
  if (header !== undefined) claims.header = header
  if (content?.unread !== undefined) claims.header_unread = content.unread
  const room = createRoom(MAX_OTHER_BYTES)
  const listed = sidecarClaims(sidecars)
  if (listed.length > 0) room.put(claims, 'sidecars', listed)
  const place = huggingFaceClaim(listedPath, path)
  if (place !== undefined) room.put(claims, 'huggingface', fromJson(boundedPlace(place)))
  const pointer = content?.pointer
  if (pointer !== undefined) {
    room.put(claims, 'git_lfs', { sha256: pointer.sha256, size_bytes: pointer.sizeBytes })
  }
  const tags = trainedTags(content?.metadata.ss_tag_frequency)
  if (tags.length > 0) room.put(claims, 'trained_tags', tags)
  return claims
}

function sidecarClaims(sidecars: readonly Sidecar[]): JsonObject[] {
  const room = createRoom(MAX_SIDECAR_BYTES)
  return sidecars.map(sidecarClaim).filter((claim) => room.take(claim))
}

const boundedPlace = (place: object): object =>
  Object.fromEntries(Object.entries(place).map(([key, value]) => [key, boundText(String(value))]))
