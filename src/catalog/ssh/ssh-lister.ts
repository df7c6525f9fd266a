import type { Clock } from '../../lib/clock.ts'
import type { Actor } from '../../operation/permission.ts'
import { createHostKeys, type HostKeys } from './host-keys.ts'
import { type ListingLimits, type ListRequest, listOver } from './list-over.ts'
import { demandOwner, demandReach } from './may-reach.ts'
import type { RemoteListing } from './remote-listing.ts'
import { uiHomeValue } from './request-values.ts'
import { hostAlias } from './ssh-arguments.ts'
import { createSshConnector, type SshConnectDeps, type SshConnector, type SshLimits } from './ssh-connect.ts'
import { type HostKey, SshFailure } from './ssh-failure.ts'
import type { SshTarget } from './ssh-target.ts'

export type SshListerLimits = SshLimits & ListingLimits

const LIMITS: SshListerLimits = {
  connectSeconds: 15,
  totalMs: 2 * 3_600_000,
  maxBytes: 256 * 2 ** 20,
  maxFiles: 500_000,
  helloMs: 20_000,
  listSilenceMs: 90_000,
  hashSilenceMs: 1_000_000,
}

/** Where a host may say where its UI is, in this order, after its environment and before the usual places. */
const UI_HOME_FILES = ['/etc/environment', '~/.bashrc', '~/.bash_profile', '~/.profile']
const USUAL_HOMES = [
  '/workspace/ComfyUI',
  '/workspace/stable-diffusion-webui-forge',
  '/workspace/stable-diffusion-webui',
  '/workspace/SwarmUI',
]

export interface SshListerDeps extends Pick<SshConnectDeps, 'env' | 'program' | 'configFile'> {
  /** Holds `known_hosts`. */
  readonly dataDir: string
  readonly clock: Clock
  /** `AIRKEEP_SSH_HOSTS` */
  readonly sshHosts: readonly string[]
  readonly limits?: Partial<SshListerLimits>
  readonly uiHomeFiles?: readonly string[]
  readonly usualHomes?: readonly string[]
}

export interface ReachRequest extends ListRequest {
  readonly actor: Actor
}

export interface SshLister {
  /**
   * What lies in these folders, by one connection.
   * @throws SshFailure, never an empty listing instead; AppError forbidden, invalid_input; the signal's reason
   */
  list(request: ReachRequest): Promise<RemoteListing>
  /**
   * Accepts the key that a failed `list` showed (without one: the key that the host shows now).
   * @param fingerprint `SHA256:…`; needed where another key of the host was accepted before
   * @throws AppError forbidden (not the owner), conflict (another key); SshFailure; the signal's reason
   */
  acceptHostKey(
    target: SshTarget,
    options: { readonly actor: Actor; readonly fingerprint?: string | undefined; readonly signal: AbortSignal },
  ): Promise<HostKey>
}

export function createSshLister(deps: SshListerDeps): SshLister {
  const limits = { ...LIMITS, ...deps.limits }
  const hostKeys = createHostKeys(deps.dataDir)
  const { env, program, configFile, clock, uiHomeFiles = UI_HOME_FILES, usualHomes = USUAL_HOMES } = deps
  const connector = createSshConnector({ hostKeys, env, program, configFile, limits })
  return {
    async list(request) {
      demandReach(request.actor, request.target, deps.sshHosts)
      // What cannot be sent is refused before anybody is asked.
      uiHomeValue(request.uiHome)
      const run = await connector.connect(request.target, request.signal)
      try {
        return await listOver(run, request, { clock, uiHomeFiles, usualHomes, limits })
      } catch (error) {
        run.cut()
        throw await withHostKey(error, request, connector, hostKeys)
      } finally {
        await run.end()
      }
    },
    async acceptHostKey(target, { actor, fingerprint, signal }) {
      demandOwner(actor)
      const { type, fingerprint: accepted } = await hostKeys.accept(hostAlias(target), fingerprint, () =>
        connector.learnKey(target, signal),
      )
      return { type, fingerprint: accepted }
    },
  }
}

/** A failure for want of an accepted key, with the key; it is remembered, so that it and no other can be accepted. */
async function withHostKey(
  error: unknown,
  { target, signal }: ListRequest,
  connector: SshConnector,
  hostKeys: HostKeys,
): Promise<unknown> {
  if (!(error instanceof SshFailure)) return error
  if (error.status !== 'host_key_unknown' && error.status !== 'host_key_changed') return error
  try {
    const key = await connector.learnKey(target, signal)
    await hostKeys.remember(key)
    // ssh calls a key of another kind than the accepted one unknown.
    const other = error.status === 'host_key_changed' || (await hostKeys.accepted(key.alias)) !== ''
    const { type, fingerprint } = key
    return new SshFailure(other ? 'host_key_changed' : 'host_key_unknown', `${error.message}: ${type} ${fingerprint}`, {
      hint: error.hint,
      hostKey: { type, fingerprint },
    })
  } catch (cause) {
    // That it is not known stays true.
    return signal.aborted ? cause : error
  }
}
