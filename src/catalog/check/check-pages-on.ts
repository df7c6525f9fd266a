import { type AppError, isAppError } from '../../errors.ts'
import { type Clock, toIso } from '../../lib/clock.ts'
import type { Call } from '../../operation/operation.ts'
import type { CatalogHost, HostAnswer, PageToCheck } from '../detect/catalog-host.ts'
import { NodeFailure } from '../detect/node-failure.ts'
import { SshFailure } from '../ssh/ssh-failure.ts'
import { describeTarget } from '../ssh/ssh-target.ts'
import { type CheckAnswer, countChecks, toResults } from './check-answer.ts'
import type { HostChoice } from './host-choice.ts'
import { demandUiHome, NoUiHome } from './no-ui-home.ts'
import { unlooked } from './unlooked.ts'

/** What a check of some pages gave. */
export interface CheckedPages {
  readonly host: HostAnswer
  /** Why the host could not be looked at: nothing is known then of any file. */
  readonly failure?: AppError | undefined
}

/**
 * Looks for the files of pages on a host. A host that cannot be looked at is an answer too: unknown, with its reason.
 * @throws AppError of what the caller may not ask; the signal's reason
 */
export async function checkPagesOn(
  host: CatalogHost,
  choice: HostChoice,
  pages: readonly PageToCheck[],
  call: Pick<Call, 'actor' | 'signal' | 'progress'> & { readonly clock: Clock },
): Promise<CheckedPages> {
  try {
    const answer = await host.check(pages, call)
    return { host: choice.kind === 'local' ? demandUiHome(answer, pages) : answer }
  } catch (error) {
    call.signal.throwIfAborted()
    if (!isOfHost(error)) throw error
    const unasked = unaskedHost(choice, call.clock, pages, error.message)
    const { instance } = error instanceof NoUiHome ? error : unasked
    return { host: { ...unasked, instance }, failure: error }
  }
}

/** The answer for a host that nobody asked. */
export function unaskedHost(
  choice: HostChoice,
  clock: Clock,
  pages: readonly PageToCheck[],
  reason = 'Nobody looked',
): HostAnswer {
  const results = new Map(pages.map(({ report }) => [report.file_path, unlooked(report, reason)]))
  return { instance: nameOf(choice), ui_home: choice.ui_home ?? null, checkedAt: clock.now(), results }
}

const isOfHost = (error: unknown): error is AppError =>
  error instanceof NoUiHome ||
  error instanceof SshFailure ||
  error instanceof NodeFailure ||
  (isAppError(error) && (error.code === 'upstream_unavailable' || error.code === 'rate_limited'))

function nameOf(choice: HostChoice): string {
  switch (choice.kind) {
    case 'local':
      return 'this host'
    case 'node':
      return choice.name
    case 'ssh':
      return describeTarget(choice.target)
  }
}

export function toCheckAnswer({ host, failure }: CheckedPages, notes: readonly string[]): CheckAnswer {
  return {
    success: failure === undefined,
    instance: host.instance,
    ui_home: host.ui_home,
    checked_at: toIso(host.checkedAt),
    results: toResults(host.results),
    summary: countChecks(host.results.values()),
    notes: [...notes],
    ...(failure === undefined ? {} : toFailure(failure)),
  }
}

function toFailure(failure: AppError): Partial<CheckAnswer> {
  const { message, hint } = failure
  const ofHost = failure instanceof SshFailure || failure instanceof NodeFailure || failure instanceof NoUiHome
  const status = ofHost ? failure.status : failure.code
  const key = failure instanceof SshFailure ? failure.hostKey : undefined
  return {
    reason: message,
    error_code: failure.code,
    ...(hint === undefined ? {} : { hint }),
    host_status: status,
    ...(key === undefined ? {} : { host_key: { type: key.type, fingerprint: key.fingerprint } }),
  }
}
