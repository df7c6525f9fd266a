import { type FSWatcher, watch } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { isNetworkFilesystem } from '../../lib/files.ts'
import { codeOf, reasonOf } from '../scan/problems.ts'
import { createBurst } from './burst.ts'
import { changedFolders } from './changed-folders.ts'
import type { WatchMode, WatchTiming } from './messages.ts'

export interface RootWatch {
  /** Resolves when the root was tried for the first time. */
  readonly tried: Promise<void>
  close(): void
}

export interface RootWatchDeps {
  readonly timing: WatchTiming
  readonly onMode: (mode: WatchMode, reason: string | undefined) => void
  readonly onChanged: (folders: readonly string[]) => void
}

const NETWORK = 'it lies on a network filesystem, which does not tell what others change'

const LIMITS: Readonly<Record<string, string>> = {
  ENOSPC: 'it has more folders than the system lets this user watch (fs.inotify.max_user_watches)',
  EMFILE: 'the system lets this user watch no more (fs.inotify.max_user_instances)',
}

/** Watches one root, or looks at it at intervals where that is not possible. For a worker: starting to watch blocks. */
export function watchRoot(root: string, { timing, onMode, onChanged }: RootWatchDeps): RootWatch {
  let state: 'missing' | WatchMode = 'missing'
  let watcher: FSWatcher | undefined
  /** Device and inode of the folder as it was last seen: another one may take its place. */
  let identity: string | undefined
  let lastTold = ''
  let lastLook = Date.now()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let turn: Promise<void> = Promise.resolve()

  const burst = createBurst({
    timing,
    now: Date.now,
    later(run, ms) {
      const later = setTimeout(run, ms)
      return () => clearTimeout(later)
    },
    onEnd(paths) {
      const folders = changedFolders(root, paths)
      if (folders.length > 0 && !closed) onChanged(folders)
    },
  })

  function enter(next: typeof state, reason?: string): void {
    state = next
    const mode = next === 'watch' ? 'watch' : 'rescan'
    if (closed || lastTold === `${mode} ${reason}`) return
    lastTold = `${mode} ${reason}`
    onMode(mode, reason)
  }

  function lookAtAll(): void {
    lastLook = Date.now()
    burst.close()
    if (!closed) onChanged([root])
  }

  function stopWatcher(): void {
    watcher?.close()
    watcher = undefined
  }

  async function startWatcher(): Promise<void> {
    const path = await realpath(root)
    // Node's recursive watcher is silent about a limit that a plain one throws for.
    watch(path).close()
    if (closed) return
    const started = watch(path, { recursive: true })
    watcher = started
    started.on('change', (_kind, name) => {
      // Without a name (null, undefined or empty) it is the root itself that was moved or removed.
      const path = String(name ?? '')
      if (path === '') check()
      else burst.add(path)
    })
    started.on('error', (error) => {
      if (watcher !== started) return
      stopWatcher()
      enter('rescan', LIMITS[codeOf(error)] ?? reasonOf(error))
      lookAtAll()
      plan()
    })
  }

  async function arm(): Promise<void> {
    stopWatcher()
    try {
      identity = await identityOf(root)
      if (await isNetworkFilesystem(root)) return enter('rescan', NETWORK)
      await startWatcher()
      enter('watch')
    } catch (error) {
      const isLimit = codeOf(error) in LIMITS
      stopWatcher()
      if (!isLimit) identity = undefined
      enter(isLimit ? 'rescan' : 'missing', LIMITS[codeOf(error)] ?? reasonOf(error))
    }
  }

  async function tick(): Promise<void> {
    const now = await identityOf(root).catch(() => undefined)
    if (closed) return
    if (now !== identity) {
      await arm()
      return lookAtAll()
    }
    const quiet = Date.now() - lastLook
    if (state === 'rescan' && quiet >= timing.rescanMs) {
      // Whatever stood in the way may be gone.
      await arm()
      lookAtAll()
    } else if (state === 'watch' && quiet >= timing.safetyMs) lookAtAll()
  }

  function check(): void {
    turn = turn.then(tick).then(plan)
  }

  function plan(): void {
    clearTimeout(timer)
    const ms = state === 'rescan' ? Math.min(timing.rescanMs, timing.retryMs) : timing.retryMs
    if (!closed) timer = setTimeout(check, ms)
  }

  turn = arm().then(plan)
  return {
    tried: turn,
    close() {
      closed = true
      clearTimeout(timer)
      burst.close()
      stopWatcher()
    },
  }
}

async function identityOf(root: string): Promise<string> {
  const info = await stat(root, { bigint: true })
  if (!info.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
  return `${info.dev}:${info.ino}`
}
