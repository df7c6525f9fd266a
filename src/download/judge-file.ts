import { AppError } from '../errors.ts'
import { parseSha256, type Sha256 } from '../hash/digest.ts'
import { checkModelFile } from './content-check.ts'
import type { FileHash } from './prefix-hash.ts'
import type { ExpectedFile } from './request.ts'

/** What of a file is not as it has to be. */
export interface Mismatch {
  readonly what: 'size' | 'SHA-256' | 'SHA-256 of the tensors'
  readonly wanted: string
  readonly found: string
}

/** Undefined: it is what was expected, as far as anything was. */
export function compareFile(expected: ExpectedFile, found: FileHash, sizeBytes: number): Mismatch | undefined {
  const { sha256, tensorSha256 } = expected
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== sizeBytes) {
    return { what: 'size', wanted: String(expected.sizeBytes), found: String(sizeBytes) }
  }
  if (sha256 !== undefined && sha256 !== found.sha256) {
    return { what: 'SHA-256', wanted: sha256, found: found.sha256 }
  }
  if (tensorSha256 !== undefined && tensorSha256 !== found.tensorSha256) {
    return { what: 'SHA-256 of the tensors', wanted: tensorSha256, found: found.tensorSha256 ?? 'none' }
  }
  return undefined
}

/** What the sources say counts where the caller knows no digest of all of it. */
export function withDeclared(expected: ExpectedFile, declared: string | undefined): ExpectedFile {
  const sha256: Sha256 | undefined = declared === undefined ? undefined : parseSha256(declared)
  return expected.sha256 !== undefined || sha256 === undefined ? expected : { ...expected, sha256 }
}

export const isProven = (expected: ExpectedFile): boolean => (expected.sha256 ?? expected.tensorSha256) !== undefined

/**
 * Looks at what no digest proves: the header, where only the tensors have one, or nothing has.
 * @throws AppError checksum_mismatch, upstream_unavailable: as checkModelFile
 */
export async function checkUnproven(
  expected: ExpectedFile,
  file: { readonly path: string; readonly sizeBytes: number; readonly name: string },
): Promise<void> {
  if (expected.sha256 === undefined) await checkModelFile(file.path, file.sizeBytes, file.name)
}

export const mismatchError = ({ what, wanted, found }: Mismatch): AppError =>
  new AppError(
    'checksum_mismatch',
    `The downloaded file is another one: its ${what} is ${found} instead of ${wanted}`,
    {
      hint: 'The source may have replaced or damaged it; what came is kept in .airkeep-quarantine beside the target',
    },
  )
