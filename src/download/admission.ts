import { SourceRefused } from '../net/file-source.ts'
import type { Part } from './part.ts'
import type { Claim } from './plan.ts'
import type { RangeFacts } from './range-answer.ts'
import type { DownloadRequest } from './request.ts'
import { SourceFault } from './source-fault.ts'
import type { Supply } from './supply.ts'

export interface AdmissionDeps {
  readonly request: Pick<DownloadRequest, 'expected' | 'maxSizeBytes'>
  readonly part: Part
  /** Each byte from one source, whatever could be proved in the end. */
  readonly unmixed: boolean
  /** Makes room on the disk. @throws SourceRefused `disk` */
  reserve(bytes: number): Promise<void>
  /** There is but one connection. */
  alone(): boolean
}

/** Decides whether what a source has is the file that is being downloaded. */
export interface Admission {
  /** Of the file, as an answer of this run said; undefined before the first. */
  sizeBytes(): number | undefined
  /** A digest will tell in the end: bytes of several sources may stand in one file. */
  mixable(): boolean
  /** What the sources say, where the caller does not know it. */
  declaredSha256(): string | undefined
  /** What the source said when it was opened. @throws SourceFault `different` */
  inspect(supply: Supply): void
  /**
   * What one of its answers says; sets the end of the claim.
   * @throws SourceFault `changed`, `different`; SourceRefused `size`, `disk`
   */
  admit(claim: Claim, facts: RangeFacts): Promise<void>
  /** @throws SourceRefused `size` */
  checkSize(bytes: number): void
  /** The download begins anew: the next answer decides. */
  restart(): void
}

export function createAdmission({ request, part, unmixed, reserve, alone }: AdmissionDeps): Admission {
  const { expected, maxSizeBytes } = request
  let size: number | undefined
  let reserving: Promise<void> = Promise.resolve()
  let declared: string | undefined

  function inspect({ source, opened }: Supply): void {
    const said = opened()
    // SwarmUI's digest is that of the tensors, whatever it calls it.
    const wanted = source.ranges === 'open_ended' ? expected.tensorSha256 : expected.sha256
    if (said?.sha256 !== undefined && wanted !== undefined && said.sha256.toLowerCase() !== wanted) {
      throw new SourceFault('different', `it has another file (SHA-256 ${said.sha256.toLowerCase()})`)
    }
    if (said?.sizeBytes !== undefined) compareSize(said.sizeBytes)
    const digest = source.ranges === 'bounded' ? said?.sha256?.toLowerCase() : undefined
    if (digest === undefined) return
    declared ??= digest
    if (digest !== declared) throw new SourceFault('different', `it has another file (SHA-256 ${digest})`)
  }

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

  const mixable = (): boolean => !unmixed && (expected.sha256 ?? expected.tensorSha256 ?? declared) !== undefined

  /** Bytes of an earlier answer, or of an earlier run, and of this one have to be of one file. */
  function compareValidator(supply: Supply, facts: RangeFacts): void {
    const version = supply.opened()?.version
    const now = version === undefined ? facts.validator : `version:${version}`
    const noted = part.validators.get(supply.source.id)
    const before = supply.validator ?? noted
    const later = supply.validator !== undefined
    if (!later && part.written.bytes() > 0 && !mixable() && (noted === undefined || now === null)) {
      throw new SourceFault('changed', 'nothing tells that it still has the same file')
    }
    if (before !== undefined && before !== now) throw new SourceFault('changed', 'its file has changed meanwhile')
    supply.validator = now
    part.validators.set(supply.source.id, now)
  }

  return {
    sizeBytes: () => size,
    mixable,
    declaredSha256: () => declared,
    inspect,
    checkSize,
    async admit(claim, facts) {
      const { supply } = claim
      const total = facts.sizeBytes ?? supply.opened()?.sizeBytes ?? expected.sizeBytes
      if (total !== undefined) checkTotal(supply, total)
      compareValidator(supply, facts)
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
    },
  }
}
