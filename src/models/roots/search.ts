import { isAbsolute, join, resolve } from 'node:path'
import type { ModelType } from '../model-file.ts'
import type { Layout, ModelRoot } from '../root.ts'

/** A folder that somebody named, before it is known whether it exists and adds anything. */
export interface Candidate extends ModelRoot {
  /** The user named it: it stays even where it is missing, for a volume may not be mounted yet. */
  readonly named?: true
  /** Who says so, for a note where it does not exist; what a UI has by default may well be missing. */
  readonly from?: string
}

export interface UiHome {
  /** Absolute path. */
  readonly path: string
  readonly layout: Layout
}

/** What the readers of all UIs need to know and tell. */
export interface Search {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  /** Command line of ComfyUI and of A1111 or Forge, as text. */
  readonly comfyArgs: string
  readonly a1111Args: string
  /** One plain sentence; the same is told once. */
  note(text: string): void
}

/** Model folders of a UI: those that its settings name and the ones it has anyway. */
export type FindFolders = (home: string, search: Search) => Promise<readonly Candidate[]>

/** `path` as a program whose working directory is `base` takes it, `~` being the home directory. */
export function pathFrom(base: string, path: string, homeDir: string): string {
  const expanded = expandHome(path, homeDir)
  return isAbsolute(expanded) ? resolve(expanded) : resolve(base, expanded)
}

/** `~` and `~/…`; the homes of other users are not looked up. */
export const expandHome = (path: string, homeDir: string): string =>
  path === '~' || path.startsWith('~/') ? join(homeDir, path.slice(1)) : path

export const candidate = (path: string, layout: Layout, type?: ModelType, from?: string): Candidate => ({
  path,
  type,
  layout,
  ...(from === undefined ? {} : { from }),
})
