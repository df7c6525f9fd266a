import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from './project-files.ts'
import { satisfied } from './requires.ts'
import { tempDir } from './temp-dir.ts'

/** Mounts and namespaces of its own need root. */
export const canNest = (): boolean =>
  satisfied(
    process.getuid?.() === 0 && Bun.spawnSync(['unshare', '-mp', '--fork', 'true']).exitCode === 0,
    'root, who may make namespaces, does not run this',
  )

export interface Pod extends Disposable {
  /** Its files as they are seen from outside. */
  readonly root: string
  /** The first process of the pod; everything in it ends with it. */
  readonly pid: number
  /** Whether it has come to an end by itself. */
  ended(): boolean
}

export interface PodOptions {
  /** What the platform runs; the pod lives until {@link Pod} is disposed, also where this ends. */
  readonly line: string
  readonly env: Readonly<Record<string, string>>
  /** Files to put into it, by absolute path; executable. */
  readonly scripts?: Readonly<Record<string, string>>
}

/** The system's programs and libraries come from this machine, and nothing else does. */
const ENTER = `
set -e
root=$1; shift
for folder in usr bin lib lib64 etc dev; do
  [ -e "/$folder" ] || continue
  mkdir -p "$root/$folder"
  mount --rbind "/$folder" "$root/$folder"
done
mkdir -p "$root/proc" "$root/tmp"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
`

/** A container as the platforms make it: own files, own processes, /workspace with the executable on it. */
export function startPod({ line, env, scripts = {} }: PodOptions): Pod {
  const folder = tempDir()
  const root = folder.path
  mkdirSync(join(root, 'workspace'))
  copyFileSync(join(projectDir, 'dist/airkeep'), join(root, 'workspace/airkeep'))
  for (const [path, text] of Object.entries(scripts)) writeFileSync(join(root, path), text, { mode: 0o755 })
  const child = Bun.spawn(
    [
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', ENTER, 'sh', root],
      // What the line leaves in the background goes on, as in a container whose first process stays.
      ...['bash', '-c', 'bash -c "$1"; exec sleep infinity', 'bash', line],
    ],
    {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: '/root', ...env },
      cwd: '/',
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'inherit',
    },
  )
  return {
    root,
    pid: child.pid,
    ended: () => child.exitCode !== null,
    [Symbol.dispose]() {
      child.kill('SIGKILL')
      folder[Symbol.dispose]()
    },
  }
}
