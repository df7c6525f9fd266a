import type { DownloadProgress, DownloadRequest } from './request.ts'

export interface Progress {
  /** What is told next. */
  set(change: Partial<DownloadProgress>): void
  stop(): void
}

const EVERY_MS = 100

/** Tells how far a download is: at once, then ten times a second while anything changes. */
export function startProgress(tell: DownloadRequest['onProgress'], refresh: () => Partial<DownloadProgress>): Progress {
  let told: string | undefined
  let state: DownloadProgress = {
    ...{ phase: 'opening', bytesDone: 0, bytesTotal: undefined, bytesPerSecond: 0, connections: 0 },
  }
  const report = (): void => {
    state = { ...state, ...refresh() }
    const text = JSON.stringify(state)
    if (text === told) return
    told = text
    tell?.(state)
  }
  if (tell === undefined) return { set() {}, stop() {} }
  report()
  const timer = setInterval(report, EVERY_MS)
  return {
    set(change) {
      state = { ...state, ...change }
    },
    stop: () => clearInterval(timer),
  }
}
