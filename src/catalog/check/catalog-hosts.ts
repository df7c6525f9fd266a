import type { Actor } from '../../operation/permission.ts'
import type { CatalogHost } from '../detect/catalog-host.ts'
import type { LocalHost } from '../detect/local/local-host.ts'
import type { OpenNode } from '../detect/node-client.ts'
import { createNodeHost } from '../detect/node-host.ts'
import { createSshHost } from '../detect/ssh-host.ts'
import { demandReach } from '../ssh/may-reach.ts'
import type { SshLister } from '../ssh/ssh-lister.ts'
import type { HostChoice } from './host-choice.ts'

export interface CatalogHostsDeps {
  readonly localHost: LocalHost
  readonly lister: SshLister
  /** `AIRKEEP_SSH_HOSTS` */
  readonly sshHosts: readonly string[]
  readonly openNode: OpenNode
}

/** The hosts on which the files of a catalog may be looked for. */
export interface CatalogHosts {
  /**
   * The host that a caller names.
   * @throws AppError forbidden (a host or a key that this caller may not name)
   */
  choose(choice: HostChoice, actor: Actor): CatalogHost
  /** Accepts the key of a host. @throws AppError forbidden, conflict; SshFailure; the signal's reason */
  acceptKey(choice: HostChoice, accept: true | string, actor: Actor, signal: AbortSignal): Promise<void>
}

export function createCatalogHosts(deps: CatalogHostsDeps): CatalogHosts {
  const { localHost, lister, sshHosts, openNode } = deps
  return {
    choose(choice, actor) {
      const { ui_home: uiHome } = choice
      switch (choice.kind) {
        case 'local':
          return localHost.at(uiHome)
        case 'node':
          return createNodeHost({ open: openNode, name: choice.name, uiHome })
        case 'ssh':
          demandReach(actor, choice.target, sshHosts)
          return createSshHost({ lister, target: choice.target, uiHome })
      }
    },
    async acceptKey(choice, accept, actor, signal) {
      if (choice.kind !== 'ssh') return
      const fingerprint = accept === true || accept === 'true' ? undefined : accept
      await lister.acceptHostKey(choice.target, { actor, fingerprint, signal })
    },
  }
}
