import { expect, test } from 'bun:test'
import { type Declared, parseDeclaration } from './shape.ts'

test.each([
  { name: 'a"b', fields: {} },
  { name: '', fields: {} },
  { name: 'a', fields: { 'x y': 'text' } },
  { name: 'a', fields: { __proto_: 'blob' } },
  { name: 'a', fields: { rev: 'integer' } },
  { name: 'a', fields: { at: 'integer', AT: 'integer' } },
  { name: 'a', fields: { at: 'integer' }, unique: [['state']] },
  { name: 'a', fields: { at: 'integer' }, indexes: [[]] },
])(
  'a declaration whose names are no identifiers, or that indexes what it does not declare, is refused: %j',
  (declaration) => {
    expect(() => parseDeclaration(declaration as unknown as Declared)).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'bad-declaration' }),
    )
  },
)
