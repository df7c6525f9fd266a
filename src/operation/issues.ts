import type * as v from 'valibot'
import type { FieldIssue } from '../errors.ts'

/**
 * valibot's issues as path and expectation. Its own messages echo the received value (bun: a token typed into the
 * wrong field would come back in an error), so only messages that a schema of ours set by hand are used as they are.
 */
export function toFieldIssues(issues: readonly v.BaseIssue<unknown>[]): FieldIssue[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).map((item) => String(item.key)).join('.')
    return { path, expected: isOwnMessage(issue) ? issue.message : describe(issue, path) }
  })
}

/** valibot's default texts all begin with `Invalid `; ours never do (a test holds that). */
const isOwnMessage = (issue: v.BaseIssue<unknown>): boolean => !issue.message.startsWith('Invalid ')

const WORDS: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  Object: 'an object',
  Array: 'a list',
  null: 'null',
}

function describe(issue: v.BaseIssue<unknown>, path: string): string {
  const subject = path === '' ? 'The input' : path
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') return `${subject} is not a field of this operation`
    if (issue.expected === 'Object') return `${subject} must be an object`
    return `${subject} is required`
  }
  const requirement: unknown = 'requirement' in issue ? issue.requirement : undefined
  switch (issue.type) {
    case 'picklist':
    case 'literal':
    case 'union':
    case 'variant':
      return `${subject} must be one of ${(issue.expected ?? '').replace(/[()"]/g, '').replaceAll(' | ', ', ')}`
    case 'integer':
      return `${subject} must be a whole number`
    case 'min_value':
      return `${subject} must be at least ${String(requirement)}`
    case 'max_value':
      return `${subject} must be at most ${String(requirement)}`
    case 'min_length':
      return `${subject} must have at least ${String(requirement)} characters or items`
    case 'max_length':
      return `${subject} must have at most ${String(requirement)} characters or items`
    case 'non_empty':
      return `${subject} must not be empty`
    default:
      return `${subject} must be ${(issue.expected ?? 'valid').split(' | ').map(word).join(' or ')}`
  }
}

const word = (expected: string): string => WORDS[expected.replace(/[()]/g, '')] ?? expected.replace(/[()"]/g, '')
