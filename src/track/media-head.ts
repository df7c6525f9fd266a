import { SNIFF_BYTES } from '../media/kind.ts'

/** Gathers the first SNIFF_BYTES, shows them once, as soon as they are there or nothing more comes. */
export function createHead(onHead: ((head: Uint8Array) => Promise<void>) | undefined): {
  take(chunk: Uint8Array): Promise<void>
  end(): Promise<void>
} {
  let parts: Uint8Array[] | undefined = onHead === undefined ? undefined : []
  let length = 0
  const show = async (): Promise<void> => {
    if (parts === undefined) return
    const head = Buffer.concat(parts).subarray(0, SNIFF_BYTES)
    parts = undefined
    await onHead?.(head)
  }
  return {
    async take(chunk) {
      if (parts === undefined) return
      parts.push(chunk)
      length += chunk.byteLength
      if (length >= SNIFF_BYTES) await show()
    },
    end: show,
  }
}
