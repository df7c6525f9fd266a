import type { Log } from '../lib/log.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import { chooseFile, type FileChoice, type FileSought } from './choose-file.ts'
import { createHub, type FileAt, type HubCall, type RepoAt } from './hub.ts'
import { fetchRepo, type HuggingFaceRepo } from './repo.ts'
import type { HubRequestDeps } from './request.ts'
import { type HuggingFaceFile, resolveFile } from './resolve-file.ts'
import { fetchTree, type RepoFile } from './tree.ts'

/**
 * Hugging Face's public API, as much of it as finding and fetching models needs. All throw SourceRefused (login, terms,
 * disabled); AppError invalid_input (no name of a repository), not_found, rate_limited, upstream_unavailable, forbidden,
 * cancelled.
 */
export interface HuggingFace {
  /** Size, digest and present address of one file, in one request; none of its bytes are read. */
  getFile(where: FileAt, call: HubCall): Promise<HuggingFaceFile>
  getRepo(repo: string, call: HubCall): Promise<HuggingFaceRepo>
  listFiles(at: RepoAt, call: HubCall): Promise<readonly RepoFile[]>
  /** Which file of a repository is meant where no path is named. */
  findFile(at: RepoAt, sought: FileSought, call: HubCall): Promise<FileChoice>
}

export interface HuggingFaceDeps {
  readonly fetch: GuardedFetch
  readonly log: Log
  /** `https://huggingface.co` or a mirror of it. */
  readonly baseUrl: string
  /** Waits between attempts; the signal ends the wait. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

export function createHuggingFace({ fetch, log, baseUrl, sleep }: HuggingFaceDeps): HuggingFace {
  const deps: HubRequestDeps = { fetch, log, hub: createHub(baseUrl), ...(sleep === undefined ? {} : { sleep }) }
  return {
    getFile: (where, call) => resolveFile(where, call, deps),
    getRepo: (repo, call) => fetchRepo(repo, call, deps),
    listFiles: (at, call) => fetchTree(at, call, deps),
    findFile: async (at, sought, call) => chooseFile(await fetchTree(at, call, deps), sought),
  }
}
