import { isEmptyHash } from '../../hash/digest.ts'
import type { ServedRow } from './served-rows.ts'

type Copies = readonly ServedRow[]

/**
 * Files whose tensors are those of the copies, themselves among them, of all that are given: another header makes other
 * bytes of the same weights.
 */
export function createKin(all: Iterable<Copies>): (copies: Copies) => Copies {
  const byTensor = new Map<string, ServedRow[]>()
  for (const copies of all) {
    for (const row of copies) {
      if (!hasTensors(row)) continue
      const known = byTensor.get(row.tensorSha256)
      if (known === undefined) byTensor.set(row.tensorSha256, [row])
      else known.push(row)
    }
  }
  return (copies) => {
    const tensors = tensorsOf(copies)
    return tensors.length === 0 ? copies : [...copies, ...tensors.flatMap((tensor) => byTensor.get(tensor) ?? [])]
  }
}

/** Digests of the tensors of these files; files without any have nothing in common. */
export const tensorsOf = (copies: Copies): string[] => [
  ...new Set(copies.filter(hasTensors).map(({ tensorSha256 }) => tensorSha256)),
]

const hasTensors = (row: ServedRow): row is ServedRow & { readonly tensorSha256: string } =>
  row.tensorSha256 !== null && !isEmptyHash(row.tensorSha256)
