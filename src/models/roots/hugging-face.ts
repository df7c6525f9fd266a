import { join } from 'node:path'
import { type Candidate, candidate, pathFrom, type Search } from './search.ts'

/** Where huggingface_hub keeps its files: `HF_HUB_CACHE`, its old name, `HF_HOME`, the user's cache folder. */
export function huggingFaceCache({ env, homeDir }: Pick<Search, 'env' | 'homeDir'>): Candidate {
  const given = (name: string): string | undefined => {
    const value = env[name]
    return value === undefined || value === '' ? undefined : pathFrom(homeDir, value, homeDir)
  }
  const home = given('HF_HOME') ?? join(given('XDG_CACHE_HOME') ?? join(homeDir, '.cache'), 'huggingface')
  return candidate(given('HF_HUB_CACHE') ?? given('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub'), 'huggingface')
}
