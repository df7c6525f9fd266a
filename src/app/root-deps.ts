import { homedir } from 'node:os'
import type { RootDeps } from '../models/roots/find.ts'
import type { GuardedFetch } from '../net/fetch.ts'

/** A ComfyUI with hundreds of nodes names a few hundred folders. */
const ANSWER_LIMIT = 4 * 2 ** 20

/** What the search for model folders takes from outside. The owner names the ComfyUI, so its address may be private. */
export function createRootDeps(fetch: GuardedFetch): RootDeps {
  return {
    env: process.env,
    homeDir: process.env['HOME'] ?? homedir(),
    signal: new AbortController().signal,
    async fetchComfyFolders(url, signal) {
      const { host } = new URL(url)
      const response = await fetch({ url, signal, hosts: [host], allowPrivate: [host], maxBytes: ANSWER_LIMIT })
      if (response.status === 200) return response.json()
      response.discard()
      throw new Error(`ComfyUI answered with status ${response.status}`)
    },
  }
}
