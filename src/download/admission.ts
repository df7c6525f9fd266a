import { SourceRefused } from '../net/file-source.ts'
import type { Claim } from './claim.ts'
import type { Part } from './part.ts'
import type { RangeFacts } from './range-answer.ts'
import type { DownloadRequest } from './request.ts'
import { createSameFile, type SameFile, type SameFileDeps } from './same-file.ts'
import { SourceFault } from './source-fault.ts'
import type { Supply } from './supply.ts'

export interface AdmissionDeps extends Pick<SameFileDeps, 'unmixed' | 'alone'> {
  readonly request: Pick<DownloadRequest, 'expected' | 'maxSizeBytes'>
  readonly part: Part
  /** Makes room on the disk. @throws SourceRefused `disk` */
  reserve(bytes: number): Promise<void>
}

/** Decides whether what a source has is the file that is being downloaded. */
export interface Admission extends Pick<SameFile, 'mixable' | 'declaredSha256'> {
  /** Of the file, as an answer of this run said; undefined before the first. */
  sizeBytes(): number | undefined
  /** What the source said when it was opened. @throws SourceFault `different` */
  inspect(supply: Supply): void
  /**
   * What one of its answers says; sets the end of the claim.
   * @throws SourceFault `changed`, `different`, `anew`, `single`; SourceRefused `size`, `disk`
   */
  admit(claim: Claim, facts: RangeFacts): Promise<void>
  /**
   * Room for a file of which nothing says how large it is, as far as it has come: reserved in steps.
   * @param bytes of the file, with those that are about to be written
   * @throws SourceRefused `size`, `disk`
   */
  grow(bytes: number): Promise<void>
  /** The download begins anew: the next answer decides. */
  restart(): void
}

/** Reserved at once of a file of unknown size; less where there is not so much. */
const STEP_BYTES = 16 * 2 ** 20

export function createAdmission({ request, part, unmixed, reserve, alone }: AdmissionDeps): Admission {
  const { expected, maxSizeBytes } = request
  const same = createSameFile({ expected, part, unmixed, alone })
  let size: number | undefined
  let reserving: Promise<void> = Promise.resolve()
  /** Of a file of unknown size: up to here there is room. */
  let granted = 0

  function compareSize(bytes: number): void {
    const wanted = expected.sizeBytes ?? size
    if (wanted !== undefined && bytes !== wanted) {
      throw new SourceFault('different', `it has a file of another size (${bytes} instead of ${wanted} bytes)`)
    }
  }

  function checkTotal({ source }: Supply, total: number): void {
    const before = size ?? part.sizeBytes
    const own = size === undefined || part.validators.has(source.id)
    if (expected.sizeBytes === undefined && before !== undefined && total !== before && own) {
      throw new SourceFault('changed', 'its file has another size now')
    }
    compareSize(total)
  }

  function checkSize(bytes: number): void {
    if (maxSizeBytes === undefined || bytes <= maxSizeBytes) return
    const message = `Refused to download the file: it is larger than the ${maxSizeBytes} bytes that are allowed`
    throw new SourceRefused('size', message, { hint: 'Allow larger files, or put this one there by hand' })
  }

  async function reserveUpTo(bytes: number): Promise<void> {
    await reserve(Math.max(0, bytes - part.written.bytes()))
    granted = bytes
  }

  return {
    sizeBytes: () => size,
    mixable: same.mixable,
    declaredSha256: same.declaredSha256,
    inspect(supply) {
      const declared = supply.opened()?.sizeBytes
      if (declared !== undefined) compareSize(declared)
      same.inspect(supply)
    },
    async grow(bytes) {
      checkSize(bytes)
      if (bytes > granted) await reserveUpTo(bytes + STEP_BYTES).catch(() => reserveUpTo(bytes))
    },
    async admit(claim, facts) {
      const { supply } = claim
      const total = facts.sizeBytes ?? supply.opened()?.sizeBytes ?? expected.sizeBytes
      if (total !== undefined) checkTotal(supply, total)
      await same.compare(claim, facts, total)
      if (total === undefined) {
        if (!facts.whole) throw new SourceFault('dead', 'it does not say how large the file is')
        claim.end = Number.POSITIVE_INFINITY
        return
      }
      if (facts.begin === 0 && facts.end === 0 && total > 0) throw new SourceFault('retry', 'it denies a part it has')
      checkSize(total)
      if (size === undefined) {
        size = total
        part.sizeBytes = total
        reserving = reserve(total - part.written.bytes())
      }
      await reserving
      // Others fetch the rest, if there are any.
      claim.end = Math.min(facts.whole && alone() ? total : claim.end, total)
    },
    restart() {
      size = undefined
      granted = 0
    },
  }
}
