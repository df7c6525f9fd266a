import { SHORTEST_SAFETENSORS, safetensorsDataOffset } from '../hash/safetensors.ts'
import type { Claim } from './claim.ts'
import type { Part } from './part.ts'
import type { RangeFacts } from './range-answer.ts'
import type { ExpectedFile } from './request.ts'
import { SourceFault } from './source-fault.ts'
import type { Supply } from './supply.ts'

export interface SameFileDeps {
  readonly expected: ExpectedFile
  readonly part: Pick<Part, 'read' | 'validators' | 'written'>
  /** Each byte from one source, whatever could be proved in the end. */
  readonly unmixed: boolean
  /** There is but one connection. */
  alone(): boolean
}

/** Keeps bytes of different files apart: whatever stands beside each other is of one. */
export interface SameFile {
  /** A digest will tell in the end: bytes of several sources may stand in one file. */
  mixable(): boolean
  /** What the sources say, where the caller does not know it. */
  declaredSha256(): string | undefined
  /** What the source says when it is opened of the digest of its file. @throws SourceFault `different` */
  inspect(supply: Supply): void
  /**
   * Whether the bytes of an answer may stand beside those of earlier ones, and those of an earlier run.
   * @param total size of the file, where it is known
   * @throws SourceFault `changed`, `anew`, `single`, `dead`
   */
  compare(claim: Claim, facts: RangeFacts, total: number | undefined): Promise<void>
}

export function createSameFile({ expected, part, unmixed, alone }: SameFileDeps): SameFile {
  let declared: string | undefined
  /** Its answer is all that the file will be made of. */
  let only: Claim | undefined

  /** That of the tensors says nothing of what stands before them. */
  const proven = (): boolean => (expected.sha256 ?? declared) !== undefined
  const mixable = (): boolean => !unmixed && proven()

  /** No digest of all of it, so that nobody would notice. */
  function keepApart({ source }: Supply): void {
    const begun = part.written.bytes() > 0
    if (!begun && alone()) part.validators.clear()
    const known = [...part.validators.keys()]
    if ((begun && known.length === 0) || known.some((id) => id !== source.id)) {
      throw new SourceFault('changed', 'nothing tells that it still has the same file')
    }
  }

  /** Nothing ties this answer to any other. */
  async function compareSingle(claim: Claim, facts: RangeFacts, total: number | undefined): Promise<void> {
    if (part.written.bytes() > 0 && !(await onlyTensorsMissing())) {
      throw new SourceFault('anew', 'nothing tells that it still has the same file')
    }
    if (facts.whole || facts.end === total) only = claim
    else if (claim.end < (total ?? Number.POSITIVE_INFINITY))
      throw new SourceFault('single', 'it has to send all at once')
    else throw new SourceFault('dead', 'it sends the file in parts, and nothing tells that they belong together')
  }

  /** What comes before the tensors is of one answer, and their digest proves the rest. */
  async function onlyTensorsMissing(): Promise<boolean> {
    if (expected.tensorSha256 === undefined) return false
    const first = new Uint8Array(SHORTEST_SAFETENSORS)
    if (part.written.prefix() < first.length) return false
    await part.read(0, first)
    const tensors = safetensorsDataOffset(first, Number.POSITIVE_INFINITY)
    return tensors !== undefined && part.written.prefix() >= tensors
  }

  return {
    mixable,
    declaredSha256: () => declared,
    inspect({ source, opened }) {
      const said = opened()?.sha256?.toLowerCase()
      if (said === undefined) return
      // SwarmUI's digest is that of the tensors, whatever it calls it.
      const wanted = source.ranges === 'open_ended' ? expected.tensorSha256 : (expected.sha256 ?? declared)
      if (said !== (wanted ?? said)) throw new SourceFault('different', `it has another file (SHA-256 ${said})`)
      if (source.ranges === 'bounded') declared ??= said
    },
    async compare(claim, facts, total) {
      const { supply } = claim
      if (claim === only) return
      if (!mixable()) keepApart(supply)
      const version = supply.opened()?.version
      const now = version === undefined ? facts.validator : `version:${version}`
      const before = supply.validator ?? part.validators.get(supply.source.id)
      if (before !== undefined && before !== now) throw new SourceFault('changed', 'its file has changed meanwhile')
      supply.single = now === null && !proven()
      if (supply.single) await compareSingle(claim, facts, total)
      supply.validator = now
      part.validators.set(supply.source.id, now)
    },
  }
}
