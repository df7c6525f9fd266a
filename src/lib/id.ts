import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'

/** `prefix_` and 20 characters of [0-9a-z] (about 103 bits): job, batch and request ids. */
export function createId(prefix: string): string {
  let text = ''
  while (text.length < 20) {
    for (const byte of randomBytes(32)) {
      // 252 is the largest multiple of 36 in a byte: above it the letters would not be equally likely.
      if (byte < 252 && text.length < 20) text += ALPHABET[byte % 36]
    }
  }
  return `${prefix}_${text}`
}

/** A bearer token or local secret: 32 random bytes, base64url. */
export const createSecret = (): string => randomBytes(32).toString('base64url')
