import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSshLister, type SshLister, type SshListerDeps } from '../../src/catalog/ssh/ssh-lister.ts'
import type { SshTarget } from '../../src/catalog/ssh/ssh-target.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { SshServer } from './ssh-server.ts'

/** A lister that reads no configuration of this machine's user and looks for no home of a UI by itself. */
export const testLister = (dataDir: string, deps: Partial<SshListerDeps> = {}): SshLister =>
  createSshLister({
    dataDir,
    clock: systemClock,
    sshHosts: [],
    env: process.env,
    configFile: 'none',
    uiHomeFiles: [],
    usualHomes: [],
    ...deps,
  })

export const targetOf = ({ port, user, key }: SshServer): SshTarget => ({
  host: '127.0.0.1',
  port,
  user,
  identity: key,
})

/** A lister that knows the server's key. */
export function acquaintedLister(dataDir: string, server: SshServer, deps: Partial<SshListerDeps> = {}): SshLister {
  writeFileSync(join(dataDir, 'known_hosts'), `[127.0.0.1]:${server.port} ${server.publicKey}\n`)
  return testLister(dataDir, deps)
}

/**
 * A program in the place of ssh that runs the remote command right here, by this shell: for what happens on the far
 * side of a connection, without one.
 * @param shell beginning of a command line that ends with the command
 */
export function noSsh(folder: string, shell: string): string {
  const path = join(folder, 'no-ssh')
  writeFileSync(
    path,
    `#!/bin/sh\nif [ "$1" = -V ]; then echo OpenSSH_9.9 >&2; exit; fi\nfor last; do :; done\nexec ${shell} "$last"\n`,
  )
  chmodSync(path, 0o755)
  return path
}
