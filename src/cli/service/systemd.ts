import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { AppError } from '../../errors.ts'
import type { Outside } from '../outside.ts'

export type Scope = 'system' | 'user'

export const UNIT = 'airkeep.service'

/** Where systemd looks for what is installed by hand. */
export interface ServiceFiles {
  readonly unit: string
  /** Settings and secrets, for their owner alone. */
  readonly environment: string
}

export function serviceFiles(scope: Scope, env: Outside['env']): ServiceFiles {
  if (scope === 'system') return { unit: `/etc/systemd/system/${UNIT}`, environment: '/etc/airkeep/airkeep.env' }
  const { XDG_CONFIG_HOME: xdg, HOME: home } = env
  const folder = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home ?? homedir(), '.config')
  return { unit: join(folder, 'systemd/user', UNIT), environment: join(folder, 'airkeep/airkeep.env') }
}

/**
 * Whether this process may manage services of that scope.
 * @throws AppError invalid_input (systemd does not run here), forbidden (not root)
 */
export async function demandSystemd(scope: Scope): Promise<void> {
  // sd_booted(3): the one test that means that systemd is what started this machine.
  const running = await stat('/run/systemd/system').then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!running) {
    throw new AppError('invalid_input', 'There is no systemd on this machine to start airkeep with', {
      hint: 'In a container or pod put airkeep serve into its start command (the README has the lines); --print shows the unit',
    })
  }
  if (scope === 'system' && process.getuid?.() !== 0) {
    throw new AppError('forbidden', 'A service of the machine is installed by root', {
      hint: 'Run it with sudo, or add --user for a service of your own',
    })
  }
}

/** Runs systemctl, without a shell. @throws AppError internal with what it said; the signal's reason */
export async function systemctl(
  scope: Scope,
  args: readonly string[],
  { env, signal }: { readonly env: Outside['env']; readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted()
  const all = [...(scope === 'user' ? ['--user'] : []), '--no-ask-password', ...args]
  const { code, said } = await new Promise<{ code: number; said: string }>((resolve, reject) => {
    const child = spawn('systemctl', all, { env: { ...env }, stdio: ['ignore', 'ignore', 'pipe'], signal })
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += String(chunk)
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, said }))
  }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new AppError('internal', 'Could not run systemctl', { cause })
  })
  if (code === 0) return
  const reason = said.trim().split('\n').at(-1) ?? ''
  throw new AppError(
    'internal',
    `systemctl ${args.join(' ')} ended with ${code}${reason === '' ? '' : `: ${reason}`}`,
    {
      hint:
        scope === 'user'
          ? 'A user service needs a login session: log in as that user, or loginctl enable-linger first'
          : `systemctl status ${UNIT} and journalctl -u airkeep tell more`,
    },
  )
}
