import { constants } from 'node:fs'
import { open, readdir, realpath, stat } from 'node:fs/promises'

/** What is larger is no configuration of a UI. */
const CONFIG_LIMIT = 1024 * 1024

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/** Names in a folder; empty where it cannot be read. */
export async function namesIn(path: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(path))
  } catch {
    return new Set()
  }
}

/** The path itself where it leads nowhere. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    return path
  }
}

export type ConfigText = { readonly text: string } | { readonly fault: string }

/**
 * Text of a configuration file, undefined where there is none. Never waits for the writer of a FIFO, reads no device
 * and no more than 1 MiB.
 */
export async function readConfig(path: string): Promise<ConfigText | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const info = await file.stat()
      if (!info.isFile()) return { fault: 'it is not a regular file' }
      if (info.size > CONFIG_LIMIT) return { fault: 'it is larger than 1 MiB' }
      const bytes = Buffer.alloc(info.size)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      // UIs are configured by hand on other systems too: they read a byte order mark and so does this.
      return { text: bytes.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '') }
    } finally {
      await file.close()
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    return { fault: code === 'EACCES' ? 'permission denied' : `reading it failed (${code})` }
  }
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A sentence as it may reach a terminal: on one line and not endless, whatever the paths in it. */
export function printable(sentence: string): string {
  const plain = sentence.replaceAll(/[\p{Cc}\u2028\u2029]/gu, escaped)
  return plain.length > 600 ? `${plain.slice(0, 600)}…` : plain
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
