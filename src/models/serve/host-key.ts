import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { keepKeyFile, unreadable } from '../../lib/key-file.ts'

/** The Ed25519 key by which other hosts know this one. */
export interface HostKey {
  /** Base64 of the 32 raw bytes. @throws AppError internal, disk_full: the key file */
  publicKey(): Promise<string>
  /** Base64 of the 64 bytes. Off the event loop. @throws AppError internal, disk_full: the key file */
  sign(bytes: Uint8Array): Promise<string>
}

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: string
}

/** @param file `<data>/node-key`: PKCS#8 PEM, mode 0600, made at first use and never replaced */
export function createHostKey({ file }: { readonly file: string }): HostKey {
  let pair: Promise<Pair> | undefined
  const load = (): Promise<Pair> => {
    pair ??= keepKeyFile(file, makePem)
      .then((pem) => toPair(pem, file))
      .catch((error: unknown) => {
        pair = undefined
        throw error
      })
    return pair
  }
  return {
    publicKey: async () => (await load()).publicKey,
    async sign(bytes) {
      const { privateKey } = await load()
      return new Promise((resolve, reject) => {
        sign(null, bytes, privateKey, (error, signature) => {
          if (error === null) resolve(signature.toString('base64'))
          else reject(error)
        })
      })
    },
  }
}

const makePem = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function toPair(pem: string, file: string): Pair {
  try {
    const privateKey = createPrivateKey(pem)
    const { crv, x } = createPublicKey(privateKey).export({ format: 'jwk' })
    if (crv !== 'Ed25519' || x === undefined) throw new TypeError('another kind of key')
    return { privateKey, publicKey: Buffer.from(x, 'base64url').toString('base64') }
  } catch (error) {
    throw unreadable(file, error)
  }
}
