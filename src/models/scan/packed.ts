import type { StoredFile } from './walked-file.ts'

/** Rows as they travel between threads: one text and one array of numbers instead of thousands of objects. */
export interface PackedFiles {
  /** Paths with a NUL between them: no path holds one. */
  readonly paths: string
  /** Four for each: size, modified, changed, place. */
  readonly numbers: Float64Array
}

export const NUMBERS = 4

export function packFiles(files: readonly StoredFile[]): PackedFiles {
  const numbers = new Float64Array(files.length * NUMBERS)
  let at = 0
  for (const { sizeBytes, modifiedUs, changedUs, place } of files) {
    numbers[at] = sizeBytes
    numbers[at + 1] = modifiedUs
    numbers[at + 2] = changedUs
    numbers[at + 3] = place
    at += NUMBERS
  }
  return { paths: packPaths(files.map(({ path }) => path)), numbers }
}

export const packPaths = (paths: readonly string[]): string => paths.join('\0')

export const unpackPaths = (packed: string): string[] => (packed === '' ? [] : packed.split('\0'))
