import { answerCalls } from '../../lib/answer-calls.ts'
import { classify } from '../classify.ts'
import { readPage, readPageBytes } from '../page.ts'
import { type PageReport, toPageReport, unreadablePage } from '../page-report.ts'
import type { PageCalls, PageRequest } from './messages.ts'
import { readPageFile } from './read-page-file.ts'

/** Entry point of the threads that read pages: files and parsers hold up nobody but themselves. */
answerCalls<PageCalls>('Reading pages of a catalog', {
  read: (pages) => JSON.stringify(pages.map(reportOn)),
})

function reportOn(page: PageRequest): PageReport {
  try {
    if ('content' in page) return toPageReport(page.file_path, classify(readPage(page.content)))
    const read = readPageFile(page.path)
    if ('fault' in read) return unreadablePage(page.file_path, read.fault)
    return toPageReport(page.file_path, classify(readPageBytes(read.bytes)))
  } catch {
    // One page must not take the others along.
    return unreadablePage(page.file_path, 'It cannot be read: its text breaks the parsers')
  }
}
