import { AppError } from '../../errors.ts'
import { listsHost, parseAllowList } from '../../net/allow-list.ts'
import type { Actor } from '../../operation/permission.ts'
import type { SshTarget } from './ssh-target.ts'

const SETTING = 'AIRKEEP_SSH_HOSTS'
const SSH_PORT = 22

/**
 * The local owner reaches any host; a caller with a token those that the configuration names, with the keys that this
 * machine has for them.
 * @param sshHosts of the setting: hosts, host:port, *.domain, addresses, CIDRs
 * @throws AppError forbidden; invalid_input (an entry of the setting cannot be read)
 */
export function demandReach(actor: Actor, target: SshTarget, sshHosts: readonly string[]): void {
  if (actor.kind === 'owner') return
  if (target.identity !== undefined) {
    throw new AppError('forbidden', 'Only the owner of this machine may name a key file', {
      hint: 'Leave out -i: the keys of this machine are tried',
    })
  }
  if (mayReach(actor, target, sshHosts)) return
  throw new AppError('forbidden', 'This host may not be reached by ssh from here', {
    hint: `The owner lists hosts for callers with a token in ${SETTING}`,
  })
}

/** Whether host and port are open to the caller; see {@link demandReach}. */
export function mayReach(actor: Actor, { host, port }: SshTarget, sshHosts: readonly string[]): boolean {
  if (actor.kind === 'owner') return true
  const hostname = host.toLowerCase().replace(/\.$/, '')
  return listsHost(parseAllowList(sshHosts, SETTING), { hostname, port: port ?? SSH_PORT })
}

/** @throws AppError forbidden */
export function demandOwner(actor: Actor): void {
  if (actor.kind === 'owner') return
  throw new AppError('forbidden', 'Only the owner of this machine accepts the key of a host', {
    hint: 'Ask the owner to look at the host once and to accept its key',
  })
}
