import type { Mention } from '../../mention.ts'

/** VAEs for previews: each name stands for an encoder and a decoder in a folder of their own, and is no file's. */
const SMALL_VAES = new Set(['taesd', 'taesdxl', 'taesd3', 'taef1'])
const FOLDER = 'vae_approx'
/** The repository of who made them. */
const HOME = 'https://github.com/madebyollin/taesd/raw/main'

export const NO_SMALL_VAE_FILE = `It stands for an encoder and a decoder in models/${FOLDER}: no file is called so`

export const isSmallVae = (name: string): boolean => SMALL_VAES.has(name)

/** Both files of one: the loader offers it only where they are there. */
export const filesOfSmallVae = (name: string, place: string): Mention[] =>
  ['encoder', 'decoder'].map((part) => {
    const file = `${name}_${part}.pth`
    return {
      type: 'vae',
      name: file,
      folder: FOLDER,
      urls: [`${HOME}/${file}`],
      evidence: [place, `${place} (it stands for this file)`],
    }
  })
