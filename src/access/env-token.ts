import { readFile } from 'node:fs/promises'
import { AppError } from '../errors.ts'

export interface EnvTokenSettings {
  /** `AIRKEEP_TOKEN` */
  readonly token: string
  /** `AIRKEEP_TOKEN_FILE` */
  readonly token_file: string
}

/**
 * The admin token that was set from outside, undefined where none was. The file is read at every call, so that a
 * secret which its keeper replaces is taken up without a restart.
 * @throws AppError invalid_input for a file that cannot be read or is empty: without its token the server would
 * take every local request for the owner's
 */
export function createEnvToken(settings: EnvTokenSettings): () => Promise<string | undefined> {
  return async () => {
    if (settings.token !== '') return settings.token
    if (settings.token_file === '') return undefined
    const text = await readFile(settings.token_file, 'utf8').catch((cause: unknown) => {
      throw new AppError('invalid_input', `Could not read the token file ${settings.token_file}`, {
        hint: 'AIRKEEP_TOKEN_FILE must name a readable file that holds the token',
        cause,
      })
    })
    const token = text.trim()
    if (token === '') throw new AppError('invalid_input', `The token file ${settings.token_file} is empty`)
    return token
  }
}
