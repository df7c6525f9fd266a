/** How changes below a root are noticed: `rescan` looks at everything at intervals. */
export type WatchMode = 'watch' | 'rescan'

export interface WatchTiming {
  /** Changes are told when there were none for so long … */
  readonly quietMs: number
  /** … but so long after the first of them at the latest: a download writes for hours. */
  readonly longestMs: number
  /** Between looks at a root that is not watched. */
  readonly rescanMs: number
  /** Between looks for a root that is missing, and whether a watched one is still the same folder. */
  readonly retryMs: number
  /** Between looks at a watched root: events get lost, and links lead to where nothing is watched. */
  readonly safetyMs: number
}

export const WATCH_TIMING: WatchTiming = {
  quietMs: 1_000,
  longestMs: 10_000,
  rescanMs: 300_000,
  retryMs: 30_000,
  safetyMs: 3_600_000,
}

/** Given to the worker at its start. */
export interface WatchWorkerData {
  /** Absolute paths; messages name them by their place here. */
  readonly roots: readonly string[]
  readonly timing: WatchTiming
}

export type WatchMessage =
  /** Every root was tried: from now on no change is missed. */
  | { readonly kind: 'ready' }
  /** `reason`: why it is not watched. */
  | { readonly kind: 'mode'; readonly root: number; readonly mode: WatchMode; readonly reason: string | undefined }
  /** Absolute paths of folders in which, or anywhere below which, something has changed. */
  | { readonly kind: 'changed'; readonly root: number; readonly folders: readonly string[] }
