import manifest from '../../package.json' with { type: 'json' }

declare const AIRKEEP_VERSION: string | undefined

/** Of this executable: set when it is built, read from package.json when it runs from source. */
export const VERSION: string = typeof AIRKEEP_VERSION === 'undefined' ? manifest.version : AIRKEEP_VERSION
