import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import { keepKeyFile, unreadable } from './key-file.ts'

/** Keeps secrets that must be read again in a database that others may copy: its key lies elsewhere. */
export interface Sealer {
  /**
   * @param place where it is kept (`nodes/box`): what was sealed for one place does not open at another
   * @returns `v1:<beginning of the key's digest>:<base64url>`
   * @throws AppError internal, disk_full: the key file
   */
  seal(secret: string, place: string): Promise<string>
  /** @throws AppError conflict: sealed with another key, for another place, or changed since; internal: the key file */
  open(sealed: string, place: string): Promise<string>
}

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** @param keyFile made at first use, mode 0600 */
export function createSealer({ keyFile }: { readonly keyFile: string }): Sealer {
  let key: Promise<Buffer> | undefined
  const keep = (): Promise<Buffer> => {
    key ??= keepKeyFile(keyFile, () => `${randomBytes(KEY_BYTES).toString('hex')}\n`)
      .then((text) => parseKey(text, keyFile))
      .catch((error: unknown) => {
        key = undefined
        throw error
      })
    return key
  }

  return {
    async seal(secret, place) {
      const secretKey = await keep()
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(CIPHER, secretKey, iv, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(place))
      const content = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return `v1:${nameOf(secretKey)}:${Buffer.concat([iv, cipher.getAuthTag(), content]).toString('base64url')}`
    },
    async open(sealed, place) {
      const secretKey = await keep()
      const [version, name, text, ...rest] = sealed.split(':')
      if (version !== 'v1' || text === undefined || rest.length > 0) {
        throw closed('it is not in a form that this version knows', 'Store the secret again')
      }
      if (name !== nameOf(secretKey)) {
        throw closed('it was sealed with another key', `Put the ${keyFile} of then back, or store the secret again`)
      }
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length < IV_BYTES + TAG_BYTES) throw changed()
      const decipher = createDecipheriv(CIPHER, secretKey, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
      } catch {
        throw changed()
      }
    },
  }
}

function parseKey(text: string, keyFile: string): Buffer {
  if (!/^[0-9a-f]{64}\n$/.test(text)) throw unreadable(keyFile)
  return Buffer.from(text.trim(), 'hex')
}

/** Tells keys apart without telling anything of them. */
const nameOf = (key: Buffer): string =>
  createHash('sha256').update('airkeep seal key\0').update(key).digest('hex').slice(0, 8)

const closed = (reason: string, hint: string): AppError =>
  new AppError('conflict', `Cannot open a sealed secret: ${reason}`, { hint })

const changed = (): AppError => closed('it was changed, or belongs elsewhere', 'Store the secret again')
