import { AppError } from '../errors.ts'
import { listsHost, parseAllowList } from '../net/allow-list.ts'
import { checkTarget, parseUrl } from '../net/target.ts'

/**
 * Whether a caller may have this server talk to the host of an address, told before there is a job.
 * @throws AppError forbidden, invalid_input
 */
export function checkNamedHost(field: string, url: string, hosts: 'any' | readonly string[]): void {
  const target = checkTarget(parseUrl(url))
  if (hosts === 'any' || listsHost(parseAllowList(hosts, 'AIRKEEP_ALLOW_NET'), target)) return
  throw new AppError('forbidden', `The host of ${field} is not among those that callers with a token may name`, {
    hint: 'The owner of this airkeep can list it in AIRKEEP_ALLOW_NET',
  })
}
