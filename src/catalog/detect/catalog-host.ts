import type { Call } from '../../operation/operation.ts'
import type { PageReport } from '../page-report.ts'
import type { PageCheck } from './page-check.ts'

/** A page, and its text where another host is to read it itself. */
export interface PageToCheck {
  readonly report: PageReport
  /** Absolute path of the page here; undefined where the caller gave its text. */
  readonly page_path?: string | undefined
  readonly content?: string | undefined
}

export interface HostAnswer {
  /** Which host answered: its instance_id, or `root@ssh5.example.com:40123`. */
  readonly instance: string
  readonly ui_home: string | null
  /** Epoch milliseconds. */
  readonly checkedAt: number
  /** By file_path; every page has one. */
  readonly results: ReadonlyMap<string, PageCheck>
}

/** A host on which the files of pages are looked for: this one, another airkeep, or one that is reached by ssh. */
export interface CatalogHost {
  /** @throws AppError (SshFailure) where the host cannot be asked at all; the signal's reason */
  check(pages: readonly PageToCheck[], call: Pick<Call, 'actor' | 'signal' | 'progress'>): Promise<HostAnswer>
}
