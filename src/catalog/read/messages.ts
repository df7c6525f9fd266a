import type { PageReport } from '../page-report.ts'

/** A page to read: a file by its real path, or its text. */
export type PageRequest =
  | { readonly file_path: string; readonly path: string }
  | { readonly file_path: string; readonly content: string }

export type PageCalls = {
  /** The answer is JSON, which costs less than the copy of objects between threads: {@link PageReport} of each. */
  readonly read: { readonly input: readonly PageRequest[]; readonly output: string }
}

export const fromAnswer = (answer: string): readonly PageReport[] => JSON.parse(answer) as readonly PageReport[]
