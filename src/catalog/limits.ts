/** What one page may cost, besides its size (`MAX_PAGE_BYTES`). All of it is far beyond what people write. */

/** Characters of front matter: parsing YAML takes longer than in proportion. */
export const MAX_FRONT_MATTER = 32 * 1024
/** Characters of one block of commands. */
export const MAX_BLOCK = 64 * 1024
/** Blocks of commands of one page. */
export const MAX_BLOCKS = 200
/** Commands of one page, each round of a loop counted. */
export const MAX_COMMANDS = 1000
/** Files that one page may place. */
export const MAX_FILES = 1000
export const MAX_NOTES = 50
