import type { Container } from './container.ts'
import { readIsoMedia } from './iso-media.ts'
import { createTextCollector } from './text-collector.ts'

const SIGNATURE_BOX = Buffer.from('0000000c4a584c200d0a870a', 'hex')

/** JPEG XL: boxes as in films, or a bare codestream, which has no place for texts. */
export const jxl: Container = {
  name: 'jxl',
  matches: (head) => isBoxed(head) || isBare(head),
  read: (source, limits) =>
    isBare(source.read(0, 2))
      ? createTextCollector(limits).content()
      : readIsoMedia('jxl', ['jxlc', 'jxlp'], source, limits),
}

const isBoxed = (head: Uint8Array): boolean => SIGNATURE_BOX.equals(head.subarray(0, SIGNATURE_BOX.length))

const isBare = (head: Uint8Array): boolean => head[0] === 0xff && head[1] === 0x0a
