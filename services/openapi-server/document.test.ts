import { describe, expect, test } from 'bun:test'
import { readDocument } from './document.ts'
import { documentText, withSchema } from './fixture.ts'

test('a document that refers only to itself is read as it is', () => {
  expect(readDocument(documentText())).toEqual({ document: JSON.parse(documentText()) })
})

test('what only looks like a reference is none: data, and a property of that name', () => {
  const schema = {
    type: 'object',
    properties: { $ref: { type: 'string' }, default: { type: 'string' } },
    examples: [{ $ref: 'http://elsewhere/' }],
    default: { $ref: '#/nowhere' },
  }
  expect(readDocument(documentText(withSchema(schema)))).toHaveProperty('document')
})

describe('what cannot be merged is said, all of it', () => {
  const broken: Readonly<Record<string, readonly [text: string, faults: readonly string[]]>> = {
    'no JSON': ['<html>', ['it is no JSON object']],
    'another JSON': ['[]', ['it is no JSON object']],
    'Swagger 2': [documentText({ openapi: '2.0' }), ['its version is "2.0", not 3.0 or 3.1']],
    'no title and a path without /': [
      documentText({ info: {}, paths: { a: {}, '/b': 1 } }),
      ['it has no info.title', 'the path "a" does not begin with /', 'the path "/b" is no object'],
    ],
    'a reference that leads nowhere': [
      documentText(withSchema({ $ref: '#/components/schemas/Other' })),
      ['the reference #/components/schemas/Other leads nowhere'],
    ],
    'a reference that would be fetched': [
      documentText(withSchema({ $ref: 'https://elsewhere/schema.json' })),
      ['the reference https://elsewhere/schema.json leads out of the document'],
    ],
    'a reference that renaming would lose': [
      documentText(withSchema({ $ref: '#/info/title' })),
      ['the reference #/info/title leads to neither components nor paths'],
    ],
    'a name that no reference can have': [
      documentText({ components: { schemas: { 'a b': {} } }, paths: {} }),
      ['components.schemas has the name "a b"'],
    ],
    'an operation id twice': [
      documentText({ paths: { '/a': { get: { operationId: 'x' }, put: { operationId: 'x' } } } }),
      ['two operations have the id x'],
    ],
  }
  for (const [what, [text, faults]] of Object.entries(broken))
    test(what, () => expect(readDocument(text)).toEqual({ faults }))
})
